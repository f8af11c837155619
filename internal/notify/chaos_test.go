package notify_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
)

// TestAfterEnoughRunsEveryFindingHasOneOpenIssueAndEverySettledOneNone is the property that everything else serves: whatever
// goes wrong, and wherever a run is killed, later runs bring Jira to what is wanted.
func TestAfterEnoughRunsEveryFindingHasOneOpenIssueAndEverySettledOneNone(t *testing.T) {
	worlds := 50
	if text := os.Getenv("CHAOS_WORLDS"); text != "" {
		var err error
		if worlds, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	fired := map[notifytest.Fault]int{}
	for seed := range worlds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { chaos(t, uint64(seed), fired) })
		})
	}
	if worlds < 50 {
		return
	}
	for _, fault := range faults {
		if fired[fault] == 0 {
			t.Errorf("%q never happened", fault)
		}
	}
}

var faults = []notifytest.Fault{
	notifytest.Refused, notifytest.Lost, notifytest.Cut, notifytest.Error500, notifytest.Done500,
	notifytest.Limited, notifytest.Silent, notifytest.Expired,
}

func chaos(t *testing.T, seed uint64, fired map[notifytest.Fault]int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	lag := []time.Duration{0, 5 * time.Second, 100 * time.Second}[rng.IntN(3)]
	p := newPlace(t, notifytest.JiraOptions{Lag: lag, DataCenter: seed%2 == 1})
	with := func(*notify.JiraOptions) {}
	if seed%2 == 1 {
		with = asDataCenter(p)
	}
	people := 3 + rng.IntN(8)
	failing := make([]bool, people)
	wanted := func() notify.Wanted {
		d := wantedOf(nil)
		d.MaxNew = 100
		for i, wrong := range failing {
			if wrong {
				d.Open = append(d.Open, ticket(i))
			} else {
				d.Settled[fmt.Sprintf("t%d", i)] = "enrolled"
			}
		}
		return d
	}
	for range 2 + rng.IntN(4) {
		for i := range failing {
			if rng.IntN(3) == 0 {
				failing[i] = !failing[i]
			}
		}
		share := []float64{0.02, 0.1, 0.4}[rng.IntN(3)]
		killed := rng.IntN(120) // from this call on nothing reaches Jira
		p.fake.Forget()
		p.fake.SetFault(func(c notifytest.Call) (f notifytest.Fault) {
			defer func() { fired[f]++ }()
			switch {
			case c.N > killed:
				return notifytest.Refused
			case rng.Float64() < share:
				return faults[rng.IntN(len(faults))]
			}
			return notifytest.None
		})
		_, _ = p.trySync(p.client(with), wanted())
		if rng.IntN(3) == 0 {
			time.Sleep(time.Duration(rng.IntN(300)) * time.Second)
		}
	}
	p.fake.SetFault(nil)
	for range 3 { // the search may show an old state; an issue read by its key shows the new one
		p.sync(p.client(with), wanted())
		time.Sleep(lag)
	}
	report := p.sync(p.client(with), wanted())
	check(t, p, failing, report)
}

func check(t *testing.T, p *place, failing []bool, report notify.Report) {
	t.Helper()
	open := map[string]int{}
	for _, i := range p.fake.Open() {
		open[i.Summary]++
	}
	wrong := 0
	for i, fails := range failing {
		want := 0
		if fails {
			want = 1
			wrong++
		}
		if got := open[ticket(i).Title]; got != want {
			t.Errorf("person %d fails: %t; %d open issues", i, fails, got)
		}
	}
	if report.Unchanged != wrong || len(report.Results) != wrong {
		t.Errorf("the last run was to have nothing to do: %+v", report)
	}
	for _, i := range p.fake.Issues() {
		for n := 1; n < len(i.Comments); n++ {
			if string(i.Comments[n]) == string(i.Comments[n-1]) {
				t.Errorf("%s has the same comment twice in a row", i.Key)
			}
		}
	}
}
