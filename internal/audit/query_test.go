package audit_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
)

func TestQueriesPickWhatTheySayAndPagesCoverAllOnce(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 61, Users: 150}, 0, func(t *testing.T, r *rig, _ *wire) {
		user := r.Tenant.CreateUser(oktasim.NewUser{Email: "Removed.Phone@acme.example.com"})
		r.Tenant.Enroll(user, "sms", "OKTA")
		time.Sleep(time.Minute)
		r.Tenant.RemoveFactor(user, "sms")
		time.Sleep(time.Hour)
		s := r.audit(nil)
		all := r.byID(s.AuditID)
		some := map[string]bool{user: true, "00uNobody": true}
		has := func(f mfa.Finding, name string) bool {
			return slices.ContainsFunc(f.Methods, func(m mfa.Method) bool {
				return m.Active() &&
					(m.Name == name || m.Key == name)
			})
		}
		beside := func(f mfa.Finding, key string) bool {
			return slices.ContainsFunc(f.Methods, func(m mfa.Method) bool {
				return m.Active() && m.Key != key &&
					!slices.Contains([]string{"okta_password", "okta_email", "security_question"}, m.Key)
			})
		}
		for name, c := range map[string]struct {
			query mfa.Query
			fits  func(mfa.Finding) bool
		}{
			"everybody": {mfa.Query{}, func(mfa.Finding) bool { return true }},
			"verdict":   {mfa.Query{Verdict: mfa.WeakOnly}, func(f mfa.Finding) bool { return f.Verdict == mfa.WeakOnly }},
			"strength": {mfa.Query{Strength: mfa.Resistant},
				func(f mfa.Finding) bool { return f.Strength == mfa.Resistant }},
			"method":        {mfa.Query{Method: "phone_number"}, func(f mfa.Finding) bool { return has(f, "phone_number") }},
			"method's case": {mfa.Query{Method: "PHONE_number"}, func(f mfa.Finding) bool { return has(f, "phone_number") }},
			"only": {mfa.Query{
				Method: "phone_number",
				Only:   true,
			}, func(f mfa.Finding) bool { return has(f, "phone_number") && !beside(f, "phone_number") }},
			"admins":  {mfa.Query{Admins: true}, func(f mfa.Finding) bool { return len(f.Roles) > 0 }},
			"signals": {mfa.Query{Signals: true}, func(f mfa.Finding) bool { return f.UserID == user }},
			"users":   {mfa.Query{Users: some}, func(f mfa.Finding) bool { return some[f.UserID] }},
			"text":    {mfa.Query{Text: "removed.PHONE"}, func(f mfa.Finding) bool { return f.UserID == user }},
			"text in name": {mfa.Query{Text: "an"}, func(f mfa.Finding) bool {
				return strings.Contains(strings.ToLower(f.Login.Raw()+" "+f.Email.Raw()+" "+f.Name.Raw()), "an")
			}},
			"two at once": {mfa.Query{Verdict: mfa.NotEnrolled, Text: "a"}, func(f mfa.Finding) bool {
				return f.Verdict == mfa.NotEnrolled &&
					strings.Contains(strings.ToLower(f.Login.Raw()+f.Email.Raw()+f.Name.Raw()), "a")
			}},
		} {
			want := map[string]bool{}
			for id, f := range all {
				if c.fits(f) {
					want[id] = true
				}
			}
			got, order := map[string]bool{}, 0
			for q := c.query; ; {
				q.Limit = 7
				page, err := r.mfa.Findings(s.AuditID, q)
				must(t, err)
				if page.Matched != len(want) || len(page.Findings) == 0 {
					t.Fatalf("%s: %d match, want %d; %d on a page", name, page.Matched, len(want), len(page.Findings))
				}
				for _, f := range page.Findings {
					if got[f.UserID] || !want[f.UserID] {
						t.Errorf("%s: %s comes twice or should not", name, f.Login)
					}
					got[f.UserID] = true
					if failing := f.Verdict.Failing(); failing && order > 0 {
						t.Errorf("%s: %s fails and comes after a person who does not", name, f.Login)
					} else if !failing {
						order++
					}
				}
				if q.After = page.Next; q.After == 0 {
					break
				}
			}
			if len(got) != len(want) || len(want) == 0 {
				t.Errorf("%s: pages hold %d of %d people", name, len(got), len(want))
			}
		}
		if page, err := r.mfa.Findings(s.AuditID, mfa.Query{Text: "nobody at all"}); err != nil || page.Matched != 0 ||
			page.Next != 0 {
			t.Errorf("nobody: %+v, %v", page, err)
		}
		if page, err := r.mfa.Findings(s.AuditID, mfa.Query{}); err != nil || len(page.Findings) != 50 || page.Next != 50 {
			t.Errorf("without a limit a page holds %d, next %d, %v", len(page.Findings), page.Next, err)
		}
		for _, id := range []string{"", "mfa_20200101T000000Z_aaaaaaaa", "../../etc", "..", ".",
			s.AuditID + "/../" + s.AuditID + "/.."} {
			if _, err := r.mfa.Findings(id, mfa.Query{}); !errors.Is(err, audit.ErrNoAudit) {
				t.Errorf("findings of %q: %v", id, err)
			}
		}
	})
}

// TestAScopeIsAGroupASearchOrEverybody compares what each lists with what the tenant has.
func TestAScopeIsAGroupASearchOrEverybody(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 62, Users: 120}, 0, func(t *testing.T, r *rig, _ *wire) {
		var members []string
		for _, status := range []string{"ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY", "STAGED",
			"PROVISIONED", "SUSPENDED", "DEPROVISIONED"} {
			members = append(members, r.Tenant.CreateUser(oktasim.NewUser{
				Email:      strings.ToLower(status) + "@acme.example.com",
				Status:     status,
				Department: "Archive",
			}))
		}
		group := r.Tenant.AddGroup("The \"quoted\" group", members...)
		time.Sleep(time.Hour)
		for name, change := range map[string]func(*audit.Request){
			"by id":     func(req *audit.Request) { req.Group = group },
			"by name":   func(req *audit.Request) { req.Group = "The \"quoted\" group" },
			"by search": func(req *audit.Request) { req.Search = `profile.department eq "Archive"` },
		} {
			s := r.audit(change)
			if s.Total != 4 || fmt.Sprint(s.Other) != "map[LOCKED_OUT:1 PASSWORD_EXPIRED:1 RECOVERY:1]" ||
				fmt.Sprint(s.Counted) != "map[PROVISIONED:1 STAGED:1 SUSPENDED:1]" {
				t.Errorf("%s: %d judged, named apart %v, counted %v", name, s.Total, s.Other, s.Counted)
			}
			if s.Scope.Raw() == mfa.Everybody || len(s.History) != 1 || s.Change != nil {
				t.Errorf("%s: scope %s, history of %d, change %+v", name, s.Scope, len(s.History), s.Change)
			}
			for _, f := range r.byID(s.AuditID) {
				if !slices.Contains(members[:4], f.UserID) {
					t.Errorf("%s: %s is %s and was judged", name, f.Login, f.Status)
				}
			}
		}
		s := r.audit(nil)
		found := r.byID(s.AuditID)
		for i, id := range members {
			if _, judged := found[id]; judged != (i < 4) {
				t.Errorf("in an audit of everybody, %s was judged: %v", id, judged)
			}
		}
		if latest, err := r.mfa.Summary(""); err != nil || latest.AuditID != s.AuditID {
			t.Errorf("the latest is %+v, %v", latest, err)
		}
		r.holds(s, "everybody after parts")
	})
}

func TestChangeAndHistoryTellOfTheAuditsBefore(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 63, Users: 50}, 0, func(t *testing.T, r *rig, _ *wire) {
		first := r.audit(nil)
		var failing, well []string
		for id, f := range r.byID(first.AuditID) {
			switch {
			case f.Admin():
			case f.Verdict.Failing():
				failing = append(failing, id)
			case f.Verdict == mfa.Compliant:
				well = append(well, id)
			}
		}
		time.Sleep(7 * 24 * time.Hour)
		for _, id := range failing[:3] {
			r.Tenant.Enroll(id, "webauthn", "FIDO")
		}
		for _, id := range well[:2] {
			r.Tenant.ResetFactors(id)
		}
		r.Tenant.DeleteUser(failing[3])
		r.Tenant.Lifecycle(well[2], "suspend")
		r.Tenant.CreateUser(oktasim.NewUser{Email: "newcomer@acme.example.com"})
		time.Sleep(time.Hour)
		noGrace := func(req *audit.Request) { req.Policy.GraceHours = 0 }
		second := r.audit(noGrace)
		c := second.Change
		if c == nil || c.Since != first.AuditID || c.Fixed != 3 || c.Regressed != 2 || c.NewFail != 1 || c.Gone != 2 {
			t.Fatalf("the change is %+v", c)
		}
		for change, want := range map[string][]string{mfa.Fixed: failing[:3], mfa.Regressed: well[:2],
			mfa.NewFailing: {r.Tenant.UserByEmail("newcomer@acme.example.com")}} {
			page, err := r.mfa.Findings(second.AuditID, mfa.Query{Change: change})
			must(t, err)
			got := []string{}
			for _, f := range page.Findings {
				got = append(got, f.UserID)
			}
			if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				t.Errorf("%s: %q, not %q", change, got, want)
			}
		}
		for _, v := range mfa.Verdicts {
			if c.Verdicts[v] != second.ByVerdict[v]-first.ByVerdict[v] {
				t.Errorf("%s changed by %d: %d, then %d", v, c.Verdicts[v], first.ByVerdict[v], second.ByVerdict[v])
			}
		}
		r.audit(func(req *audit.Request) { req.Search = `profile.lastName sw "A"` }) // another scope: no part of this history
		third := r.audit(nil)
		ids := []string{}
		for _, p := range third.History {
			ids = append(ids, p.AuditID)
		}
		if !slices.Equal(ids, []string{first.AuditID, second.AuditID, third.AuditID}) ||
			third.Change.Since != second.AuditID || third.Change.Fixed+third.Change.Regressed > 1 {
			t.Errorf("history %v, change %+v", ids, third.Change)
		}
		if p := third.History[0]; p.Total != first.Total || p.Enrolled != first.Enrolled ||
			p.Failing != first.ByVerdict[mfa.NotEnrolled]+first.ByVerdict[mfa.WeakOnly] {
			t.Errorf("the first point is %+v", p)
		}
	})
}

func TestOldFindingsGoAndSummariesStay(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 64, Users: 20}, 0, func(t *testing.T, r *rig, _ *wire) {
		r.again(audit.Options{Keep: 3})
		var ids []string
		for range 5 {
			ids = append(ids, r.audit(nil).AuditID)
			time.Sleep(24 * time.Hour)
		}
		for i, id := range ids {
			_, err := r.mfa.Findings(id, mfa.Query{})
			if kept := i >= 2; kept != (err == nil) ||
				!kept && (!errors.Is(err, audit.ErrNoAudit) || !strings.Contains(err.Error(), "taken away")) {
				t.Errorf("findings of audit %d of 5: %v", i+1, err)
			}
			if _, err := r.mfa.Summary(id); err != nil {
				t.Errorf("summary of audit %d: %v", i+1, err)
			}
			if _, err := os.Stat(filepath.Join(r.mfa.Dir(id), "readings.jsonl")); err == nil {
				t.Errorf("the journal of audit %d is still there", i+1)
			}
		}
	})
}
