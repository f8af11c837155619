package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/tools"
)

// binary is the program as a user has it.
func binary(b *testing.B) string {
	b.Helper()
	path, err := theProgram()
	if err != nil {
		b.Fatalf("build: %v", err)
	}
	return path
}

// talk starts the program as a client does and says hello.
func talk(b *testing.B, cmd *exec.Cmd) *client.Client {
	b.Helper()
	start := transport.WithCommandFunc(func(context.Context, string, []string,
		[]string) (*exec.Cmd, error) {
		return cmd, nil
	})
	session, err := client.NewStdioMCPClientWithOptions(cmd.Path, nil, nil, start)
	if err != nil {
		b.Fatal(err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_LEGACY_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "bench", Version: "1"}
	if _, err := session.Initialize(b.Context(), hello); err != nil {
		b.Fatal(err)
	}
	return session
}

// ask calls a tool and decodes what it says.
func ask(b *testing.B, session *client.Client, tool string, arguments map[string]any, into any) {
	b.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, arguments
	result, err := session.CallTool(b.Context(), req)
	if err != nil {
		b.Fatal(err)
	}
	text, _ := result.Content[0].(mcp.TextContent)
	if result.IsError {
		b.Fatalf("%s: %s", tool, text.Text)
	}
	if err := json.Unmarshal([]byte(text.Text), into); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStdio reports how long the built program takes from its start to the answer of initialize, and for one round
// trip of a tool that asks Okta nothing. The demo tenant is behind it.
func BenchmarkStdio(b *testing.B) {
	program, dir := binary(b), b.TempDir()
	const trips = 500
	var start, trip time.Duration
	for b.Loop() {
		cmd := exec.Command(program, "serve", "--demo")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CSV_DIR="+dir, "STATE_DIR="+dir)
		at := time.Now()
		session := talk(b, cmd)
		start += time.Since(at)
		at = time.Now()
		for range trips {
			ask(b, session, "okta_get_rate_status", nil, &tools.RateStatusOut{})
		}
		trip += time.Since(at)
		if err := session.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(start.Microseconds())/1000/float64(b.N), "start-ms")
	b.ReportMetric(float64(trip.Microseconds())/1000/float64(b.N*trips), "roundtrip-ms")
}

// BenchmarkApply100k carries a plan for 100,000 users out with the built program, against the simulated tenant in
// another process, without limits. peak-MB is the most memory that the program held, from its start over planning to
// the end.
func BenchmarkApply100k(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("the system does not say how much memory a process held")
	}
	const users = 100_000
	program := binary(b)
	for b.Loop() {
		dir := memoryDir(b)
		writeStaff(b, filepath.Join(dir, "report.csv"), users)
		domain, app := startTenant(b, program, filepath.Join(dir, "report.csv"))
		cmd := exec.Command(program, "serve")
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		cmd.Env = append(os.Environ(), "OKTA_DOMAIN="+domain, "OKTA_API_TOKEN=bench-token", "CSV_DIR="+dir,
			"STATE_DIR="+filepath.Join(dir, "state"), "LOG_LEVEL=error", "SETTLE_AFTER=100ms")
		session := talk(b, cmd)
		carryOut(b, session, "prepare_entitlement_structure", app)
		planned := peakOf(b, cmd.Process.Pid)
		at := time.Now()
		done := carryOut(b, session, "execute_user_grants", app)
		took := time.Since(at)
		if done.Done == nil || done.Done.UsersGranted != users {
			b.Fatalf("the run ended %s with %v, %v", done.Status, done.Rows, done.Errors)
		}
		b.ReportMetric(peakOf(b, cmd.Process.Pid), "peak-MB")
		b.ReportMetric(planned, "structure-peak-MB")
		b.ReportMetric(float64(users)/took.Seconds(), "users/s")
		if err := session.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAuditMemory100k audits 100,000 people with the built program, against the simulated tenant in another
// process, without limits: all people, then again after one of a hundred lost all factors. The peaks are the most
// memory that each of the two processes held, from its start to its end.
func BenchmarkAuditMemory100k(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("the system does not say how much memory a process held")
	}
	const users = 100_000
	program := binary(b)
	for b.Loop() {
		dir := memoryDir(b)
		writeStaff(b, filepath.Join(dir, "report.csv"), users)
		domain, _ := startTenant(b, program, filepath.Join(dir, "report.csv"))
		full := auditOf(b, program, domain, dir)
		resetSome(b, domain, users/100)
		// beyond what an audit allows for clocks that differ: it would read again who changed that lately
		time.Sleep(6 * time.Second)
		incremental := auditOf(b, program, domain, dir)
		if full.Summary.Kind != mfa.KindFull || full.Summary.Coverage.Read < users ||
			incremental.Summary.Kind != mfa.KindIncremental || incremental.Summary.Change.Regressed == 0 {
			b.Fatalf("full: %s; incremental: %s (%s)", full.Summary.Coverage.Line, incremental.Summary.Coverage.Line,
				incremental.Summary.WhyFull)
		}
		for name, a := range map[string]weighed{"full": full, "incremental": incremental} {
			b.ReportMetric(a.peak, name+"-peak-MB")
			b.ReportMetric(a.took.Seconds(), name+"-s")
			b.ReportMetric(float64(a.Summary.Calls)/users, name+"-calls/user")
		}
	}
}

// weighed is what one audit found, and what it took.
type weighed struct {
	cli.AuditReport
	peak float64 // MB
	took time.Duration
}

// auditOf runs one audit as a process and watches its memory.
func auditOf(b *testing.B, program, domain, dir string) (w weighed) {
	b.Helper()
	cmd := exec.Command(program, "audit", "mfa", "--json")
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, os.Stderr
	cmd.Env = append(os.Environ(), "OKTA_DOMAIN="+domain, "OKTA_API_TOKEN=bench-token", "CSV_DIR="+dir,
		"STATE_DIR="+filepath.Join(dir, "state"), "LOG_LEVEL=error", "MFA_LOG_SETTLE=0s")
	at := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if peak, err := peakSoFar(cmd.Process.Pid); err == nil {
				w.peak = max(w.peak, peak)
			}
		case err := <-ended:
			w.took = time.Since(at)
			if err == nil {
				err = json.Unmarshal(out.Bytes(), &w.AuditReport)
			}
			if err != nil || w.peak == 0 {
				b.Fatalf("audit: %v, peak %v", err, w.peak)
			}
			return w
		}
	}
}

// resetSome takes all factors from n people by Okta's API, as an administrator would.
func resetSome(b *testing.B, domain string, n int) {
	b.Helper()
	call := func(method, path string, into any) {
		req, err := http.NewRequestWithContext(b.Context(), method, domain+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "SSWS bench-token")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode >= 300 {
			b.Fatalf("%s %s: %s", method, path, resp.Status)
		}
		if into != nil {
			if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
				b.Fatal(err)
			}
		}
	}
	for i := range n {
		var found []struct{ ID string }
		call("GET", fmt.Sprintf("/api/v1/users?limit=1&search=profile.login+eq+%%22person%06d@acme.example.com%%22",
			i*97), &found)
		if len(found) != 1 {
			b.Fatalf("person %d: %v", i, found)
		}
		call("POST", "/api/v1/users/"+found[0].ID+"/lifecycle/reset_factors", nil)
	}
}

// carryOut plans, confirms and follows a stage to its end.
func carryOut(b *testing.B, session *client.Client, tool, app string) *tools.PlanOut {
	b.Helper()
	planned, out := &tools.PlanOut{}, &tools.PlanOut{}
	ask(b, session, tool, map[string]any{"filename": "report.csv", "app_id": app}, planned)
	ask(b, session, tool, map[string]any{"plan_id": planned.PlanID}, out)
	for out.Status == "running" {
		time.Sleep(5 * time.Second)
		job := &tools.JobOut{}
		ask(b, session, "get_job", map[string]any{"job_id": out.JobID}, job)
		out.Renew(job)
	}
	return out
}

// memoryDir is a directory in memory where the system has a place for that: here fsync is not what is measured.
func memoryDir(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bench-")
	if err != nil {
		return b.TempDir()
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func writeStaff(b *testing.B, path string, users int) {
	b.Helper()
	var text strings.Builder
	text.WriteString("Email,Role,Permission_Set\n")
	for i := range users {
		fmt.Fprintf(&text, "person%06d@acme.example.com,Role %d,Set %d\n", i, i%40, i%60)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
}

// startTenant serves the people of a report and returns where.
func startTenant(b *testing.B, program, report string) (domain, app string) {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "sim", "--limits", "off", "--users", "0", "--users-from", report,
		"--token", "bench-token")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stop(); _ = cmd.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		switch name {
		case "url":
			domain = value
		case "app":
			return domain, value
		}
	}
	b.Fatal("the tenant did not say where it is")
	return "", ""
}

// peakOf is the most memory that a process held, in megabytes.
func peakOf(b *testing.B, pid int) float64 {
	b.Helper()
	peak, err := peakSoFar(pid)
	if err != nil {
		b.Fatal(err)
	}
	return peak
}

// peakSoFar fails for a process that has ended.
func peakSoFar(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb * 1024 / 1e6, err
		}
	}
	return 0, errors.New("the system does not say the peak")
}
