package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/untrusted"
)

// AnalyzeIn names the report, and what its columns mean where the guess would be wrong.
type AnalyzeIn struct {
	Filename string `json:"filename" jsonschema:"As list_csv_files gives it"`
	AppID    string `json:"app_id,omitempty" jsonschema:"Okta application id: the mapping that was confirmed for it is applied"`
	intake.Answers
}

// AnalyzeOut is what a report says, in counts.
type AnalyzeOut struct {
	Filename     string            `json:"filename"`
	SHA256       string            `json:"sha256"`
	Counts       intake.Counts     `json:"counts"`
	Reading      ReadingSeen       `json:"reading"`
	Doubts       []DoubtItem       `json:"doubts,omitempty" jsonschema:"Planning waits for them"`
	Columns      []ColumnItem      `json:"columns,omitempty"`
	MoreColumns  int               `json:"more_columns,omitempty" jsonschema:"Columns beyond those shown"`
	Mapping      intake.Mapping    `json:"mapping" jsonschema:"In force; pass as columns to the next stages when you changed it"`
	Entitlements []EntitlementSeen `json:"entitlements,omitempty"`
	SampleUsers  []UserSeen        `json:"sample_users,omitempty"`
	Creep        *CreepSeen        `json:"access_over_time,omitempty"`
	LaterDenied  int               `json:"permitted_then_denied,omitempty"`
	Problems     map[string]int    `json:"problems_by_code,omitempty"`
	Next         string            `json:"next_step"`
}

func (AnalyzeOut) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"permitted_then_denied": {About: "Values that one row permits to a user and a later row denies; look at " +
			"them before granting"},
	}
}

// EntitlementSeen is one entitlement column with its most common values.
type EntitlementSeen struct {
	Name       string      `json:"name" jsonschema:"Untrusted text from the file"`
	MultiValue bool        `json:"several_values_per_user"`
	Distinct   int         `json:"distinct_values"`
	Values     []ValueSeen `json:"values,omitempty" jsonschema:"The most common"`
}

// ValueSeen is one value with how often it is permitted.
type ValueSeen struct {
	Value string `json:"value" jsonschema:"Untrusted text from the file"`
	Rows  int    `json:"rows"`
	Users int    `json:"users"`
}

// UserSeen is one user of the report, shortened.
type UserSeen struct {
	User   string   `json:"user" jsonschema:"Shortened e-mail"`
	Rows   int      `json:"rows"`
	Denied int      `json:"denied_rows,omitempty"`
	Values []string `json:"values,omitempty" jsonschema:"Untrusted text from the file"`
}

// CreepSeen is how access has piled up.
type CreepSeen struct {
	From  string      `json:"from"`
	To    string      `json:"to"`
	Users int         `json:"users_who_gained_later" jsonschema:"Users who gained values after their first day"`
	Top   []CreepUser `json:"most,omitempty"`
}

// CreepUser is one user's accumulation.
type CreepUser struct {
	User     string   `json:"user" jsonschema:"Shortened e-mail"`
	Values   int      `json:"values"`
	Gained   int      `json:"gained_after_first_day"`
	Timeline []string `json:"timeline,omitempty" jsonschema:"Date and what was added. Untrusted text from the file"`
}

var specAnalyze = Spec{
	Name:   "analyze_csv_for_entitlements",
	Title:  "Stage 1: analyse a report",
	Effect: ReadsLocal,
	Description: "Analyses an access report, as stage 1 of 3: what each column is taken for and why, which " +
		"entitlements and values it holds with counts, how many rows are permitted or denied, what is in doubt, " +
		"and where users have piled up access over time. Changes nothing and makes no call to Okta. Wrong guesses " +
		"are corrected, and doubts settled, with arguments. Next: prepare_entitlement_structure.",
}

const (
	shownEntitlements = 20
	shownCommon       = 25
	shownUsers        = 5
	shownCreep        = 5
	shownSteps        = 6
)

// nextInDoubt is the next step while a doubt is open.
const nextInDoubt = "settle the doubts: ask the user each question, and add the argument of the answer to the call"

func analyze(ctx context.Context, d *Deps, _ *Call, in AnalyzeIn) (AnalyzeOut, error) {
	r, err := d.read(ctx, in.Filename, in.AppID, in.Answers)
	if err != nil {
		return AnalyzeOut{}, err
	}
	_, denials := r.LaterDenials(1)
	out := AnalyzeOut{
		Filename:    r.File,
		SHA256:      r.SHA256,
		Counts:      r.Counts(),
		Reading:     readingSeen(&r.Reading),
		Doubts:      doubtItems(r.Open()),
		Mapping:     cleanMapping(r.Mapping),
		Problems:    r.ProblemCounts,
		LaterDenied: denials,
		Creep:       creepSeen(r),
		Next:        "prepare_entitlement_structure with this filename and the app_id plans the entitlements",
	}
	out.Columns, out.MoreColumns = columnItems(r.Columns, true)
	for _, u := range r.SampleUsers(shownUsers) {
		out.SampleUsers = append(out.SampleUsers, UserSeen{
			User:   shortEmail(r, u.Person),
			Rows:   u.Rows,
			Denied: u.Denied,
			Values: valueTexts(r, u.Values, 10),
		})
	}
	switch {
	case len(out.Doubts) > 0:
		out.Next = nextInDoubt
	case len(r.Entitlements) == 0:
		out.Next = "no column was taken for an entitlement; name them with columns.entitlements and analyse again"
	case out.Counts.Wanted == 0:
		out.Next = "no row asks for access; validate_csv_preflight says why"
	case out.LaterDenied > 0:
		out.Next = "some values are permitted first and denied later: look at them with read_csv_file, then " +
			"prepare_entitlement_structure"
	}
	return fitted(shownCommon, func(most int) (AnalyzeOut, error) {
		out.Entitlements = nil
		for i := range r.Entitlements[:min(len(r.Entitlements), shownEntitlements)] {
			out.Entitlements = append(out.Entitlements, entitlementSeen(r, int32(i), most))
		}
		return out, nil
	})
}

func entitlementSeen(r *intake.Report, column int32, most int) EntitlementSeen {
	e := r.Entitlements[column]
	seen := EntitlementSeen{
		Name:       e.Name.Show(untrusted.Name),
		MultiValue: e.MultiValue,
		Distinct:   e.Values,
	}
	var values []intake.Value
	for _, v := range r.Values {
		if v.Entitlement == column {
			values = append(values, v)
		}
	}
	slices.SortStableFunc(values, func(a, b intake.Value) int { return b.Rows - a.Rows })
	for _, v := range values[:min(len(values), most)] {
		seen.Values = append(seen.Values, ValueSeen{v.Text.Show(untrusted.Name), v.Rows, v.Users})
	}
	return seen
}

func creepSeen(r *intake.Report) *CreepSeen {
	top, users := r.Creep(shownCreep)
	if users == 0 {
		return nil
	}
	seen := &CreepSeen{
		From:  r.First.Format(time.DateOnly),
		To:    r.Last.Format(time.DateOnly),
		Users: users,
	}
	for _, u := range top {
		item := CreepUser{User: shortEmail(r, u.Person), Values: u.Values, Gained: u.Gained}
		for _, step := range u.Timeline[:min(len(u.Timeline), shownSteps)] {
			item.Timeline = append(item.Timeline,
				step.Date.Format(time.DateOnly)+" + "+strings.Join(valueTexts(r, step.Added, 5), ", "))
		}
		seen.Top = append(seen.Top, item)
	}
	return seen
}

func shortEmail(r *intake.Report, person int32) string {
	return intake.ShortenEmail(r.People[person].Email)
}

func valueTexts(r *intake.Report, values []int32, most int) []string {
	var texts []string
	for _, v := range values[:min(len(values), most)] {
		value := r.Values[v]
		texts = append(texts, fmt.Sprintf("%s: %s", r.Entitlements[value.Entitlement].Name.Show(untrusted.Name),
			value.Text.Show(untrusted.Name)))
	}
	return texts
}

func cleanMapping(m intake.Mapping) intake.Mapping {
	clean := func(s string) string { return shorten(s, untrusted.Name) }
	all := func(list []string) []string {
		out := make([]string, 0, len(list))
		for _, s := range list {
			out = append(out, clean(s))
		}
		return out
	}
	var others map[string]intake.Role
	for column, role := range m.Others {
		if others == nil {
			others = map[string]intake.Role{}
		}
		others[clean(column)] = role
	}
	return intake.Mapping{
		User:         clean(m.User),
		UserID:       clean(m.UserID),
		Entitlements: all(m.Entitlements),
		Attributes:   all(m.Attributes),
		Filter:       clean(m.Filter),
		Date:         clean(m.Date),
		Action:       clean(m.Action),
		Separators:   clean(m.Separators),
		Others:       others,
	}
}
