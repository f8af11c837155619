package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/oktasim"
)

// TestKilledAuditsEndWhereAnUndisturbedOneEnds kills real processes of the audit command, while they read Okta and
// while they make tickets, and starts them again until the audit is complete and delivered. No person whose reading
// was on disk is read again, no one has two tickets, and the result is that of an undisturbed audit.
func TestKilledAuditsEndWhereAnUndisturbedOneEnds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no SIGKILL")
	}
	t.Parallel()
	kills := killsOf(t, 18) / 2
	rng := rand.New(rand.NewPCG(29, 1))
	b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 29, Users: 220}})
	b.slow = 4 * time.Millisecond
	out := filepath.Join(b.home, "report")
	policy := filepath.Join(b.home, "policy.yaml")
	// who is drawn for the sample would be read again on purpose
	fails(t, os.WriteFile(policy, []byte("sample: 0\n"), 0o600))
	args := []string{"--policy", policy, "--jira", "per_user", "--out", out}
	held := map[string][2]int{} // user → readings by the two sources when the reading was first seen on disk
	reading, ticketing := 0, 0
	for reading < kills*2/3 && b.killAt(args, 8+rng.IntN(60), nil) {
		reading++
		for user, times := range b.onDisk() {
			if _, known := held[user]; !known {
				held[user] = times
			}
		}
	}
	for ticketing < kills/3 && b.killAt(args, 0, b.createdBy(1+rng.IntN(6))) {
		ticketing++
	}
	if reading < kills/3 || ticketing < kills/3 || len(held) < 30 {
		t.Errorf("%d kills while reading, %d while making tickets, %d readings were on disk", reading, ticketing, len(held))
	}
	last := b.audited(0, args...)
	failing := last.Summary.ByVerdict[mfa.NotEnrolled] + last.Summary.ByVerdict[mfa.WeakOnly]
	for user, before := range held {
		if after := b.timesRead(user); after != before {
			t.Errorf("%s was on disk after %v readings and has %v in the end", user, before, after)
		}
	}
	b.hasATicketEach(failing)
	b.trailHoldsEach()
	peace := b.command(append(b.without("STATE_DIR", "JIRA_"), "STATE_DIR="+filepath.Join(b.home, "peace")),
		"audit", "mfa", "--policy", policy, "--out", out+"2")
	if peace.code != 0 {
		t.Fatalf("in peace: %s %s", peace.stdout, peace.stderr)
	}
	if got, want := b.table(out), b.table(out+"2"); !maps.Equal(got, want) {
		t.Errorf("%d people after kills, %d in peace, or not the same", len(got), len(want))
	}
	t.Logf("%d kills while reading, %d while making tickets; %d readings were on disk before the end", reading,
		ticketing, len(held))
}

// createdBy strikes when Jira is asked to create the nth issue from now on; that one is created, and its answer never
// comes.
func (b *bureau) createdBy(n int) func(strike func()) {
	return func(strike func()) {
		seen := 0
		b.jira.SetFault(func(c notifytest.Call) notifytest.Fault {
			if c.Method != http.MethodPost || !strings.HasSuffix(c.Path, "/issue") {
				return notifytest.None
			}
			if seen++; seen < n {
				return notifytest.None
			}
			strike()
			return notifytest.Silent
		})
	}
}

// killAt runs the program and kills it at the nth call to the tenant, or when arm's strike is called. It reports
// whether the program was killed before its end.
func (b *bureau) killAt(args []string, nth int, arm func(strike func())) bool {
	b.t.Helper()
	struck := make(chan struct{}, 1)
	strike := func() {
		select {
		case struck <- struct{}{}:
		default:
		}
	}
	b.mu.Lock()
	from := b.total
	b.each = nil
	if arm == nil {
		b.each = func(n int) {
			if n-from == nth {
				strike()
			}
		}
	}
	b.mu.Unlock()
	if arm != nil {
		arm(strike)
	}
	defer b.jira.SetFault(nil)
	cmd, ended := b.killable(append([]string{"audit", "mfa"}, args...)...)
	select {
	case err := <-ended:
		fails(b.t, err)
		return false
	case <-struck:
	}
	fails(b.t, cmd.Process.Kill())
	killed := <-ended != nil
	time.Sleep(10 * b.slow) // what had been sent before the kill is served now
	return killed
}

// timesRead is how often the tenant was asked for a person's enrolments, by both sources.
func (b *bureau) timesRead(user string) [2]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return [2]int{b.paths["/api/v1/users/"+user+"/authenticator-enrollments"], b.paths["/api/v1/users/"+user+"/factors"]}
}

// onDisk is whose reading the journals hold now, with how often each was read until now.
func (b *bureau) onDisk() map[string][2]int {
	b.t.Helper()
	journals, err := filepath.Glob(filepath.Join(b.state, "mfa", "audits", "*", "readings.jsonl"))
	fails(b.t, err)
	users := map[string][2]int{}
	for _, name := range journals {
		text, err := os.ReadFile(name)
		fails(b.t, err)
		for line := range bytes.Lines(text) {
			var l struct {
				T string `json:"t"`
				U string `json:"u"`
			}
			if bytes.HasSuffix(line, []byte("\n")) && json.Unmarshal(line, &l) == nil && l.T == "read" {
				users[l.U] = b.timesRead(l.U)
			}
		}
	}
	return users
}

// hasATicketEach wants as many issues as people, each of them of its own.
func (b *bureau) hasATicketEach(people int) {
	b.t.Helper()
	keys := map[string]int{}
	for _, i := range b.jira.Issues() {
		at := slices.IndexFunc(i.Labels, func(l string) bool { return strings.Contains(l, "-key-") })
		if at < 0 || i.Done() {
			b.t.Errorf("%s: labels %v, %s", i.Key, i.Labels, i.Status)
			continue
		}
		keys[i.Labels[at]]++
	}
	for key, n := range keys {
		if n != 1 {
			b.t.Errorf("%d issues of %s", n, key)
		}
	}
	if len(keys) != people {
		b.t.Errorf("%d people have a ticket, want %d", len(keys), people)
	}
}

// trailHoldsEach verifies the trail; an audit that ended holds all people. A kill may come between a line of the
// trail and what it announces, so a person may be in it twice, but never be missing.
func (b *bureau) trailHoldsEach() {
	b.t.Helper()
	if r := b.command(nil, "trail", "verify"); r.code != 0 {
		b.t.Errorf("trail verify: %s %s", r.stdout, r.stderr)
	}
	sizes := map[int]bool{}
	for _, users := range b.judged() {
		sizes[len(users)] = true
	}
	if len(sizes) != 1 {
		b.t.Errorf("audits of different sizes: %s", fmt.Sprint(sizes))
	}
}
