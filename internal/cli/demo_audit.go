package cli

import (
	"context"
	"strings"
	"time"

	"okta-entitlements-mcp/tools"
)

// AuditStory is what the demo's second act did.
type AuditStory struct {
	People  int            `json:"people"`
	First   AuditCount     `json:"first"`
	Second  AuditCount     `json:"second"`
	Changed int            `json:"people_who_enrolled"`
	Fixed   int            `json:"put_right"`
	Digest  string         `json:"digest"`
	Writes  int            `json:"writes_to_okta"`
	Verdict map[string]int `json:"by_verdict"`
}

type AuditCount struct {
	Kind  string `json:"kind"`
	Read  int    `json:"people_read"`
	Calls int64  `json:"okta_calls"`
}

// audit is the second act: an audit of all people, some of them enrol, an incremental audit, and the bulletin as it would be
// posted.
func (d *demo) audit(ctx context.Context) error {
	before := d.world.Writes()
	d.show.secondAct()
	first, err := d.audited(ctx)
	if err != nil {
		return err
	}
	var admins tools.FindingsOut
	if err := d.call(ctx, "okta_mfa_findings", map[string]any{"admins_only": true, "limit": 4}, &admins); err != nil {
		return err
	}
	d.show.people(&admins)
	weak, err := d.weak(ctx)
	if err != nil {
		return err
	}
	for _, id := range weak {
		d.world.Tenant.Enroll(id, "webauthn", "FIDO")
	}
	d.show.enrolled(len(weak))
	second, err := d.audited(ctx)
	if err != nil {
		return err
	}
	var report tools.ReportOut
	if err := d.call(ctx, "okta_mfa_report", map[string]any{"slack": true}, &report); err != nil {
		return err
	}
	s := &d.story.MFA
	s.Digest = strings.Join(report.Preview, "\n")
	d.show.posted(s.Digest)
	s.People, s.Changed, s.Writes, s.Verdict = second.Total, len(weak), d.world.Writes()-before, second.ByVerdict
	s.First = AuditCount{first.Kind, first.Read, first.Calls}
	s.Second = AuditCount{second.Kind, second.Read, second.Calls}
	s.Fixed = second.Fixed
	return nil
}

// audited audits all people and follows the job to its end.
func (d *demo) audited(ctx context.Context) (*tools.AuditBrief, error) {
	var out tools.AuditOut
	if err := d.call(ctx, "okta_mfa_audit", map[string]any{"sample": 0.05}, &out); err != nil {
		return nil, err
	}
	for out.Status == "running" {
		d.show.progress(out.Progress)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if err := d.call(ctx, "okta_mfa_audit", map[string]any{"sample": 0.05}, &out); err != nil {
			return nil, err
		}
	}
	d.show.audited(out.Summary)
	return out.Summary, nil
}

// weak picks a few people who have only weak methods.
func (d *demo) weak(ctx context.Context) ([]string, error) {
	var found tools.FindingsOut
	if err := d.call(ctx, "okta_mfa_findings", map[string]any{"verdict": "weak_only", "limit": 3}, &found); err != nil {
		return nil, err
	}
	var ids []string
	for i := range found.People {
		d.show.person(&found.People[i])
		ids = append(ids, found.People[i].UserID)
	}
	return ids, nil
}

func (s *screen) secondAct() {
	s.head("Second act: who signs in without strong MFA?")
	s.say("  an audit of all people in the tenant; it only reads Okta. A person is")
	s.say("    compliant     with a strong method, such as a security key or Okta Verify")
	s.say("    weak_only     with nothing better than text messages and calls")
	s.say("    not_enrolled  with nothing beyond password, e-mail and security question")
}

func (s *screen) people(f *tools.FindingsOut) {
	s.say("  %d people match; the most urgent %d:", f.Matched, len(f.People))
	for i := range f.People {
		s.person(&f.People[i])
	}
}

func (s *screen) enrolled(n int) {
	s.say("\n  these %d enrol a security key; the next audit reads only who changed, and a sample of the others to check itself", n)
}

func (s *screen) posted(digest string) {
	s.say("  what would be posted to the channel, without names (to post it, call again with deliver: true):")
	s.quote(digest)
}
