package cli

import (
	"fmt"
	"io"
	"strings"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/planning"
	"okta-entitlements-mcp/internal/untrusted"
)

// PlanJSON is what plan --json prints.
type PlanJSON struct {
	PlanID     string             `json:"plan_id"`
	Stage      plan.Stage         `json:"stage"`
	AppID      string             `json:"app_id"`
	AppLabel   string             `json:"app_label"`
	File       string             `json:"file"`
	SHA256     string             `json:"sha256"`
	Reading    string             `json:"reading"` // one line
	Settled    []SettledOut       `json:"settled,omitempty"`
	Mapping    string             `json:"mapping,omitempty"` // applied to the report by itself
	Planned    map[string]int     `json:"planned"`           // by what is done
	Rows       map[plan.State]int `json:"rows,omitempty"`    // by state; they add up to total_rows
	TotalRows  int                `json:"total_rows"`
	ValidUntil *plan.ValidUntil   `json:"valid_until,omitempty"`
	Warnings   []plan.Warning     `json:"warnings,omitempty"`
	Apply      string             `json:"apply,omitempty"` // the command; none when there is nothing to do
}

// SettledOut is a doubt that an answer settled.
type SettledOut struct {
	Code   string    `json:"code"`
	Column string    `json:"column,omitempty"`
	Answer string    `json:"answer"`
	By     intake.By `json:"by,omitempty"`
}

func planJSON(p *plan.Plan, r *planning.Reading) PlanJSON {
	out := PlanJSON{
		PlanID:     p.ID,
		Stage:      p.Stage,
		AppID:      p.App.ID,
		AppLabel:   p.App.Label.Show(untrusted.Name),
		File:       p.File,
		SHA256:     p.SHA256,
		Reading:    shown(p.Reading.Summary()),
		Mapping:    r.Applied.Name,
		Planned:    map[string]int{},
		Rows:       p.States(),
		TotalRows:  len(p.Rows),
		ValidUntil: p.ValidUntil,
		Warnings:   p.Warnings,
		Apply:      applyCommandOf(p),
	}
	for _, s := range p.Reading.Settled {
		out.Settled = append(out.Settled, SettledOut{
			Code:   s.Code,
			Column: s.Column.Show(untrusted.Long),
			Answer: shown(s.Answer),
			By:     s.By,
		})
	}
	for _, count := range p.Counts() {
		out.Planned[count.Name] = count.N
	}
	return out
}

func applyCommandOf(p *plan.Plan) string {
	if len(p.Ops) == 0 {
		return ""
	}
	return "okta-entitlements-mcp apply " + p.ID
}

// describePlan prints a plan in words.
func describePlan(out io.Writer, p *plan.Plan, r *planning.Reading) {
	fmt.Fprintf(out, "plan %s: %s from %s for application %s (%s)\n",
		p.ID, p.Stage, untrusted.New(p.File).Show(untrusted.Line), p.App.Label.Show(untrusted.Name), p.App.ID)
	describeReading(out, p.Reading)
	if r.Applied.Name != "" {
		fmt.Fprintf(out, "mapping: %s (%s)\n", r.Applied.Name, r.Applied.Status)
	}
	if len(p.Rows) > 0 {
		fmt.Fprintf(out, "rows: %s\n", rowsInOrder(p.States()))
	}
	var todo []string
	for _, count := range p.Counts() {
		word := count.Many
		if count.N == 1 {
			word = count.One
		}
		todo = append(todo, fmt.Sprintf("%d %s", count.N, word))
	}
	if len(todo) == 0 {
		todo = []string{"nothing"}
	}
	fmt.Fprintf(out, "to do: %s\n", strings.Join(todo, ", "))
	for _, w := range p.Warnings {
		fmt.Fprintf(out, "note: %s\n", w.What)
	}
	if p.ValidUntil != nil {
		fmt.Fprintf(out, "apply it until: %s (UTC); access that it grants ends then\n", p.ValidUntil.Day)
	}
	if command := applyCommandOf(p); command != "" {
		fmt.Fprintf(out, "nothing was written to Okta; to apply the plan: %s\n", command)
	}
}

// describeReading says in one line how the report was understood, and who settled what was in doubt.
func describeReading(out io.Writer, r *intake.Reading) {
	if r == nil {
		return
	}
	fmt.Fprintf(out, "reading: %s\n", shown(r.Summary()))
	by := map[intake.By]string{
		intake.ByForm:     "by a person, in a form",
		intake.ByTerminal: "by a person, at a terminal",
		intake.ByMapping:  "by a saved mapping",
		intake.ByArgument: "by arguments, not by a person",
		"":                "by what Okta has",
	}
	for _, s := range r.Settled {
		about := s.Code
		if !s.Column.IsZero() {
			about = fmt.Sprintf("%s in %q", s.Code, s.Column.Show(untrusted.Name))
		}
		fmt.Fprintf(out, "settled: %s: %s, %s\n", about, shown(s.Answer), by[s.By])
	}
}

func rowsInOrder(states map[plan.State]int) string {
	var parts []string
	for _, state := range plan.States() {
		if n := states[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return strings.Join(parts, ", ")
}
