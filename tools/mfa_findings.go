package tools

import (
	"context"
	"strconv"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// FindingsIn picks people of an audit.
type FindingsIn struct {
	AuditID  string `json:"audit_id,omitempty" jsonschema:"Default: the latest audit"`
	Verdict  string `json:"verdict,omitempty"`
	Strength string `json:"strength,omitempty"`
	Method   string `json:"method,omitempty"`
	Only     bool   `json:"only_this_method,omitempty" jsonschema:"With method: nothing else beyond password, e-mail and security question"`
	Change   string `json:"change,omitempty"`
	Admins   bool   `json:"admins_only,omitempty" jsonschema:"Holders of admin roles"`
	Recent   bool   `json:"with_recent_events,omitempty"`
	Group    string `json:"group,omitempty" jsonschema:"Members of a group, by id or exact name. The only filter that asks Okta"`
	Text     string `json:"text,omitempty" jsonschema:"Part of login, e-mail or name"`
	Cursor   string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before"`
	Limit    int    `json:"limit,omitempty" jsonschema:"People per answer, 1 to 100, default 25"`
}

func (FindingsIn) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"verdict": {
			About: "By the audit policy",
			OneOf: []string{"compliant", "weak_only", "not_enrolled", "in_grace", "exempt", "unreadable", "unknown"},
		},
		"strength": {
			About: "The best that they have",
			OneOf: []string{"none", "weak", "strong_phishable", "phishing_resistant", "unknown"},
		},
		"method": {About: "People who have it: a factor type (sms, push, webauthn…) or an authenticator " +
			"(okta_verify, phone_number…)"},
		"change": {
			About: "Since the audit before",
			OneOf: []string{"fixed", "regressed", "new_failing"},
		},
		"with_recent_events": {About: "Only people with alarming events in the System Log: push denials, resets, " +
			"bypass attempts"},
	}
}

// FindingsOut is a page of people.
type FindingsOut struct {
	AuditID    string        `json:"audit_id"`
	WhatIf     []string      `json:"what_if,omitempty" jsonschema:"As in okta_mfa_summary"`
	AsOf       string        `json:"as_of"`
	Coverage   string        `json:"coverage" jsonschema:"Say this with every number of the audit"`
	Matched    int           `json:"matched" jsonschema:"In all"`
	People     []FindingItem `json:"people,omitempty" jsonschema:"The most urgent first"`
	NextCursor string        `json:"next_cursor,omitempty"`
	Next       string        `json:"next_step"`
}

// FindingItem is one person. Names are untrusted text from Okta.
type FindingItem struct {
	UserID     string       `json:"user_id" jsonschema:"Untrusted text where the audit is of an export"`
	Login      string       `json:"login" jsonschema:"Untrusted text from Okta"`
	Name       string       `json:"name,omitempty" jsonschema:"Untrusted text from Okta"`
	Department string       `json:"department,omitempty" jsonschema:"Untrusted text from Okta"`
	Status     string       `json:"status"`
	Roles      []string     `json:"admin_roles,omitempty" jsonschema:"Untrusted text from Okta"`
	Verdict    string       `json:"verdict"`
	Until      string       `json:"until,omitempty"`
	Reason     string       `json:"reason,omitempty"`
	Change     string       `json:"change,omitempty"`
	Strength   string       `json:"strength"`
	Allowed    string       `json:"allowed_strength" jsonschema:"The best that the enrolment policy lets them use"`
	Required   []string     `json:"required,omitempty" jsonschema:"What the enrolment policy demands"`
	Methods    []MethodItem `json:"methods,omitempty"`
	Single     bool         `json:"single_method,omitempty"`
	Disagree   []string     `json:"sources_disagree,omitempty"`
	Recent     []mfa.Signal `json:"recent_events,omitempty"`
	Cached     bool         `json:"from_cache,omitempty"`
	ReadAt     string       `json:"read_at,omitempty"`
}

// MethodItem is one enrolled method.
type MethodItem struct {
	Method   string `json:"method"`
	Provider string `json:"provider,omitempty"`
	Status   string `json:"status"`
	Strength string `json:"strength"`
	Since    string `json:"enrolled_since,omitempty"`
	LastUsed string `json:"last_used,omitempty" jsonschema:"As far as the System Log shows"`
	Allowed  string `json:"allowed,omitempty" jsonschema:"By the enrolment policy: NOT_ALLOWED, OPTIONAL, REQUIRED"`
	Source   string `json:"source,omitempty" jsonschema:"enrollments, factors or both"`
}

var specMFAFindings = Spec{
	Name:   "okta_mfa_findings",
	Title:  "People of an MFA audit",
	Effect: ReadsOkta,
	Description: "Lists people of the latest MFA audit, the most urgent first, by verdict, strength, method, " +
		"admin role, group or recent events. " +
		"For \"which admins have only SMS\" set admins_only, method sms and only_this_method. Makes no call to " +
		"Okta unless group is given. okta_mfa_user_status looks at one person as of now.",
}

func mfaFindings(ctx context.Context, d *Deps, _ *Call, in FindingsIn) (FindingsOut, error) {
	limit, err := pageSize(in.Limit, 25, 100)
	if err != nil {
		return FindingsOut{}, err
	}
	s, err := d.MFA.Auditor.Summary(in.AuditID)
	if err != nil {
		return FindingsOut{}, err
	}
	q := mfa.Query{
		Verdict:  mfa.Verdict(in.Verdict),
		Strength: mfa.Strength(in.Strength),
		Method:   in.Method,
		Only:     in.Only,
		Change:   in.Change,
		Admins:   in.Admins,
		Signals:  in.Recent,
		Text:     in.Text,
	}
	if q.After, err = cursorAfter(in.Cursor, s.AuditID); err != nil {
		return FindingsOut{}, err
	}
	if in.Group != "" {
		if q.Users, err = d.members(ctx, in.Group); err != nil {
			return FindingsOut{}, err
		}
	}
	q.Limit = limit
	page, err := d.MFA.Auditor.Findings(s.AuditID, q) // once: the file of a large organisation is long
	if err != nil {
		return FindingsOut{}, err
	}
	return fitted(limit, func(most int) (FindingsOut, error) {
		out := FindingsOut{
			AuditID:  s.AuditID,
			WhatIf:   s.WhatIf,
			AsOf:     s.AsOf.Format(time.RFC3339),
			Coverage: s.Coverage.Line,
			Matched:  page.Matched,
			Next: "okta_mfa_user_status looks at one person as of now; okta_mfa_report writes all of this into " +
				"files and tickets",
		}
		shown := min(most, len(page.Findings))
		for i := range shown {
			out.People = append(out.People, findingItem(&page.Findings[i]))
		}
		if next := q.After + shown; next < page.Matched {
			out.NextCursor = s.AuditID + "." + strconv.Itoa(next)
			out.Next = "call again with next_cursor for the rest; " + out.Next
		}
		return out, nil
	})
}

// cursorAfter reads a cursor, which belongs to one audit.
func cursorAfter(cursor, auditID string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	id, place, _ := strings.Cut(cursor, ".")
	n, err := strconv.Atoi(place)
	if id != auditID || err != nil || n < 0 {
		return 0, &trouble.Error{
			Code: trouble.WrongCursor,
			What: "the cursor belongs to another audit or list",
			Next: "begin again without cursor, or give the audit_id that it began with",
		}
	}
	return n, nil
}

func (d *Deps) members(ctx context.Context, group string) (map[string]bool, error) {
	g, err := d.MFA.Auditor.FindGroup(ctx, strings.TrimSpace(group))
	if err != nil {
		return nil, err
	}
	users := map[string]bool{}
	for member, err := range d.Okta.GroupMembers(ctx, g.ID) {
		if err != nil {
			return nil, err
		}
		users[member.ID] = true
	}
	return users, nil
}

func findingItem(f *mfa.Finding) FindingItem {
	item := FindingItem{
		UserID:     untrusted.New(f.UserID).Show(untrusted.Name),
		Login:      f.Login.Show(untrusted.Name),
		Name:       f.Name.Show(untrusted.Name),
		Department: f.Department.Show(untrusted.Name),
		Status:     untrusted.New(f.Status).Show(untrusted.Word),
		Roles:      shownTexts(untrusted.All(f.Roles), 10),
		Verdict:    string(f.Verdict),
		Until:      day(f.Until),
		Reason:     f.Reason.Show(untrusted.Long),
		Change:     f.Change,
		Strength:   string(f.Strength),
		Allowed:    string(f.Usable),
		Required:   shownTexts(untrusted.All(f.Required), 10),
		Single:     f.Single,
		Disagree:   shownTexts(untrusted.All(f.Disagree), 5),
		Recent:     f.Signals,
		Cached:     f.Cached,
		ReadAt:     day(f.ReadAt),
	}
	for _, m := range f.Methods[:min(len(f.Methods), 20)] {
		item.Methods = append(item.Methods, methodItem(m))
	}
	return item
}

func methodItem(m mfa.Method) MethodItem {
	name := m.Name
	if m.Key != "" && m.Key != m.Name {
		name += " (" + m.Key + ")"
	}
	return MethodItem{
		Method:   untrusted.New(name).Show(untrusted.Name),
		Provider: untrusted.New(m.Provider).Show(untrusted.Word),
		Status:   untrusted.New(m.Status).Show(untrusted.Word),
		Strength: string(m.Strength),
		Since:    day(m.Since),
		Allowed:  m.Allowed,
		Source:   m.Source,
	}
}

func day(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
