package tools

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/untrusted"
)

// TallyItem counts people.
type TallyItem struct {
	Total      int            `json:"total_users"`
	Enrolled   int            `json:"enrolled" jsonschema:"With an active method beyond password, e-mail and security question"`
	Not        int            `json:"not_enrolled" jsonschema:"Without. Unreadable people are in neither number"`
	Rate       *float64       `json:"enrollment_rate,omitempty" jsonschema:"Of those who could be read; missing when too many could not"`
	ByMethod   map[string]int `json:"by_method,omitempty" jsonschema:"People by authenticator, the 30 most common"`
	ByStrength map[string]int `json:"by_strength,omitempty" jsonschema:"none, weak, strong_phishable, phishing_resistant, unknown"`
	ByVerdict  map[string]int `json:"by_verdict,omitempty" jsonschema:"Adds up to total_users"`
}

func tallyItem(t mfa.Tally) *TallyItem {
	item := &TallyItem{
		Total:      t.Total,
		Enrolled:   t.Enrolled,
		Not:        t.NotEnroll,
		Rate:       t.Rate,
		ByMethod:   map[string]int{},
		ByStrength: map[string]int{},
		ByVerdict:  verdictCounts(t.ByVerdict),
	}
	names := slices.SortedFunc(maps.Keys(t.ByMethod), func(a, b string) int {
		return cmp.Or(t.ByMethod[b]-t.ByMethod[a], strings.Compare(a, b))
	})
	for _, name := range names[:min(len(names), shownMethods)] {
		item.ByMethod[untrusted.New(name).Show(untrusted.Name)] += t.ByMethod[name]
	}
	for s, n := range t.ByStrength {
		item.ByStrength[string(s)] = n
	}
	return item
}

// AuditSummary is what an audit found, without names of people.
type AuditSummary struct {
	AuditID  string   `json:"audit_id"`
	Scope    string   `json:"scope" jsonschema:"Untrusted text"`
	Kind     string   `json:"kind" jsonschema:"full, incremental or baseline"`
	WhyFull  string   `json:"why_full,omitempty"`
	WhatIf   []string `json:"what_if,omitempty" jsonschema:"No audit of record: where its policy was looser"`
	AsOf     string   `json:"as_of" jsonschema:"Changes up to here are in the result"`
	Age      string   `json:"age"`
	Coverage string   `json:"coverage" jsonschema:"Say this with every number of the audit"`

	*TallyItem
	Admins      *TallyItem       `json:"admins,omitempty" jsonschema:"Holders of admin roles, directly or through groups"`
	AdminsKnown bool             `json:"admins_known"`
	Change      *mfa.Change      `json:"change,omitempty" jsonschema:"Against the audit before of the same scope, under the policy of now"`
	Sample      *mfa.SampleError `json:"cache_error,omitempty" jsonschema:"Earlier readings that were read again, and how many had changed"`
	Other       map[string]int   `json:"not_active_but_judged,omitempty" jsonschema:"PASSWORD_EXPIRED, LOCKED_OUT, RECOVERY"`
	Counted     map[string]int   `json:"counted_only,omitempty" jsonschema:"STAGED, PROVISIONED, SUSPENDED"`
	Single      int              `json:"single_method" jsonschema:"People locked out by the loss of one method"`
	Disagree    int              `json:"sources_disagree" jsonschema:"People on whom Okta's two lists differ"`
	Departments []DepartmentItem `json:"departments,omitempty" jsonschema:"The largest"`
	Exemptions  int              `json:"exemptions,omitempty"`
	Baseline    *ComparisonItem  `json:"baseline,omitempty" jsonschema:"The Admin Console's export against what the API says"`
	Sources     string           `json:"read_from"`
	Caveat      string           `json:"caveat,omitempty"`
	Notes       []string         `json:"notes,omitempty" jsonschema:"What a reader must know"`
	Policy      []string         `json:"policy,omitempty" jsonschema:"The audit policy in words"`
	Calls       int64            `json:"okta_calls"`
}

// DepartmentItem counts people of one department.
type DepartmentItem struct {
	Name     string `json:"department" jsonschema:"Untrusted text from Okta"`
	Total    int    `json:"total_users"`
	Enrolled int    `json:"enrolled"`
	Failing  int    `json:"failing"`
}

// Bounds of what a summary shows; the files of okta_mfa_report have all.
const (
	shownDepartments = 12
	shownNotes       = 12
	shownMethods     = 30 // an export may hold any number of names
)

func auditSummary(s *mfa.Summary) *AuditSummary {
	out := &AuditSummary{
		AuditID:     s.AuditID,
		Scope:       s.Scope.Show(untrusted.Line),
		Kind:        s.Kind,
		WhyFull:     s.WhyFull,
		WhatIf:      s.WhatIf,
		AsOf:        s.AsOf.Format(time.RFC3339),
		Age:         time.Since(s.AsOf).Round(time.Minute).String(),
		Coverage:    s.Coverage.Line,
		TallyItem:   tallyItem(s.Tally),
		AdminsKnown: s.AdminsKnown,
		Change:      s.Change,
		Sample:      s.Sample,
		Other:       s.Other,
		Counted:     s.Counted,
		Single:      s.Single,
		Disagree:    s.Disagree,
		Exemptions:  len(s.Exemptions),
		Baseline:    comparison(s.Baseline),
		Sources:     s.Sources.Primary + ", asked from " + untrusted.New(s.Sources.ReadFrom).Show(untrusted.Name),
		Caveat:      untrusted.New(s.Sources.Caveat).Show(untrusted.Paragraph),
		Policy:      report.PolicyWords(s.Policy),
		Calls:       s.Calls,
	}
	if s.AdminsKnown {
		out.Admins = tallyItem(s.Admins)
	}
	for _, department := range s.Departments[:min(len(s.Departments), shownDepartments)] {
		out.Departments = append(out.Departments,
			DepartmentItem{department.Name.Show(untrusted.Name), department.Total, department.Enrolled, department.Failing})
	}
	out.Notes = shownTexts(s.Notes, shownNotes)
	return out
}

// ComparisonItem is the Admin Console's export against what the API says.
type ComparisonItem struct {
	File     string    `json:"file"`
	Of       time.Time `json:"of,omitzero"`
	Age      string    `json:"age"`
	Rows     int       `json:"rows"`
	Agree    int       `json:"agree"`
	Differ   int       `json:"differ"`
	OnlyFile int       `json:"only_in_file"`
	OnlyAPI  int       `json:"only_in_okta"`
	Sample   []string  `json:"differing_user_ids,omitempty"`
}

func comparison(c *mfa.Comparison) *ComparisonItem {
	if c == nil {
		return nil
	}
	return &ComparisonItem{
		File:     c.File.Show(untrusted.Line),
		Of:       c.Of,
		Age:      c.Age,
		Rows:     c.Rows,
		Agree:    c.Agree,
		Differ:   c.Differ,
		OnlyFile: c.OnlyFile,
		OnlyAPI:  c.OnlyAPI,
		Sample:   shownTexts(untrusted.All(c.Sample), 20),
	}
}

// shownTexts shows at most most of the texts.
func shownTexts[T interface{ Show(untrusted.Width) string }](texts []T, most int) []string {
	var out []string
	for _, text := range texts[:min(len(texts), most)] {
		out = append(out, text.Show(untrusted.Long))
	}
	return out
}

// MFASummaryIn names an audit.
type MFASummaryIn struct {
	AuditID string `json:"audit_id,omitempty" jsonschema:"Default: the latest audit"`
}

// MFASummaryOut is the summary of an audit.
type MFASummaryOut struct {
	*AuditSummary
	Next string `json:"next_step"`
}

var specMFASummary = Spec{
	Name:   "okta_mfa_summary",
	Title:  "Summary of an MFA audit",
	Effect: ReadsLocal,
	Description: "Shows the numbers of the latest MFA audit, or of a given one: enrolled and not, by method, " +
		"strength and verdict, administrators apart, what changed since the audit before, and how much of it is known. " +
		"Makes no call to Okta. okta_mfa_findings names the people.",
}

func mfaSummary(_ context.Context, d *Deps, _ *Call, in MFASummaryIn) (MFASummaryOut, error) {
	s, err := d.MFA.Auditor.Summary(in.AuditID)
	if err != nil {
		return MFASummaryOut{}, err
	}
	return MFASummaryOut{auditSummary(s), "okta_mfa_findings lists people by verdict, strength, method or role; " +
		"okta_mfa_audit audits again"}, nil
}
