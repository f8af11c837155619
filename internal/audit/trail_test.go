package audit_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/trail"
)

// TestTheTrailNamesEverybodyOnceWithTheVerdict reads the steps of an audit of more people than one step names.
func TestTheTrailNamesEverybodyOnceWithTheVerdict(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 51, Users: 2000}, 0, func(t *testing.T, r *rig, _ *wire) {
		var steps []trail.Entry
		r.again(audit.Options{Record: func(_ context.Context, s trail.Entry) error {
			steps = append(steps, s)
			return nil
		}})
		s := r.audit(func(req *audit.Request) { req.Client = "the test" })
		if first := steps[0]; first.Step != "audit_started" || first.Client != "the test" ||
			first.Arguments["scope"] != mfa.Everybody || first.Arguments["resumed"] != false {
			t.Errorf("the first step is %+v", first)
		}
		last := steps[len(steps)-1]
		if last.Step != "audit_ended" || last.Outcome != "complete" || last.Arguments["findings_sha256"] != s.Digest ||
			last.Arguments["coverage"] != s.Coverage.Line {
			t.Errorf("the last step is %+v", last)
		}
		verdicts := map[string]string{}
		for _, step := range steps[1 : len(steps)-1] {
			if step.Step != "audit_users" || step.RunID != s.AuditID {
				t.Fatalf("a step %s of %s", step.Step, step.RunID)
			}
			for verdict, ids := range step.Arguments {
				for _, id := range strings.Fields(ids.(string)) {
					if verdicts[id] != "" {
						t.Errorf("%s is named twice", id)
					}
					verdicts[id] = verdict
				}
			}
		}
		want := map[string]string{}
		for id, f := range r.byID(s.AuditID) {
			want[id] = string(f.Verdict)
		}
		if !maps.Equal(verdicts, want) || len(steps) < 5 {
			t.Errorf("%d steps name %d people, the audit has %d", len(steps), len(verdicts), len(want))
		}
		for _, c := range r.Tenant.Calls() {
			if c.Method != "GET" {
				t.Errorf("the audit called %s %s", c.Method, c.Pattern)
			}
		}
	})
}

// TestATrailThatCannotBeWrittenStopsTheAudit fails at each step of an audit once. Nothing is reported then, and no
// one is read twice.
func TestATrailThatCannotBeWrittenStopsTheAudit(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 52, Users: 30}, 0, func(t *testing.T, r *rig, w *wire) {
		full := errors.New("the trail's disk is full")
		left, ids := 0, map[string]bool{}
		record := func(_ context.Context, s trail.Entry) error {
			ids[s.RunID] = true
			if left--; left < 0 {
				return full
			}
			return nil
		}
		stops := 0
		for n := 0; ; n++ {
			left = n
			r.again(audit.Options{Record: record})
			s, err := r.mfa.Run(t.Context(), request(nil), nil)
			if err == nil {
				if len(ids) != 1 || s.Coverage.Unreadable != 0 {
					t.Errorf("%d audits were made: %s", len(ids), s.Coverage.Line)
				}
				break
			}
			stops++
			if !errors.Is(err, full) || !strings.Contains(err.Error(), "trail") {
				t.Fatalf("stopped at step %d with %v", n, err)
			}
			if _, err := r.mfa.Summary(""); !errors.Is(err, audit.ErrNoAudit) {
				t.Errorf("after a failure at step %d there is a summary: %v", n, err)
			}
		}
		if stops < 3 {
			t.Errorf("the audit was stopped %d times", stops)
		}
		for path, n := range w.paths {
			if n > 1 && (strings.HasSuffix(path, "/authenticator-enrollments") || strings.HasSuffix(path, "/factors")) {
				t.Errorf("%s was called %d times", path, n)
			}
		}
	})
}

// TestAdminsAreReadFirst audits a tenant with Okta's limits and latency: anyone who holds a role, in person or
// through a group, is read before anyone else, and how they stand is there long before the end.
func TestAdminsAreReadFirst(t *testing.T) {
	inBubble(t, oktasim.Options{
		Seed:    53,
		Users:   900,
		Latency: oktasim.LatencyReal,
		Limits:  oktasim.Limits{Mode: oktasim.LimitsReal},
	}, 0, func(t *testing.T, r *rig, w *wire) {
		var members []string
		for i := range 4 {
			members = append(members, r.Tenant.CreateUser(oktasim.NewUser{Email: string(rune('a'+i)) + "@acme.example.com"}))
		}
		r.Tenant.GiveGroupRole(r.Tenant.AddGroup("Helpers", members...), "HELP_DESK_ADMIN")
		direct := r.Tenant.CreateUser(oktasim.NewUser{Email: "direct@acme.example.com"})
		r.Tenant.GiveRole(direct, "SUPER_ADMIN")
		r.Tenant.GiveRole(members[0], "READ_ONLY_ADMIN")
		time.Sleep(time.Hour)
		start := time.Now()
		job, err := r.mfa.Start(t.Context(), request(nil))
		must(t, err)
		for job.Admins() == nil || job.Admins().Total < 5 {
			time.Sleep(time.Second)
			if p := job.Progress(); p.Phase == "judging" || time.Since(start) > time.Hour {
				t.Fatal("the admins were not shown before everyone was read")
			}
		}
		known := time.Since(start)
		<-job.Ended()
		s, err := job.Result()
		must(t, err)
		took := time.Since(start)
		found := r.byID(s.AuditID)
		var admins []string
		for id, f := range found {
			if f.Admin() {
				admins = append(admins, id)
			}
		}
		for _, id := range append(members, direct) {
			if !slices.Contains(admins, id) {
				t.Errorf("%s is no admin: %v", id, found[id].Roles)
			}
		}
		if via := []string{found[direct].RolesVia, found[members[0]].RolesVia,
			found[members[1]].RolesVia}; !slices.Equal(via, []string{"direct", "both", "group"}) {
			t.Errorf("roles came by %v", via)
		}
		seen := 0
		for _, path := range w.order {
			id, _, reads := strings.Cut(strings.TrimPrefix(path, "/api/v1/users/"), "/authenticator-enrollments")
			switch {
			case !reads:
			case slices.Contains(admins, id):
				seen++
			case seen < len(admins):
				t.Fatalf("%s was read after %d of %d admins", id, seen, len(admins))
			}
		}
		t.Logf("%d admins known after %s, all %d people after %s", len(admins), known, s.Total, took)
		if *job.Admins().Rate != *s.Admins.Rate || job.Admins().Total != s.Admins.Total || known > time.Minute ||
			known > took/2 {
			t.Errorf("after %s of %s: %+v, in the end %+v", known, took, job.Admins(), s.Admins)
		}
	})
}
