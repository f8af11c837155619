//go:build linux || darwin

package audit_test

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/fulldisk"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// The child's tenant and state directory: with them this test binary is a process that audits and ends.
const (
	childTenant = "TEST_AUDIT_TENANT"
	childDir    = "TEST_AUDIT_DIR"
)

// answered appends the path of each call that was answered to a file, which outlives the process.
type answered struct{ file *os.File }

func (a answered) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusOK {
		_, err = a.file.WriteString(req.URL.Path + "\n")
	}
	return resp, err
}

// TestAuditChild is the process that is killed.
func TestAuditChild(t *testing.T) {
	url, dir := os.Getenv(childTenant), os.Getenv(childDir)
	if url == "" {
		t.Skip("runs as a child process only")
	}
	calls, err := os.OpenFile(dir+".calls", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(t, err)
	okta, _, err := oktaclient.Connect(t.Context(), oktaclient.Options{
		BaseURL:     url,
		Transport:   answered{calls},
		Credentials: oktaclient.Credentials{Token: secret.New(oktasim.DemoToken)},
	})
	must(t, err)
	a, err := audit.New(okta, audit.Options{Dir: dir, Domain: "acme.okta.test", LogSettle: -1})
	must(t, err)
	_, err = a.Run(t.Context(), request(nil), nil)
	must(t, err)
}

// TestKilledProcessesReadNobodyTwice kills real processes with SIGKILL while they audit, and starts them again until
// one ends.
func TestKilledProcessesReadNobodyTwice(t *testing.T) {
	tenant := oktasim.New(oktasim.Options{Seed: 71, Users: 120})
	url := serve(t, tenant)
	dir := filepath.Join(t.TempDir(), "mfa")
	rng := rand.New(rand.NewPCG(71, 1))
	kills, held, ids := 0, map[string][2]int{}, map[string]bool{}
	for ended := false; !ended; {
		if ended = child(t, url, dir, len(held)+rng.IntN(40), kills < 4); ended {
			break
		}
		kills++
		ids[filepath.Base(filepath.Dir(journalOf(t, dir)))] = true
		counts := callsOf(t, dir)
		for user := range journalled(t, readTree(dir)) {
			if _, ok := held[user]; !ok {
				held[user] = timesRead(counts, user)
			}
		}
	}
	if kills == 0 || len(held) == 0 || len(ids) != 1 {
		t.Fatalf("%d kills with %d readings on disk, audits %v", kills, len(held), ids)
	}
	counts := callsOf(t, dir)
	for user, before := range held {
		if after := timesRead(counts, user); after != before {
			t.Errorf("%s was on disk at a kill after %d readings, by enrolments and by factors; in the end it is %d",
				user, before, after)
		}
	}
	peace := filepath.Join(t.TempDir(), "mfa")
	if !child(t, url, peace, 0, false) {
		t.Fatal("the undisturbed audit did not end")
	}
	got, g := resultOf(t, dir)
	want, w := resultOf(t, peace)
	if !ids[g.AuditID] || g.Coverage.Read != w.Coverage.Read || g.Coverage.Unreadable != 0 || g.Kind != w.Kind {
		t.Errorf("audits %v went on as %s: %s, in peace %s", ids, g.AuditID, g.Coverage.Line, w.Coverage.Line)
	}
	same(t, 71, got, want, g, w)
	t.Logf("%d kills, %d readings kept over them", kills, len(held))
}

func serve(t *testing.T, tenant *oktasim.Tenant) string {
	t.Helper()
	ready, served := make(chan string, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { served <- tenant.Serve(ctx, oktasim.ServeOptions{Ready: func(url string) { ready <- url }}) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return <-ready
}

// child audits in another process, which is killed once its journal holds some lines. It reports whether the process
// ended before.
func child(t *testing.T, url, dir string, lines int, kill bool) (ended bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAuditChild$")
	cmd.Env = append(os.Environ(), childTenant+"="+url, childDir+"="+dir)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	must(t, cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("the child ended with %v\n%s", err, &out)
			}
			return true
		case <-look.C:
			if kill && len(journalled(t, readTree(dir))) > lines {
				must(t, cmd.Process.Kill())
				return <-done == nil
			}
		}
	}
}

func callsOf(t *testing.T, dir string) map[string]int {
	t.Helper()
	f, err := os.Open(dir + ".calls")
	must(t, err)
	defer func() { _ = f.Close() }()
	counts := map[string]int{}
	for in := bufio.NewScanner(f); in.Scan(); {
		counts[in.Text()]++
	}
	return counts
}

func timesRead(counts map[string]int, user string) [2]int {
	return [2]int{counts["/api/v1/users/"+user+"/authenticator-enrollments"], counts["/api/v1/users/"+user+"/factors"]}
}

// resultOf reads the result of the one audit of a state directory.
func resultOf(t *testing.T, dir string) (map[string]mfa.Finding, *mfa.Summary) {
	t.Helper()
	r := newRig(t, simtest.Options{}, 0)
	r.dir = dir
	r.again(audit.Options{})
	s, err := r.mfa.Summary("")
	must(t, err)
	return r.findings(s.AuditID), s
}

// TestAFullDiskStopsTheAuditAndLosesNothing fills the disk while an audit is journalled, in a process of its own
// because the limit that takes the place of the disk's end holds for a whole process.
func TestAFullDiskStopsTheAuditAndLosesNothing(t *testing.T) {
	fulldisk.Alone(t, "THE DISK WAS FULL", func(t *testing.T) {
		lines := simtest.Lines(t, 1, oktaclient.Options{})
		synctest.Test(t, func(t *testing.T) { fillDisk(t, lines) })
	})
}

func fillDisk(t *testing.T, lines []*simtest.Line) {
	r := newRig(t, simtest.Options{Lines: lines, Tenant: oktasim.Options{Seed: 72, Users: 60}}, 0)
	w := r.watch()
	want, whole := r.aside("peace", nil)
	w.forget()
	stopped, ids, held := 0, map[string]bool{}, map[string][2]int{}
	for size := uint64(1000); ; size += 1500 { // each time the disk holds a little more
		r.again(audit.Options{})
		fulldisk.Limit(t, size)
		s, err := r.mfa.Run(t.Context(), request(nil), nil)
		fulldisk.Limit(t, ^uint64(0))
		if job := r.mfa.Current(); job != nil {
			ids[job.ID] = true
		}
		if err == nil {
			same(t, 72, r.findings(s.AuditID), want, s, whole)
			break
		}
		if text := err.Error(); !strings.Contains(text, "file too large") ||
			!strings.Contains(text, "journal") && !strings.Contains(text, "write") && !strings.Contains(text, "save") {
			t.Fatalf("disk of %d bytes: the audit ended with %v", size, err)
		}
		if _, err := r.mfa.Summary(""); err == nil {
			t.Fatalf("disk of %d bytes: an audit that stopped has a summary", size)
		}
		for user := range journalled(t, readTree(r.dir)) {
			if _, ok := held[user]; !ok {
				held[user] = w.read(user)
			}
		}
		stopped++
	}
	now := map[string][2]int{}
	for user := range held {
		now[user] = w.read(user)
	}
	if !maps.Equal(now, held) || len(held) < whole.Total || len(ids) != 1 {
		t.Errorf("of %d people %d were on disk; readings %v, then %v; audits %v", whole.Total, len(held), held, now, ids)
	}
	if stopped >= 5 && !t.Failed() {
		fmt.Println("THE DISK WAS FULL")
	}
}
