package batch_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// TestNobodyLosesAndEverybodyGetsWhatTheReportSays holds the first two promises over random tenants and reports:
// whatever a user had stays, whatever a planned row asks for is there afterwards, a second import writes nothing, and
// the states of the rows add up. PROPERTY_WORLDS says how many worlds (.ci/run takes 500); the seed of a failure is
// in its name.
func TestNobodyLosesAndEverybodyGetsWhatTheReportSays(t *testing.T) {
	worlds := number(t, "PROPERTY_WORLDS", 60)
	for seed := range uint64(worlds) {
		mode := []plan.Mode{plan.ModeAdditive, plan.ModeCustomMerge}[seed%2]
		t.Run(fmt.Sprintf("%s/seed=%d", mode, seed), func(t *testing.T) {
			t.Parallel()
			lines := simtest.Lines(t, 1, oktaclient.Options{})
			synctest.Test(t, func(t *testing.T) { importTwice(t, lines, seed, mode) })
		})
	}
}

func importTwice(t *testing.T, lines []*simtest.Line, seed uint64, mode plan.Mode) {
	rng := rand.New(rand.NewPCG(seed, 2))
	w, people := randomWorld(t, lines, rng, mode)
	ctx := t.Context()
	report := simtest.Report(t, simtest.RandomReport(rng, people))
	w.Structure(ctx, report)
	giveRandomAccess(w, rng, people)
	before := snapshot(w, people)

	p := w.PlanGrants(ctx, report, mode)
	summary := w.Apply(ctx, p)
	after := snapshot(w, people)

	total := 0
	for _, n := range summary.Rows {
		total += n
	}
	if total != len(report.Rows) || summary.TotalRows != len(report.Rows) {
		t.Errorf("row states add up to %d, the report has %d rows: %v", total, len(report.Rows), summary.Rows)
	}
	for email, had := range before {
		for value := range had {
			if !after[email][value] {
				t.Errorf("%s lost value %s", email, value)
			}
		}
	}
	wanted := 0
	for i, row := range p.Rows {
		if row.State != plan.Planned && row.State != plan.AlreadyGranted {
			continue
		}
		email := p.People[row.Person].Email.Raw()
		for _, name := range wantedBy(report, i) {
			wanted++
			if !after[strings.ToLower(email)][name] {
				t.Errorf("line %d: %s has no %s", row.Line, email, name)
			}
		}
	}
	for state := range summary.Rows {
		if state.Unfinished() {
			t.Errorf("rows are left %s: %v", state, summary.Errors)
		}
	}

	if wanted == 0 && summary.UsersGranted > 0 {
		t.Error("users were granted access that no row asks for")
	}

	// At once, while Okta's lists may lag behind the first run, and again when they have caught up.
	writes := w.Writes()
	w.Apply(ctx, w.PlanGrants(ctx, report, mode))
	w.Apply(ctx, p)
	if extra := w.Writes() - writes; extra != 0 {
		t.Errorf("a second import wrote %d times", extra)
	}
	time.Sleep(5 * time.Second)
	if again := w.PlanGrants(ctx, report, mode); len(again.Ops) != 0 {
		t.Errorf("a plan after that holds %d operations", len(again.Ops))
	}
}

// randomWorld makes a tenant in which some people are unknown, inactive or ambiguous.
func randomWorld(t *testing.T, lines []*simtest.Line, rng *rand.Rand, mode plan.Mode) (*simtest.World, []string) {
	w := simtest.New(t, simtest.Options{
		Lines: lines,
		Tenant: oktasim.Options{Seed: rng.Uint64(), NoEntitlements: mode == plan.ModeCustomMerge,
			GrantLag: time.Duration(rng.IntN(2)) * 2 * time.Second},
	})
	return w, populate(w, rng)
}

// populate fills a tenant with people of whom some are unknown, inactive or ambiguous.
func populate(w *simtest.World, rng *rand.Rand) []string {
	var people []string
	for i := range 2 + rng.IntN(8) {
		email := fmt.Sprintf("person%d@acme.example.com", i)
		people = append(people, email)
		switch rng.IntN(10) {
		case 0: // no one of that name
		case 1:
			w.Tenant.AddUser(oktasim.NewUser{
				Email:  email,
				Status: []string{"SUSPENDED", "DEPROVISIONED", "STAGED"}[rng.IntN(3)],
			})
		case 2:
			w.Tenant.AddUser(oktasim.NewUser{Email: email, Login: "first" + email})
			w.Tenant.AddUser(oktasim.NewUser{Email: email, Login: "second" + email})
		default:
			id := w.Tenant.AddUser(oktasim.NewUser{Email: email})
			if rng.IntN(2) == 0 {
				w.Tenant.AssignApp(w.AppID, id)
			}
		}
	}
	return people
}

// giveRandomAccess lets people have grants of every kind before the import.
func giveRandomAccess(w *simtest.World, rng *rand.Rand, people []string) {
	other, values := w.Tenant.AddEntitlement(w.AppID, "License", true, "basic", "pro", "trial")
	bundle := w.Tenant.AddBundle(w.AppID, "Starter", values[0], values[2])
	for _, email := range people {
		id := w.Tenant.UserByEmail(email)
		if id == "" {
			continue
		}
		_ = other
		switch rng.IntN(8) {
		case 0:
			w.Tenant.AddGrant(oktasim.NewGrant{
				Type:   "CUSTOM",
				AppID:  w.AppID,
				UserID: id,
				Values: values[:1+rng.IntN(2)],
			})
		case 1:
			w.Tenant.AddGrant(oktasim.NewGrant{
				Type:   "ENTITLEMENT-BUNDLE",
				AppID:  w.AppID,
				UserID: id,
				Bundle: bundle,
			})
		case 2:
			w.Tenant.AddGrant(oktasim.NewGrant{
				Type:   "CUSTOM",
				AppID:  w.AppID,
				UserID: id,
				Values: values[:1],
			})
			w.Tenant.AddGrant(oktasim.NewGrant{
				Type:    "ENTITLEMENT",
				AppID:   w.AppID,
				UserID:  id,
				Values:  values[1:],
				Expires: time.Now().Add(30 * 24 * time.Hour),
			})
		case 3:
			w.Tenant.AddGrant(oktasim.NewGrant{Type: "CUSTOM", AppID: w.AppID, UserID: id, Action: "DENY"})
		case 4:
			w.Tenant.AddGrant(oktasim.NewGrant{
				Type:   "ENTITLEMENT",
				AppID:  w.AppID,
				UserID: id,
				Values: values[:2],
			})
		}
	}
	time.Sleep(5 * time.Second) // lists catch up
}

// snapshot asks the tenant itself what is in force, by the names that the report uses.
func snapshot(w *simtest.World, people []string) map[string]map[string]bool {
	names := w.Tenant.ValueNames(w.AppID)
	held := map[string]map[string]bool{}
	for _, email := range people {
		id := w.Tenant.UserByEmail(email)
		held[email] = map[string]bool{}
		for value := range w.Tenant.Effective(w.AppID, id) {
			held[email][names[value]] = true
		}
	}
	return held
}

func wantedBy(r *intake.Report, row int) []string {
	var names []string
	for _, v := range r.Accesses[r.Rows[row].Access] {
		names = append(names, r.Entitlements[r.Values[v].Entitlement].Name.Raw()+"/"+r.Values[v].Text.Raw())
	}
	return slices.Sorted(maps.Keys(setOf(names)))
}

func setOf(names []string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}
