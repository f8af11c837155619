package tools_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/tools"
)

// TestAnswersAboutAuditsStaySmall: people with long names, many methods, many roles and much to say of each. The
// bound is checked by rig.raw.
func TestAnswersAboutAuditsStaySmall(t *testing.T) {
	if testing.Short() {
		t.Skip("about sizes and scopes, not about goroutines")
	}
	t.Parallel()
	inBubble(t, rigOptions{}, manyMethods)
}

func manyMethods(t *testing.T, r *rig) {
	const people = 60
	policy := mfa.DefaultPolicy()
	var loudest string
	for i := range people {
		email := strings.ReplaceAll(wide(60, i), " ", "") + "@acme.example.com"
		id := r.Tenant.AddUser(oktasim.NewUser{
			Email:      email,
			FirstName:  wide(120, i),
			LastName:   wide(120, i),
			Department: wide(200, i),
			Created:    time.Now().Add(-999 * time.Hour),
		})
		for n := range 45 {
			r.Tenant.AddFactor(id, "custom_"+strings.ReplaceAll(wide(120, n), " ", "_"), wide(60, n),
				[]string{"ACTIVE", "EXPIRED"}[n%2], nil)
		}
		for n := range 15 {
			r.Tenant.GiveRole(id, wide(200, n))
		}
		for range 3 {
			r.Tenant.AddEvent(oktasim.Event{
				Type:   "user.authentication.auth_via_mfa",
				UserID: id,
				Result: "FAILURE",
				Reason: wide(900, i),
				Debug:  map[string]any{"factor": wide(900, i)},
			})
		}
		policy.Exemptions = append(policy.Exemptions, mfa.Exemption{
			User:    untrusted.NewStored(wide(300, i)),
			Owner:   untrusted.NewStored(wide(900, i)),
			Reason:  untrusted.NewStored(wide(900, i)),
			Expires: time.Now().Add(time.Duration(i-30) * 48 * time.Hour),
		})
		loudest = id
	}
	r.deps.MFA.Policy = policy
	time.Sleep(time.Second)
	out := r.audited(nil)
	if out.Summary.Total != people+1 || len(out.Notes) == 0 {
		t.Errorf("audited %d people, notes %d", out.Summary.Total, len(out.Notes))
	}
	s := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil)
	if len(s.Departments) == 0 || s.Exemptions != people {
		t.Errorf("%d departments, %d exemptions", len(s.Departments), s.Exemptions)
	}
	r.pages(people+1, arguments{"limit": 100})
	if status := call[tools.UserStatusOut](r, "okta_mfa_user_status",
		arguments{"user": loudest}); len(status.Methods) < 20 {
		t.Errorf("%d methods of a person with 45", len(status.Methods))
	}
	events := call[tools.EventsOut](r, "okta_mfa_events", arguments{"kind": "failures", "limit": 100})
	if len(events.Events) == 0 || !events.More {
		t.Errorf("%d events, more: %v", len(events.Events), events.More)
	}
	call[tools.ReportOut](r, "okta_mfa_report", arguments{"files": true, "slack": true, "notify_users": true})
}

// pages goes through all findings and fails unless each comes once.
func (r *rig) pages(want int, args arguments) {
	r.t.Helper()
	seen, pages := map[string]bool{}, 0
	for ; pages < want; pages++ {
		page := call[tools.FindingsOut](r, "okta_mfa_findings", args)
		if page.Matched != want || len(page.People) == 0 {
			r.t.Fatalf("page %d has %d people of %d, want %d in all", pages, len(page.People), page.Matched, want)
		}
		for _, p := range page.People {
			if seen[p.UserID+p.Login] {
				r.t.Errorf("%s came twice", p.UserID)
			}
			seen[p.UserID+p.Login] = true
		}
		if args["cursor"] = page.NextCursor; page.NextCursor == "" {
			break
		}
	}
	if len(seen) != want {
		r.t.Errorf("%d of %d people came in %d pages", len(seen), want, pages+1)
	}
}

// TestAnswersAboutOneHundredThousandPeopleStaySmall takes them from an export, which costs no calls.
func TestAnswersAboutOneHundredThousandPeopleStaySmall(t *testing.T) {
	if testing.Short() {
		t.Skip("about sizes and scopes, not about goroutines")
	}
	t.Parallel()
	r := newRig(t, rigOptions{})
	var b strings.Builder
	b.WriteString("User login,Status,Groups,Authenticator type\n")
	for i := range 100_000 {
		fmt.Fprintf(&b, "user%d@acme.example.com,ACTIVE,Group %d,%s\n", i, i%9,
			[]string{"Phone", "Okta Verify", "", "Authenticator " + fmt.Sprint(i)}[i%4])
	}
	r.file("mfa.csv", b.String())
	out := r.audited(arguments{"baseline_file": "mfa.csv"})
	if out.Summary.Total != 100_000 {
		t.Errorf("%d people", out.Summary.Total)
	}
	if s := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil); s.Total != 100_000 || len(s.ByMethod) == 0 {
		t.Errorf("%d people by %d methods", s.Total, len(s.ByMethod))
	}
	page := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"limit": 100, "verdict": "not_enrolled"})
	if page.Matched != 25_000 || len(page.People) == 0 || page.NextCursor == "" {
		t.Errorf("%d people of %d", len(page.People), page.Matched)
	}
}
