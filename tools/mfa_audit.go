package tools

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// MFA is what the tools of audits work with.
type MFA struct {
	Auditor *audit.Auditor
	Sender  *delivery.Sender
	Policy  mfa.Policy // of MFA_POLICY_FILE, or the default
	Notes   []string   // what must be said of that policy
	Base    context.Context
}

// AuditIn asks for an audit. What is left out comes from the server's audit policy.
type AuditIn struct {
	Group    string `json:"group,omitempty" jsonschema:"Audit one group only: its id (00g…) or exact name"`
	Search   string `json:"search,omitempty"`
	Full     bool   `json:"full,omitempty"`
	Baseline string `json:"baseline_file,omitempty"`

	Level      string   `json:"enforcement_level,omitempty"`
	Allowed    []string `json:"allowed_factor_types,omitempty"`
	Methods    []string `json:"mfa_methods,omitempty"`
	GraceHours *int     `json:"grace_period_hours,omitempty" jsonschema:"For new users, from their activation"`
	Deadline   string   `json:"enrollment_deadline,omitempty" jsonschema:"2026-12-31 or RFC 3339. Until then people who fail are in grace"`
	OktaVerify *bool    `json:"resolve_okta_verify,omitempty"`
	Sample     *float64 `json:"sample,omitempty" jsonschema:"Share of earlier readings that are read again to measure their error, 0 to 1"`
	Bound      *float64 `json:"minimum_coverage,omitempty" jsonschema:"Share of people who must be readable for a rate to be given, 0 to 1"`
}

func (AuditIn) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"search": {About: "Only users that this Okta search finds, such as profile.department eq \"Finance\""},
		"full": {About: "Read everyone again, although earlier readings may still hold. Takes hours in a " +
			"large organisation"},
		"baseline_file": {About: "Take the Admin Console's CSV export 'MFA enrollment by user' from the inbox as a " +
			"start, without any call to Okta. Later audits are compared with it"},
		"enforcement_level": {
			About: "What is done about findings: nothing, recommendations, or violations",
			OneOf: []string{"off", "optional", "required"},
		},
		"allowed_factor_types": {About: "Only these may count: factor types (push, webauthn…) or authenticators " +
			"(okta_verify…)"},
		"mfa_methods": {About: "What satisfies: strong_phishable, phishing_resistant, factor types or " +
			"authenticators"},
		"resolve_okta_verify": {About: "Separate FastPass from push for all with Okta Verify: one more call each. " +
			"Always done for administrators"},
	}
}

// AuditOut is an audit that runs or has ended.
type AuditOut struct {
	Status   string        `json:"status" jsonschema:"running, complete or cancelled"`
	AuditID  string        `json:"audit_id"`
	JobID    string        `json:"job_id,omitempty" jsonschema:"Follow with get_job, stop with cancel_job; it is the audit_id"`
	Scope    string        `json:"scope" jsonschema:"Untrusted text"`
	WhatIf   []string      `json:"what_if,omitempty" jsonschema:"No audit of record: where its policy is looser"`
	Progress *ProgressItem `json:"progress,omitempty"`
	Admins   *TallyItem    `json:"admins_so_far,omitempty" jsonschema:"Administrators are read first"`
	Summary  *AuditBrief   `json:"summary,omitempty"`
	Notes    []string      `json:"notes,omitempty" jsonschema:"What is doubtful in the policy"`
	Next     string        `json:"next_step"`
}

// AuditBrief is the gist of an audit; okta_mfa_summary has all of it.
type AuditBrief struct {
	Kind     string `json:"kind" jsonschema:"full, incremental or baseline"`
	WhyFull  string `json:"why_full,omitempty"`
	Coverage string `json:"coverage" jsonschema:"Say this with every number of the audit"`
	Read     int    `json:"read" jsonschema:"People whose enrolment this audit read from Okta"`
	*TallyItem
	Admins    map[string]int `json:"admins_by_verdict,omitempty"`
	Fixed     int            `json:"put_right" jsonschema:"People who failed in the audit before"`
	Regressed int            `json:"fallen_back"`
	Notes     []string       `json:"notes,omitempty" jsonschema:"What a reader must know"`
	Calls     int64          `json:"okta_calls"`
}

func auditBrief(s *mfa.Summary) *AuditBrief {
	b := &AuditBrief{
		Kind:      s.Kind,
		WhyFull:   s.WhyFull,
		Coverage:  s.Coverage.Line,
		Read:      s.Coverage.Read,
		TallyItem: tallyItem(s.Tally),
		Notes:     shownTexts(s.Notes, shownNotes),
		Calls:     s.Calls,
	}
	if s.AdminsKnown {
		b.Admins = verdictCounts(s.Admins.ByVerdict)
	}
	if c := s.Change; c != nil {
		b.Fixed, b.Regressed = c.Fixed, c.Regressed
	}
	return b
}

var specMFAAudit = Spec{
	Name:   "okta_mfa_audit",
	Title:  "Audit MFA enrolment",
	Effect: ReadsOkta,
	Description: "Audits who in the organisation, or in one group, signs in without strong MFA, or goes on with " +
		"an audit that was interrupted. " +
		"Only reads Okta. The first audit of a large organisation takes hours at Okta's rate limits " +
		"(administrators come first); later ones read only who changed and take minutes. " +
		"Returns the gist, or a job to follow with get_job. Then ask okta_mfa_summary, okta_mfa_findings and " +
		"okta_mfa_report, which cost Okta nothing.",
}

func mfaAudit(ctx context.Context, d *Deps, c *Call, in AuditIn) (AuditOut, error) {
	policy, notes, err := in.policy(d.MFA)
	if err != nil {
		return AuditOut{}, err
	}
	whatIf := policy.Loosens(d.MFA.Policy, time.Now())
	if in.Baseline != "" {
		return d.baseline(ctx, in, policy, whatIf, notes)
	}
	request := audit.Request{
		Group:  strings.TrimSpace(in.Group),
		Search: strings.TrimSpace(in.Search),
		Full:   in.Full,
		Policy: policy,
		WhatIf: whatIf,
		Client: c.Client,
	}
	if err := d.checkScope(ctx, request); err != nil {
		return AuditOut{}, err
	}
	job, err := d.MFA.Auditor.Start(d.MFA.Base, request)
	if err != nil {
		return AuditOut{}, err
	}
	out, err := d.followAudit(ctx, c, job)
	out.Notes = notes
	return out, err
}

// policy is the server's audit policy with what the caller changed.
func (in *AuditIn) policy(m *MFA) (mfa.Policy, []string, error) {
	p := m.Policy
	if in.Level != "" {
		p.Level = mfa.Level(in.Level)
	}
	if in.Allowed != nil {
		p.AllowedFactorTypes = in.Allowed
	}
	if in.Methods != nil {
		p.Methods = in.Methods
	}
	if in.Deadline != "" {
		at, err := mfa.ParseDeadline(in.Deadline)
		if err != nil {
			return p, nil, &trouble.Error{
				Code: trouble.PolicyRefused,
				What: err.Error(),
				Next: "write it like 2026-12-31",
			}
		}
		p.Deadline = at
	}
	set(&p.GraceHours, in.GraceHours)
	set(&p.OktaVerify, in.OktaVerify)
	set(&p.Sample, in.Sample)
	set(&p.Bound, in.Bound)
	notes, err := p.Check(time.Now())
	if err != nil {
		return p, nil, &trouble.Error{
			Code: trouble.PolicyRefused,
			What: err.Error(),
			Next: "fix the argument, or the file of MFA_POLICY_FILE",
		}
	}
	return p, notes, nil
}

// checkScope refuses a scope that cannot be audited before anything else is read, which may take long.
func (d *Deps) checkScope(ctx context.Context, request audit.Request) error {
	if err := request.Check(); err != nil || request.Group == "" {
		return err
	}
	_, err := d.MFA.Auditor.FindGroup(ctx, request.Group)
	return err
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// baseline takes an export of the Admin Console as an audit.
func (d *Deps) baseline(ctx context.Context, in AuditIn, policy mfa.Policy, whatIf, notes []string) (AuditOut, error) {
	if in.Group != "" || in.Search != "" || in.Full {
		return AuditOut{}, &trouble.Error{
			Code: trouble.ConflictingArguments,
			What: "an export holds everyone",
			Next: "leave group, search and full out, or audit without baseline_file",
		}
	}
	name, err := d.Inbox.Find(in.Baseline)
	if err != nil {
		return AuditOut{}, err
	}
	file, info, err := d.Inbox.Open(name)
	if err != nil {
		return AuditOut{}, err
	}
	b, err := ReadBaseline(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return AuditOut{}, &trouble.Error{
			Code: trouble.BaselineUnreadable,
			What: err.Error(),
			Next: "in the Admin Console open Reports, MFA enrollment by user, and export it as CSV into the inbox",
		}
	}
	s, err := d.MFA.Auditor.FromBaseline(ctx, b, name, info.ModTime(), policy, whatIf)
	if err != nil {
		return AuditOut{}, err
	}
	return auditEnded(s, notes), nil
}

// ReadBaseline reads an export of the Admin Console by the scanner of reports.
func ReadBaseline(r io.Reader) (*mfa.Baseline, error) {
	return mfa.ParseBaseline(func(yield func(mfa.BaselineRecord, error) bool) {
		for record, err := range intake.Records(r, mfa.MaxBaselineBytes) {
			if !yield(mfa.BaselineRecord(record), err) {
				return
			}
		}
	})
}

// followAudit waits for an audit as long as a call may, sending progress.
func (d *Deps) followAudit(ctx context.Context, c *Call, job *audit.Job) (AuditOut, error) {
	ended, err := d.watch(ctx, c, job)
	if err != nil {
		return AuditOut{}, err
	}
	if !ended {
		return d.auditRunning(job), nil
	}
	s, err := job.Result()
	if err != nil {
		return AuditOut{}, err
	}
	return auditEnded(s, nil), nil
}

func (d *Deps) auditRunning(job *audit.Job) AuditOut {
	out := AuditOut{
		Status:   "running",
		AuditID:  job.ID,
		JobID:    job.ID,
		Scope:    untrusted.New(job.Request.Scope()).Show(untrusted.Line),
		WhatIf:   job.Request.WhatIf,
		Progress: d.progressItem(job.Progress()),
		Next: "the audit goes on in the background; get_job with this job_id shows its progress, cancel_job " +
			"stops it, and asking again for the same goes on with it",
	}
	if t := job.Admins(); t != nil {
		out.Admins = tallyItem(*t)
	}
	return out
}

func auditEnded(s *mfa.Summary, notes []string) AuditOut {
	out := AuditOut{
		Status:  "complete",
		AuditID: s.AuditID,
		Scope:   s.Scope.Show(untrusted.Line),
		WhatIf:  s.WhatIf,
		Summary: auditBrief(s),
		Notes:   notes,
		Next: "okta_mfa_findings lists people, such as admins_only with verdict not_enrolled; okta_mfa_report " +
			"writes files, tickets and messages",
	}
	if len(s.WhatIf) > 0 {
		out.Next = "say that this is a what-if under a looser policy and no audit of record; okta_mfa_summary and " +
			"okta_mfa_findings show it with its audit_id, and okta_mfa_audit without these arguments makes one of record"
	}
	return out
}
