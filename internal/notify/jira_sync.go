package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/internal/wait"
)

// Report is what became of the tickets that were wanted. The counts are of tickets; in a dry run, of what would be done.
type Report struct {
	Results   []Result `json:"results"`
	Created   int      `json:"created"`
	Updated   int      `json:"updated"`
	Unchanged int      `json:"unchanged"`
	Closed    int      `json:"closed"`
	Reopened  int      `json:"reopened"`
	Deferred  int      `json:"deferred"` // beyond the cap; they are rows of the bulk ticket, when one is wanted
	Failed    int      `json:"failed"`
	Filter    string   `json:"filter"` // address of Jira's list of the open tickets of the set
}

func (r *Report) add(result Result) {
	r.Results = append(r.Results, result)
	outcome := result.Outcome
	if outcome == WouldDo {
		outcome = result.Planned
	}
	switch outcome {
	case Created:
		r.Created++
	case Updated:
		r.Updated++
	case Unchanged:
		r.Unchanged++
	case Closed:
		r.Closed++
	case Reopened:
		r.Reopened++
	case Deferred:
		r.Deferred++
	case Failed:
		r.Failed++
	}
}

// Sync brings Jira to what is wanted. The error is about the whole: what is wanted contradicts itself, the ledger cannot be written, or
// Jira could not be asked what is there, and then nothing was done. What failed for one ticket is in its result, the rest goes
// on, and the next sync repairs it.
func (j *Jira) Sync(ctx context.Context, wanted Wanted) (report Report, err error) {
	if err := checkWanted(wanted); err != nil {
		return Report{}, err
	}
	r := &run{j: j, wanted: wanted, most: wanted.MaxNew, accounts: map[string]string{}}
	r.report.Filter = j.Filter(wanted.Set)
	if r.most == 0 {
		r.most = defaultMaxNew
	}
	if err := r.openLedger(ctx); err != nil {
		return r.report, err
	}
	defer func() { err = errors.Join(err, r.ledger.close()) }()
	settled := r.settled()
	if err := r.look(ctx); err != nil {
		return r.report, err
	}
	if err := r.probe(ctx); err != nil {
		return r.report, err
	}
	if err := r.recover(ctx, r.unsettled()); err != nil {
		return r.report, err
	}
	for _, t := range wanted.Open {
		r.open(ctx, t)
	}
	for _, key := range slices.Sorted(mapKeys(settled)) {
		r.settle(ctx, key, settled[key])
	}
	r.bulk(ctx)
	r.finishLost(ctx)
	return r.report, r.broken
}

// settled is every key whose ticket may be closed, with the reason.
func (r *run) settled() map[string]string {
	settled := maps.Clone(r.wanted.Settled)
	if r.wanted.SettledToo == nil {
		return settled
	}
	if settled == nil {
		settled = map[string]string{}
	}
	open := map[string]bool{}
	for _, t := range r.wanted.Open {
		open[t.Key] = true
	}
	for key, e := range r.ledger.entries {
		if _, have := settled[key]; have || e.Closed || e.Issue == "" || open[key] {
			continue
		}
		if why, ok := r.wanted.SettledToo(key); ok {
			settled[key] = why
		}
	}
	return settled
}

func checkWanted(d Wanted) error {
	if !setName.matches(d.Set) {
		return fmt.Errorf("sync tickets: %q cannot name a set; use letters, digits, - and _, at most 100", untrusted.New(d.Set))
	}
	seen := map[string]bool{}
	tickets := d.Open
	if d.Bulk != nil {
		tickets = append(slices.Clip(tickets), *d.Bulk)
	}
	for _, t := range tickets {
		if !ticketKey.matches(t.Key) {
			return fmt.Errorf("sync tickets: %q cannot be a ticket's key; use letters, digits, - and _, at most 200", untrusted.New(t.Key))
		}
		if seen[t.Key] {
			return fmt.Errorf("sync tickets: two tickets have the key %s", t.Key)
		}
		seen[t.Key] = true
	}
	for key := range d.Settled {
		if !ticketKey.matches(key) {
			return fmt.Errorf("sync tickets: %q cannot be a ticket's key; use letters, digits, - and _, at most 200", untrusted.New(key))
		}
		if seen[key] {
			return fmt.Errorf("sync tickets: %s is both open and settled", key)
		}
	}
	if d.MaxNew < 0 {
		return errors.New("sync tickets: the cap on new tickets is negative")
	}
	return nil
}

// run is one sync.
type run struct {
	j        *Jira
	wanted   Wanted
	most     int
	report   Report
	ledger   *ledger
	found    map[string]issue // by key label's digest, as the search shows them
	screen   *screen
	accounts map[string]string

	attempts int      // creates that were sent or planned
	deferred []Ticket // beyond the cap
	lost     []pending
	silent   int   // writes in a row that Jira did not answer
	stopped  error // why nothing more is sent in this run
	broken   error // the ledger cannot be written
}

// pending is a ticket whose create got no answer.
type pending struct {
	ticket Ticket
	cause  error
}

func (r *run) openLedger(ctx context.Context) (err error) {
	name := ledgerName(r.j.o.BaseURL, r.j.o.Project, r.wanted.Set)
	if r.wanted.DryRun {
		r.ledger, err = readLedger(r.j.o.Dir, name)
	} else {
		r.ledger, err = openLedger(ctx, r.j.o.Dir, name)
	}
	return err
}

// look asks once for all issues of the set. Several issues may carry one key: someone cloned one, or a create that was
// thought lost came through after all. The ledger's holds, else the oldest.
func (r *run) look(ctx context.Context) error {
	r.found = map[string]issue{}
	const most = 500
	jql := fmt.Sprintf("labels = %q ORDER BY created ASC", r.wanted.Set)
	prefix := keyPrefix(r.wanted.Set)
	mine := map[string]bool{}
	for _, e := range r.ledger.entries {
		mine[e.Issue] = true
	}
	for page, from := 0, ""; ; page++ {
		list, next, err := r.j.site.search(ctx, jql, from)
		if err != nil {
			return err
		}
		for _, i := range list {
			key := i.labelled(prefix)
			if key == "" {
				continue
			}
			if have, twice := r.found[key]; !twice || mine[i.key] && !mine[have.key] {
				r.found[key] = i
			}
			if have := r.found[key]; have.key != i.key {
				r.j.log.Warn("two issues carry the label of one ticket", "kept", have.key, "other", i.key)
			}
		}
		if next == "" {
			return nil
		}
		if page == most {
			return fmt.Errorf("search issues: the set %s has more than %d; use another set", r.wanted.Set, most*searchPage)
		}
		from = next
	}
}

// probe refuses to go on when Jira shows nothing of what earlier runs have made: an account that has lost the right to see
// the project would else create everything again.
func (r *run) probe(ctx context.Context) error {
	const few = 3
	gone := 0
	for _, key := range slices.Sorted(mapKeys(r.ledger.entries)) {
		if len(r.found) > 0 || gone == few {
			break
		}
		e := r.ledger.entries[key]
		if e.Issue == "" {
			continue
		}
		if _, err := r.j.site.get(ctx, e.Issue); !isCode(err, http.StatusNotFound) {
			return err
		}
		gone++
	}
	if gone == few {
		return fmt.Errorf("search issues: Jira shows none of the issues that earlier runs made in %s: "+
			"give the account Browse Projects again; if they were deleted on purpose, remove the file %s.jsonl from the directory of ledgers",
			r.j.o.Project, ledgerName(r.j.o.BaseURL, r.j.o.Project, r.wanted.Set))
	}
	return nil
}

// unsettled are tickets whose create went out in an earlier run that did not see the answer.
func (r *run) unsettled() []string {
	var keys []string
	for _, key := range slices.Sorted(mapKeys(r.ledger.entries)) {
		if e := r.ledger.entries[key]; e.Issue == "" && !e.Intent.IsZero() {
			keys = append(keys, key)
		}
	}
	return keys
}

// recover looks for issues whose create was lost, until they are found or Jira's search must have shown them. An entry whose
// issue was not found has no intent afterwards: its ticket may be created again.
func (r *run) recover(ctx context.Context, keys []string) error {
	for pause := time.Second; len(keys) > 0; pause = min(2*pause, 20*time.Second) {
		if err := r.searchFor(ctx, keys); err != nil {
			return err
		}
		var left []string
		for _, key := range keys {
			e := r.ledger.entries[key]
			i, here := r.found[digest(r.wanted.Set, key)]
			switch {
			case here:
				e.Issue, e.Intent, e.Closed, e.Content = i.key, time.Time{}, i.done, i.labelled(contentPrefix)
			case time.Since(e.Intent) >= r.j.o.IndexLag:
				e.Intent = time.Time{}
			default:
				left = append(left, key)
				continue
			}
			if err := r.note(e); err != nil {
				return err
			}
		}
		if keys = left; len(keys) == 0 || r.wanted.DryRun {
			return nil
		}
		if err := wait.For(ctx, pause); err != nil {
			return fmt.Errorf("look for issues whose creation got no answer: %w", err)
		}
	}
	return nil
}

// searchFor asks for the issues of certain keys.
func (r *run) searchFor(ctx context.Context, keys []string) error {
	for chunk := range slices.Chunk(keys, 40) {
		jql := ""
		for _, key := range chunk {
			if jql != "" {
				jql += ", "
			}
			jql += fmt.Sprintf("%q", keyLabel(r.wanted.Set, key))
		}
		for from, page := "", 0; page == 0 || from != "" && page < 20; page++ {
			list, next, err := r.j.site.search(ctx, "labels in ("+jql+") ORDER BY created ASC", from)
			if err != nil {
				return err
			}
			for _, i := range list {
				key := i.labelled(keyPrefix(r.wanted.Set))
				if _, have := r.found[key]; key != "" && !have {
					r.found[key] = i
				}
			}
			from = next
		}
	}
	return nil
}

// note writes to the ledger; when that fails nothing more may be sent.
func (r *run) note(e entry) error {
	if r.wanted.DryRun {
		r.ledger.entries[e.Key] = e
		return nil
	}
	if err := r.ledger.note(e); err != nil {
		r.broken, r.stopped = err, err
		return err
	}
	return nil
}

// watch counts what Jira leaves unanswered, and stops the run when it is down or refuses the credential: every further ticket
// would fail the same way.
func (r *run) watch(ctx context.Context, err error) {
	switch {
	case r.stopped != nil:
	case ctx.Err() != nil:
		r.stopped = fmt.Errorf("not sent, for the run was stopped: %w", ctx.Err())
	case err == nil:
		r.silent = 0
	case isCode(err, http.StatusUnauthorized), isCode(err, http.StatusTooManyRequests):
		r.stopped = err
	case mayHaveHappened(err):
		if r.silent++; r.silent >= 3 {
			r.stopped = fmt.Errorf("not sent, for Jira did not answer three times in a row: run again later; last: %w", err)
		}
	}
}
