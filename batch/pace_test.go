package batch_test

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

const (
	grantsPattern = "/governance/api/v1/grants"
	appsBucket    = "/api/v1/apps"
	reportName    = "report.csv"
)

// pace is one import through the whole stack, MCP client to tenant, in virtual time.
type pace struct {
	name     string
	users    int
	limit    int           // grant calls a minute, as X-Rate-Limit-Limit shows it
	assign   int           // of the users, how many still need assigning; they come first
	assigns  int           // calls a minute to the application's users; 50 when 0
	share    float64       // of the organisation's bucket that is this credential's; 0.5 when 0
	others   int           // calls a minute of another client to the same bucket
	burst    int           // of those, made at one instant
	parallel int           // calls that the organisation lets be in flight; 75 when 0
	skew     time.Duration // of Okta's clock
	sync     bool          // every journal line is made to last, as in real life
	twice    bool          // a second plan follows

	least    float64 // utilisation that must be reached
	most     float64 // calls a user that must not be passed; 0: not looked at
	burst429 int     // concurrency refusals that may happen until the client has found its place
}

// paced is what came of it.
type paced struct {
	took          time.Duration // the apply of the grants
	util          float64       // of the share of the limit that is ours to use, where it is narrowest
	refused       int           // 429 answers of either kind
	othersRefused int
	planned       int64   // calls of the plan of the grants
	applied       int64   // calls of its run
	again         int64   // calls of a second plan, when nothing is left to do
	perUser       float64 // calls a user, plan and run
}

func (c pace) tenant() oktasim.Options {
	return oktasim.Options{
		Seed:    1,
		Latency: oktasim.LatencyReal,
		Skew:    c.skew,
		Limits: oktasim.Limits{
			Mode:             oktasim.LimitsReal,
			Share:            c.share,
			ConcurrencyLimit: c.parallel,
			Overrides:        map[string]int{"POST " + grantsPattern: c.limit, appsBucket: cmp.Or(c.assigns, 50)},
		},
	}
}

// lines makes the client, which has to happen outside the bubble.
func (c pace) lines(t testing.TB) []*simtest.Line { return simtest.Lines(t, 1, oktaclient.Options{}) }

// run imports a report of one row a user: structure, plan, apply, and a second plan.
func (c pace) run(t testing.TB, lines []*simtest.Line) paced {
	ctx := t.Context()
	w := simtest.New(t, simtest.Options{
		Lines:  lines,
		Tenant: c.tenant(),
		Engine: batch.Options{NoSync: !c.sync},
		Disk:   c.sync,
	})
	session := w.Session(ctx, map[string]string{reportName: staff(w, c.users, c.assign)})
	defer session.Close()
	structure := session.Plan(ctx, "prepare_entitlement_structure", reportName)
	session.Confirm(ctx, "prepare_entitlement_structure", structure.PlanID, time.Second)
	if c.others > 0 {
		w.Tenant.AddForeignLoad(oktasim.ForeignLoad{
			Method:    "POST",
			Pattern:   grantsPattern,
			PerMinute: c.others,
			Burst:     c.burst,
		})
	}
	before := w.Okta.Stats().Calls
	plan := session.Plan(ctx, "execute_user_grants", reportName)
	if plan.Counts.GrantUsers != c.users {
		t.Fatalf("the plan grants %d users: %+v", plan.Counts.GrantUsers, plan.Counts)
	}
	planned := w.Okta.Stats().Calls - before
	done := session.Confirm(ctx, "execute_user_grants", plan.PlanID, time.Hour)
	c.check(t, w, done)
	out := paced{
		took:    runTime(t, w, plan.PlanID),
		planned: planned,
		applied: w.Okta.Stats().Calls - before - planned,
	}
	out.perUser = float64(out.planned+out.applied) / float64(c.users)
	out.util = c.floor().Seconds() / out.took.Seconds()
	if c.twice {
		before = w.Okta.Stats().Calls
		if again := session.Plan(ctx, "execute_user_grants", reportName); again.Status != "nothing_to_do" {
			t.Errorf("a second plan is %s: %+v", again.Status, again.Counts)
		}
		out.again = w.Okta.Stats().Calls - before
	}
	out.refused = int(w.Okta.Stats().Refused429)
	made, refused := w.Tenant.ForeignCalls()
	if c.others > 0 && made < int(out.took.Minutes())*c.others {
		t.Errorf("the other client made %d calls only", made)
	}
	out.othersRefused = refused
	return out
}

// floor is the least time in which the run can end: one grant call a user, one assignment where needed, each within
// 70 % of its limit, both at once.
func (c pace) floor() time.Duration {
	share := func(limit int) float64 { return math.Floor(0.7*float64(limit) + 1e-9) }
	minutes := max(float64(c.users)/share(c.limit), float64(c.assign)/share(cmp.Or(c.assigns, 50)))
	return time.Duration(minutes * float64(time.Minute))
}

// check holds what must be true of every import.
func (c pace) check(t testing.TB, w *simtest.World, done *tools.PlanOut) {
	t.Helper()
	if done.Status != batch.EndedComplete || done.Done.UsersGranted != c.users || done.Rows["granted"] != c.users {
		t.Fatalf("the run ended %s with %v, %v, %v", done.Status, done.Rows, done.Stop, done.Errors)
	}
	if n := w.Tenant.CallCount("POST", grantsPattern, 201); n != c.users {
		t.Errorf("Okta made %d grants for %d users", n, c.users)
	}
}

// runTime is how long a run took by its own summary: the client asks more seldom.
func runTime(t testing.TB, w *simtest.World, planID string) time.Duration {
	t.Helper()
	summary, err := w.Engine.ReadSummary(planID)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(summary.Elapsed * float64(time.Second))
}

// staff makes people and a report that gives each of them one of a few roles. The first of them are not assigned yet.
func staff(w *simtest.World, users, assign int) string {
	var b strings.Builder
	b.WriteString("Email,Role\n")
	for i := range users {
		email := fmt.Sprintf("person%d@acme.example.com", i)
		id := w.Tenant.AddUser(oktasim.NewUser{Email: email})
		if i >= assign {
			w.Tenant.AssignApp(w.AppID, id)
		}
		fmt.Fprintf(&b, "%s,Role %d\n", email, i%7)
	}
	return b.String()
}

// paces are the imports whose pace is held here and reported by the benchmark.
func paces() []pace {
	return []pace{
		{name: "50 a minute", users: 10_000, limit: 50, sync: true, twice: true, least: 0.97, most: 1.05},
		{name: "1200 a minute", users: 10_000, limit: 1200, least: 0.95, most: 1.05},
		{
			name:   "assignments too",
			users:  10_000,
			limit:  50,
			assign: 10_000,
			twice:  true,
			least:  0.97,
			most:   2.05,
		},
		{
			name:    "half need assigning, more slowly",
			users:   4_000,
			limit:   50,
			assign:  2_000,
			assigns: 30,
			least:   0.97,
		},
		// Others use 30 of the 35 that everyone together may use, so 5 are left: a seventh.
		{
			name:   "another client, 60 percent, evenly",
			users:  2_000,
			limit:  50,
			share:  1,
			others: 30,
			least:  0.14,
		},
		{
			name:   "another client, 60 percent, in bursts",
			users:  2_000,
			limit:  50,
			share:  1,
			others: 30,
			burst:  30,
			least:  0.14,
		},
		{name: "clock 5 minutes ahead", users: 2_000, limit: 50, skew: 5 * time.Minute, least: 0.97},
		{name: "clock 5 minutes behind", users: 2_000, limit: 50, skew: -5 * time.Minute, least: 0.97},
		// 6 calls of 1.2 s in flight make 300 a minute, 0.36 of what the limit would allow.
		{
			name:     "6 calls in flight allowed",
			users:    2_000,
			limit:    1200,
			parallel: 12,
			least:    0.32,
			burst429: 10,
		},
	}
}

// paceUsers is how many people an import has at most unless PACE_USERS says otherwise: enough for every bound, a third of
// the time. .ci/worlds has the full number, which the benchmark always takes.
const paceUsers = 2_500

// cut is the same import of fewer people, in the same proportions.
func (c pace) cut(most int) pace {
	if c.users > most {
		c.users, c.assign = most, c.assign*most/c.users
	}
	return c
}

// TestImportsKeepOktasPace holds the third promise in virtual time, through the whole stack: MCP client, server, tools,
// engine, client, tenant. What is allowed is used, nothing is refused, and no one else is.
func TestImportsKeepOktasPace(t *testing.T) {
	most := number(t, "PACE_USERS", paceUsers)
	for _, c := range paces() {
		c = c.cut(int(most))
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				c.users, c.assign, c.most, c.least = c.users/10, c.assign/10, 0, 0
			}
			lines := c.lines(t)
			synctest.Test(t, func(t *testing.T) {
				got := c.run(t, lines)
				t.Logf("%+v", got)
				if got.util < c.least {
					t.Errorf("utilisation is %.4f, want at least %.2f", got.util, c.least)
				}
				if got.refused > c.burst429 || c.burst429 > 0 && got.refused == 0 {
					t.Errorf("%d calls were refused for their rate", got.refused)
				}
				if got.othersRefused > 0 {
					t.Errorf("%d calls of the other client were refused", got.othersRefused)
				}
				if c.most > 0 && got.perUser > c.most {
					t.Errorf("%.4f calls a user, want at most %.2f", got.perUser, c.most)
				}
			})
		})
	}
}
