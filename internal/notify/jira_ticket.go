package notify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// view is an issue as far as it is known, and whether that comes from the issue itself or from the search, which lags.
type view struct {
	issue
	there, fresh bool
}

// view finds the issue of a ticket. Where the search and the ledger disagree, the issue itself is asked.
func (r *run) view(ctx context.Context, key string) (view, error) {
	e := r.ledger.entries[key]
	i, listed := r.found[digest(r.wanted.Set, key)]
	switch {
	case !listed && e.Issue == "":
		return view{}, nil
	case e.Issue == "" || listed && e.Issue == i.key && i.done == e.Closed && i.labelled(contentPrefix) == e.Content:
		return view{issue: i, there: true}, nil
	case e.Issue != "":
		i.key = e.Issue
	}
	return r.fresh(ctx, key, i.key)
}

// fresh reads the issue itself. One that someone deleted is as if it had never been.
func (r *run) fresh(ctx context.Context, key, id string) (view, error) {
	i, err := r.j.site.get(ctx, id)
	r.watch(ctx, err)
	if isCode(err, http.StatusNotFound) {
		e := r.ledger.entries[key]
		if listed, ok := r.found[digest(r.wanted.Set, key)]; ok && listed.key != id {
			e.Issue = ""
			if err := r.note(e); err != nil {
				return view{}, err
			}
			return r.fresh(ctx, key, listed.key)
		}
		delete(r.found, digest(r.wanted.Set, key))
		return view{}, r.note(entry{Key: key, Tries: e.Tries})
	}
	if err != nil {
		return view{}, err
	}
	return view{issue: i, there: true, fresh: true}, nil
}

// open sees to it that a ticket is open and says what it is to say.
func (r *run) open(ctx context.Context, t Ticket) {
	want := r.j.draft(r.wanted.Set, t, screen{})
	v, err := r.see(ctx, t.Key, func(v view) bool { return v.done || !says(v, want) })
	result := Result{Key: t.Key, ID: v.key, URL: r.url(v.key)}
	switch {
	case err != nil:
		r.fail(result, err)
	case !v.there && r.isBulk(t):
		r.create(ctx, t)
	case !v.there && r.attempts >= r.most:
		r.deferred = append(r.deferred, t)
		r.done(result, Deferred)
	case !v.there:
		r.attempts++
		r.create(ctx, t)
	case v.done:
		r.reopen(ctx, t, v, want)
	case says(v, want):
		r.keep(ctx, result, v)
	default:
		r.done(result, Updated, func() error { return r.update(ctx, t, v) })
	}
}

// see is view, and the issue itself where something is to be done about it.
func (r *run) see(ctx context.Context, key string, act func(view) bool) (view, error) {
	if r.stopped != nil {
		return view{}, r.stopped
	}
	v, err := r.view(ctx, key)
	if err == nil && v.there && !v.fresh && act(v) {
		return r.fresh(ctx, key, v.key)
	}
	return v, err
}

// says reports whether an issue has what a draft wants: the labels, the content's digest among them.
func says(v view, want draft) bool {
	return !slices.ContainsFunc(want.labels, func(label string) bool { return !slices.Contains(v.labels, label) })
}

// keep leaves an issue as it is, but for a comment that is owed.
func (r *run) keep(ctx context.Context, result Result, v view) {
	result.Outcome = Unchanged
	if !r.wanted.DryRun {
		e := r.ledger.entries[result.Key]
		e.Key, e.Issue, e.Closed, e.Content, e.Intent = result.Key, v.key, v.done, v.labelled(contentPrefix), time.Time{}
		if err := r.note(e); err != nil {
			r.fail(result, err)
			return
		}
		if err := r.payComment(ctx, result.Key, v.issue); err != nil {
			result.Error = err.Error()
		}
	}
	r.report.add(result)
}

// done carries out what was decided, or plans it.
func (r *run) done(result Result, outcome Outcome, steps ...func() error) {
	if r.wanted.DryRun {
		result.Outcome, result.Planned = WouldDo, outcome
		r.report.add(result)
		return
	}
	for _, step := range steps {
		if err := step(); err != nil {
			var owed *owedError
			if !errors.As(err, &owed) {
				r.fail(result, err)
				return
			}
			result.Error = err.Error()
		}
	}
	result.Outcome = outcome
	r.report.add(result)
}

func (r *run) fail(result Result, err error) {
	result.Outcome, result.Error = Failed, err.Error()
	r.report.add(result)
}

func (r *run) url(key string) string {
	if key == "" {
		return ""
	}
	return r.j.browse(key)
}

// create makes an issue. That it is about to is written down first; a reply that is lost is looked for at the end of the run.
func (r *run) create(ctx context.Context, t Ticket) {
	if r.wanted.DryRun {
		r.done(Result{Key: t.Key}, Created)
		return
	}
	id, err := r.sendCreate(ctx, t)
	switch {
	case err == nil:
		r.report.add(Result{Key: t.Key, ID: id, URL: r.url(id), Outcome: Created})
	case mayHaveHappened(err) && r.broken == nil:
		r.lost = append(r.lost, pending{t, err})
	default:
		r.fail(Result{Key: t.Key}, err)
	}
}

func (r *run) sendCreate(ctx context.Context, t Ticket) (string, error) {
	d, err := r.draft(ctx, t)
	if err != nil {
		return "", err
	}
	before := r.ledger.entries[t.Key]
	e := entry{Key: t.Key, Intent: time.Now().UTC(), Tries: before.Tries + 1}
	if err := r.note(e); err != nil {
		return "", err
	}
	id, err := r.j.site.create(ctx, d)
	var refused *jiraError
	if errors.As(err, &refused) && refused.Code == http.StatusBadRequest && d.assignee != "" && !refused.Fields["assignee"].IsZero() {
		d.assignee = "" // the person may not have tickets in this project; the ticket matters more
		id, err = r.j.site.create(ctx, d)
	}
	r.watch(ctx, err)
	switch {
	case err == nil && id == "":
		return "", &jiraError{What: "create issue", Code: http.StatusOK, cause: errors.New("no key in the answer")}
	case err == nil:
		e.Issue, e.Intent, e.Tries, e.Content = id, time.Time{}, 0, strings.TrimPrefix(d.labels[2], contentPrefix)
		return id, r.note(e)
	case !mayHaveHappened(err):
		return "", errors.Join(err, r.note(entry{Key: t.Key, Tries: before.Tries}))
	}
	return "", err
}

// draft asks, once in a run, what the create screen takes, and who a ticket's assignee is.
func (r *run) draft(ctx context.Context, t Ticket) (draft, error) {
	if r.screen == nil {
		s, err := r.j.screen(ctx)
		if err != nil {
			r.watch(ctx, err)
			return draft{}, err
		}
		r.screen = &s
	}
	if r.screen.missing != nil {
		return draft{}, r.screen.missing
	}
	d := r.j.draft(r.wanted.Set, t, *r.screen)
	if t.Assignee != "" && r.screen.has["assignee"] {
		d.assignee = r.account(ctx, t.Assignee)
	}
	return d, nil
}

func (r *run) account(ctx context.Context, email string) string {
	email = strings.ToLower(untrusted.New(email).Show(untrusted.Long))
	if known, ok := r.accounts[email]; ok {
		return known
	}
	id, err := r.j.site.account(ctx, email)
	if err != nil {
		r.j.log.Warn("a ticket's assignee could not be looked up; the ticket is left open to anybody", "error", err.Error())
	}
	r.accounts[email] = id
	return id
}

func (r *run) update(ctx context.Context, t Ticket, v view) error {
	d, err := r.draft(ctx, Ticket{Key: t.Key, Title: t.Title, Lines: t.Lines, Rows: t.Rows, Due: t.Due, Labels: t.Labels, Urgent: t.Urgent})
	if err != nil {
		return err
	}
	var drop []string
	for _, label := range v.labels {
		stale := strings.HasPrefix(label, contentPrefix) || label == "urgent"
		if stale && !slices.Contains(d.labels, label) {
			drop = append(drop, label)
		}
	}
	err = r.j.site.update(ctx, v.key, d, drop)
	r.watch(ctx, err)
	if err != nil {
		return err
	}
	e := r.ledger.entries[t.Key]
	e.Key, e.Issue, e.Intent, e.Closed, e.Content = t.Key, v.key, time.Time{}, v.done, strings.TrimPrefix(d.labels[2], contentPrefix)
	return r.note(e)
}
