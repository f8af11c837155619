package tools_test

import (
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
)

// Found from outside, B9: planning had no bound of its own. Each list that planning reads never ends here, quickly or
// slowly, and every tool answers all the same.
func TestPlanningEndsWhateverOktaDoes(t *testing.T) {
	for _, c := range []struct {
		pattern string
		effect  oktasim.Effect
		pause   time.Duration // before each page
		code    string
	}{
		{"/governance/api/v1/grants", oktasim.EffectEndlessList, 0, "bad_answer"},
		{"/governance/api/v1/grants", oktasim.EffectEndlessItems, 0, "bad_answer"},
		{"/governance/api/v1/entitlements", oktasim.EffectEndlessList, 0, "bad_answer"},
		{"/governance/api/v1/entitlements", oktasim.EffectEndlessItems, 10 * time.Second, "timed_out"},
		{"/api/v1/users", oktasim.EffectEndlessItems, 10 * time.Second, "timed_out"},
	} {
		t.Run(string(c.effect)+" "+c.pattern, func(t *testing.T) {
			inBubble(t, rigOptions{}, func(t *testing.T, r *rig) {
				r.small()
				r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin")
				fault := r.Tenant.Inject(oktasim.Fault{Method: "GET", Pattern: c.pattern, Times: -1, Effect: c.effect,
					Do: func() { time.Sleep(c.pause) }})
				start := time.Now()
				p := r.refused("execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID}, c.code)
				if took := time.Since(start); fault.Fired() == 0 || took > 31*time.Minute {
					t.Errorf("answered after %s, %d pages: %+v", took, fault.Fired(), p)
				}
				if !strings.Contains(p.Message, "end") {
					t.Errorf("the message does not say that a list does not end: %s", p.Message)
				}
				r.nothingWritten()
			})
		})
	}
}
