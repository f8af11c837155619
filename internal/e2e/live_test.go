package e2e

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// simulated is the program's own simulated tenant in a process of its own, behind HTTPS.
type simulated struct {
	url, token, app, ca string
	client              *http.Client

	service, key string // id of the registered service app and of its key
}

// simulate starts the tenant, with further flags of the command.
func simulate(t *testing.T, people string, flags ...string) *simulated {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(file, []byte(people), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"sim", "--tls-dir", dir, "--users-from", file, "--limits", "off", "--users", "5"}, flags...)
	cmd := startable(t, []string{"HOME=" + dir}, args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &kept{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, cmd) })
	said := map[string]string{}
	lines := bufio.NewScanner(stdout)
	for said["ca"] == "" && lines.Scan() { // the last line
		name, value, _ := strings.Cut(lines.Text(), " ")
		said[name] = value
	}
	s := &simulated{url: said["url"], token: said["token"], app: said["app"], ca: said["ca"],
		service: said["client"], key: said["key"]}
	ca, err := os.ReadFile(s.ca)
	if err != nil || !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("the simulated tenant said %v: %v\n%s", said, err, cmd.Stderr)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	s.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}}
	return s
}

func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		_ = cmd.Process.Kill()
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s does not end well: %v\n%s", cmd.Args[1], err, cmd.Stderr)
	}
}

// env points the program at the tenant.
func (s *simulated) env(p *place) []string {
	return append(p.env, "OKTA_DOMAIN="+s.url, "OKTA_API_TOKEN="+s.token, "OKTA_CA_FILE="+s.ca, "SETTLE_AFTER=100ms")
}

// see reads what the tenant shows of itself.
func (s *simulated) see(t *testing.T, path string, into any) {
	t.Helper()
	answer, err := s.client.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v: %.300s", path, err, body)
	}
}

// writes counts what the tenant was asked to change.
func (s *simulated) writes(t *testing.T) int {
	t.Helper()
	var seen struct{ Calls []oktasim.Call }
	s.see(t, "/_sim/calls", &seen)
	n := 0
	for _, call := range seen.Calls {
		if call.Method != http.MethodGet {
			n += call.Count
		}
		if call.Status == http.StatusTooManyRequests {
			t.Errorf("refused for rate: %+v", call)
		}
	}
	return n
}

// TestThreeStagesOverHTTPS: the whole way, from a client over stdio to a tenant behind a real listener, live and
// headless.
func TestThreeStagesOverHTTPS(t *testing.T) {
	t.Parallel()
	okta := simulate(t, e2eReport)
	p := newPlace(t)
	p.put(t, "report.csv", e2eReport)
	env := okta.env(p)

	stdout, stderr, code := runProgram(t, env, "doctor")
	if code != 0 || !strings.Contains(stdout, "all is well") || !strings.Contains(stdout, okta.url) ||
		!strings.Contains(stdout, p.inbox) {
		t.Fatalf("doctor: code %d\n%s%s", code, stdout, stderr)
	}
	if strings.Contains(stdout+stderr, okta.token) {
		t.Error("doctor shows the token")
	}

	s := converse(t, modern, nil, env)
	file := map[string]any{"filename": "report.csv", "app_id": okta.app}
	if tested := answer[tools.OktaTestOut](s, "okta_test", nil); tested.Mode != "live" || tested.Cannot != 0 {
		t.Errorf("okta_test: %+v", tested)
	}
	if seen := answer[tools.AnalyzeOut](s, "analyze_csv_for_entitlements",
		map[string]any{"filename": "report.csv"}); seen.Counts.Wanted != 2 {
		t.Errorf("analysis: %+v", seen)
	}
	if made := s.applied("prepare_entitlement_structure", file); made.Status != "complete" ||
		!p.has("processed/report.csv") {
		t.Errorf("structure: %+v", made)
	}
	planned := answer[tools.PlanOut](s, "execute_user_grants", file)
	s.close()
	if strings.Contains(s.said.String()+s.errs.String(), okta.token) {
		t.Error("the token was shown")
	}

	// The plan outlives the server that made it.
	stdout, stderr, code = runProgram(t, env, "apply", planned.PlanID)
	var summary struct {
		Ended string         `json:"ended"`
		Rows  map[string]int `json:"rows"`
	}
	if err := json.Unmarshal([]byte(stdout), &summary); err != nil || code != 0 || summary.Ended != "complete" ||
		summary.Rows["granted"] != 2 {
		t.Fatalf("apply: code %d, %v\n%s%s", code, err, stdout, stderr)
	}
	if !p.has("processed_and_assigned/report.csv") {
		t.Error("the finished report was not moved")
	}
	var state oktasim.State
	okta.see(t, "/_sim/state", &state)
	text, err := json.Marshal(state)
	if err != nil || strings.Count(string(text), `"grantType":"ENTITLEMENT"`) != 2 {
		t.Errorf("the tenant does not have the two grants: %v", err)
	}

	before := okta.writes(t)
	if stdout, stderr, code = runProgram(t, env, "apply", planned.PlanID); code != 0 {
		t.Errorf("apply again: code %d\n%s%s", code, stdout, stderr)
	}
	again := converse(t, legacy, nil, env)
	defer again.close()
	if out := answer[tools.PlanOut](again, "execute_user_grants", file); out.Status != "nothing_to_do" {
		t.Errorf("planned again: %+v", out)
	}
	if job := answer[tools.JobOut](again, "get_job", map[string]any{"job_id": planned.PlanID}); job.Status != "complete" {
		t.Errorf("the run of another process: %+v", job)
	}
	if after := okta.writes(t); after != before {
		t.Errorf("the second time wrote %d times", after-before)
	}
}

// clientKey writes a private key into a file.
func clientKey(t *testing.T) string {
	t.Helper()
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "okta-key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{
		Type:  "PRIVATE KEY",
		Bytes: der,
	}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestOAuthIsRehearsed follows README: a service app with a key, DPoP as Okta demands it of new apps, and no API token.
func TestOAuthIsRehearsed(t *testing.T) {
	t.Parallel()
	file := clientKey(t)
	okta := simulate(t, e2eReport, "--client-key", file)
	p := newPlace(t)
	env := append(p.env, "OKTA_DOMAIN="+okta.url, "OKTA_CA_FILE="+okta.ca, "OKTA_CLIENT_ID="+okta.service,
		"OKTA_PRIVATE_KEY_FILE="+file, "OKTA_KEY_ID="+okta.key)
	stdout, stderr, code := runProgram(t, env, "doctor")
	if code != 0 || !strings.Contains(stdout, "all is well") || !strings.Contains(stdout, "acting as service app") {
		t.Errorf("doctor: code %d\n%s%s", code, stdout, stderr)
	}
	var seen struct{ Calls []oktasim.Call }
	okta.see(t, "/_sim/calls", &seen)
	count := map[string]int{}
	for _, call := range seen.Calls {
		if call.Pattern == "/oauth2/v1/token" {
			count[fmt.Sprint(call.Status)] += call.Count
		}
	}
	if count["400"] != 1 || count["200"] != 1 { // first without the nonce that the tenant asks for
		t.Errorf("calls of the token endpoint by status: %v", count)
	}
}

func TestCommandsRefuseWhatTheyCannotDo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, c := range []struct {
		name string
		env  []string
		args []string
		code int
		want []string
	}{
		{"unknown command", p.env, []string{"nonsense"}, cli.ExitUsage, []string{"nonsense"}},
		{"unknown flag", p.env, []string{"serve", "--nonsense"}, cli.ExitUsage, []string{"nonsense"}},
		{"apply without a plan", append(p.env, "OKTA_DOMAIN=demo"), []string{"apply"}, cli.ExitUsage, []string{"arg"}},
		{"apply what is no plan", append(p.env, "OKTA_DOMAIN=demo"), []string{"apply", "x"}, cli.ExitUsage,
			[]string{"plan_"}},
		{"a host that cannot be", append(p.env, "OKTA_DOMAIN=not a host", "OKTA_API_TOKEN=x"), []string{"doctor"},
			cli.ExitUsage, []string{"OKTA_DOMAIN"}},
		{"no credential", append(p.env, "OKTA_DOMAIN=acme.okta.com"), []string{"doctor"}, cli.ExitUsage,
			[]string{"OKTA_API_TOKEN"}},
		{"Okta down", append(p.env, "OKTA_DOMAIN=http://127.0.0.1:1", "OKTA_API_TOKEN=x"), []string{"doctor"},
			cli.ExitFailed, []string{"127.0.0.1:1"}},
		{"certificates that are none", append(p.env, "OKTA_DOMAIN=acme.okta.com", "OKTA_API_TOKEN=x",
			"OKTA_CA_FILE=/dev/null"), []string{"doctor"}, cli.ExitUsage, []string{"OKTA_CA_FILE"}},
		{"sim with scopes and no key", p.env, []string{"sim", "--client-scopes", "okta.users.read"}, cli.ExitUsage,
			[]string{"--client-key"}},
		{"sim with an unknown scope", p.env, []string{"sim", "--client-key", clientKey(t), "--client-scopes",
			"okta.nonsense"}, cli.ExitUsage, []string{"okta.nonsense"}},
		{"sim with a wrong word", p.env, []string{"sim", "--limits", "some"}, cli.ExitUsage,
			[]string{"--limits", "real", "off"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := runProgram(t, c.env, c.args...)
			if code != c.code || strings.Contains(stderr, "goroutine") {
				t.Errorf("code %d, want %d\n%s%s", code, c.code, stdout, stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr does not speak of %q: %s", want, stderr)
				}
			}
		})
	}
}

// TestStateThatCannotBeMadeStopsTheStart: what cannot be remembered is not done.
func TestStateThatCannotBeMadeStopsTheStart(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "OKTA_DOMAIN=https://acme.okta.test", "OKTA_API_TOKEN=x")
	fails(t, os.WriteFile(p.state, []byte("in the way"), 0o600))
	_, stderr, code := runProgram(t, p.env, "serve")
	if code != cli.ExitUsage || !strings.Contains(stderr, "STATE_DIR") {
		t.Errorf("code %d: %s", code, stderr)
	}
	env := append(p.env, "STATE_DIR="+filepath.Join(p.state, "deeper"))
	if _, stderr, code = runProgram(t, env, "serve"); code == 0 || !strings.Contains(stderr, "STATE_DIR") ||
		!strings.Contains(stderr, "state_not_writable") {
		t.Errorf("code %d: %s", code, stderr)
	}
}
