package batch

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// How a run ended.
const (
	EndedComplete = "complete" // every operation ended well, now or before
	EndedPartly   = "partly"   // everything was attempted, something failed or stayed unknown
	EndedStopped  = "stopped"  // it ended before its last operation; Stop says why
)

// Summary is what a run leaves behind, in summary.json beside its journal.
type Summary struct {
	PlanID       string             `json:"plan_id"`
	Stage        plan.Stage         `json:"stage"`
	File         string             `json:"file,omitempty"`
	AppID        string             `json:"app_id"`
	Ended        string             `json:"ended"`
	Stop         *Stop              `json:"stop,omitempty"`
	Rows         map[plan.State]int `json:"rows,omitempty"`
	TotalRows    int                `json:"total_rows"`
	Operations   map[Outcome]int    `json:"operations"`
	Created      map[plan.Kind]int  `json:"created"`
	ValuesMade   int                `json:"values_created"`
	UsersGranted int                `json:"users_granted"`
	Elapsed      float64            `json:"elapsed_seconds"`
	Finished     time.Time          `json:"finished"`
	Errors       []RowError         `json:"errors,omitempty"`   // the first few; report.csv has all
	Report       string             `json:"report,omitempty"`   // path of report.csv
	ReadBack     time.Time          `json:"read_back,omitzero"` // CUSTOM grants made until then were read back
	Doubled      []Doubled          `json:"doubled,omitempty"`  // the first few
	DoubledTotal int                `json:"doubled_users,omitempty"`
	DoubledSeen  int                `json:"doubled_looked_at,omitempty"` // users whose grants were looked at for that
	JournalBytes int64              `json:"journal_bytes"`               // length of the journal summed up here; a shorter one was cut
}

// RowError is one operation that did not end well.
type RowError struct {
	Line   int        `json:"line,omitempty"`
	UserID string     `json:"user_id,omitempty"`
	State  plan.State `json:"state"`
	Code   string     `json:"code,omitempty"`
	Error  string     `json:"error,omitempty"`
}

const shownErrors = 10

// conclude sums the run up and writes report.csv and summary.json.
func (r *run) conclude() (*Summary, error) {
	dir := r.engine.Dir(r.plan.ID)
	r.live.Enter("finishing")
	s := r.summarise()
	if info, err := os.Stat(filepath.Join(dir, "journal.jsonl")); err == nil {
		s.JournalBytes = info.Size()
	}
	if len(r.plan.Rows) > 0 {
		if err := durable.WriteFile(dir, "report.csv", 0o600, r.writeReport); err != nil {
			return nil, fmt.Errorf("write report.csv: %w", err)
		}
		s.Report = filepath.Join(dir, "report.csv")
	}
	err := durable.WriteFile(dir, "summary.json", 0o600, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	})
	if err != nil {
		return nil, fmt.Errorf("write summary.json: %w", err)
	}
	return s, nil
}

func (r *run) summarise() *Summary {
	p := r.plan
	s := &Summary{
		PlanID:     p.ID,
		Stage:      p.Stage,
		File:       p.File,
		AppID:      p.App.ID,
		Stop:       r.stop,
		TotalRows:  len(p.Rows),
		Rows:       map[plan.State]int{},
		Operations: map[Outcome]int{},
		Created:    map[plan.Kind]int{},
		Finished:   time.Now().UTC(),
		Elapsed:    r.live.Progress().Elapsed.Seconds(),
	}
	for i := range p.Ops {
		op, outcome := &p.Ops[i], r.ending(i).Outcome
		s.Operations[outcome]++
		if outcome != Created {
			continue
		}
		s.Created[op.Kind]++
		if k := r.engine.kindOf(op); k.sum != nil {
			k.sum(s, op)
		}
	}
	for i := range p.Rows {
		state := r.rowState(&p.Rows[i])
		s.Rows[state]++
		if state == plan.Failed || state == plan.Unknown {
			s.fail(&p.Rows[i], state, r.ending(p.Rows[i].Op), p)
		}
	}
	s.Doubled, s.DoubledTotal, s.DoubledSeen = r.doubled, r.doubledTotal, r.doubledSeen
	s.ReadBack = r.readBackSince()
	switch {
	case s.Operations[Created]+s.Operations[AlreadyPresent] == len(p.Ops) && len(r.unread()) == 0:
		s.Ended, s.Stop = EndedComplete, nil
	case s.Stop != nil:
		s.Ended = EndedStopped
	default:
		s.Ended = EndedPartly
	}
	return s
}

// ending is how an operation has ended when the run has. One that was not reached was not attempted; but one that an
// earlier run began and that no run has looked up since may have happened, whatever an attempt before that ended in.
func (r *run) ending(i int) Result {
	m := r.memories[i]
	switch {
	case !m.began.IsZero() && m.result.Outcome != Unknown:
		return Result{
			Outcome: Unknown,
			Code:    string(trouble.Unsettled),
			Error:   "the program ended while it was sent, and this run ended before it could look in Okta",
		}
	case m.result.Outcome == "":
		return Result{Outcome: NotAttempted}
	}
	return m.result
}

func (s *Summary) fail(row *plan.Row, state plan.State, result Result, p *plan.Plan) {
	if len(s.Errors) < shownErrors {
		s.Errors = append(s.Errors, RowError{
			Line:   row.Line,
			UserID: p.Ops[row.Op].UserID,
			State:  state,
			Code:   result.Code,
			Error:  result.Error,
		})
	}
}

func (r *run) rowState(row *plan.Row) plan.State {
	if row.State != plan.Planned || row.Op < 0 {
		return row.State
	}
	return r.engine.kindOf(&r.plan.Ops[row.Op]).rowState(r.ending(row.Op).Outcome)
}

// Unfinished reports whether rows remain that another run of the plan could bring further.
func (s *Summary) Unfinished() bool {
	for state, n := range s.Rows {
		if n > 0 && state.Unfinished() {
			return true
		}
	}
	return s.Ended != EndedComplete
}

// counts are the run's counts as the trail has them.
func (s *Summary) counts() map[string]any {
	counts := map[string]any{}
	for state, n := range s.Rows {
		counts["rows_"+string(state)] = n
	}
	for outcome, n := range s.Operations {
		counts["operations_"+string(outcome)] = n
	}
	return counts
}

// shownRequests is how many request ids a step of the trail carries.
const shownRequests = 20

func (r *run) requestIDs() []string {
	var ids []string
	for i := range r.memories {
		if id := r.memories[i].result.Request; id != "" && len(ids) < shownRequests {
			ids = append(ids, id)
		}
	}
	return ids
}

// writeReport lists every row with how it ended. Cells that a spreadsheet would take for a formula are defused.
func (r *run) writeReport(w io.Writer) error {
	out := csv.NewWriter(w)
	header := []string{"line", "email", "state", "okta_user_id", "okta_grant_id", "okta_error_code", "error", "next_step"}
	if err := out.Write(header); err != nil {
		return err
	}
	for i := range r.plan.Rows {
		row := &r.plan.Rows[i]
		state := r.rowState(row)
		var person plan.Person
		if row.Person >= 0 {
			person = r.plan.People[row.Person]
		}
		var result Result
		if row.Op >= 0 {
			result = r.ending(row.Op)
		}
		reason := row.Reason
		if result.Error != "" {
			reason = result.Error
		}
		cells := []string{
			strconv.Itoa(row.Line), person.Email.Show(untrusted.Long), string(state), person.UserID,
			result.ID, result.Code, reason, state.Explain(),
		}
		for j := range cells {
			cells[j] = untrusted.Cell(cells[j])
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// ReadSummary returns what the last run of a plan left behind. The error is fs.ErrNotExist when it never ran to an end.
func (e *Engine) ReadSummary(planID string) (*Summary, error) {
	data, err := os.ReadFile(filepath.Join(e.Dir(planID), "summary.json"))
	if err != nil {
		return nil, err
	}
	s := &Summary{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("read summary.json of %s: %w", planID, err)
	}
	return s, nil
}
