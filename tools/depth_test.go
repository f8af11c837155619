package tools_test

import (
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// mostSteps is how many named functions of ours may lie between a tool's handler and http.Client.Do for a write that it
// asked for, both ends counted. A step that only calls the next belongs into its caller.
const mostSteps = 12

// TestFewStepsLieBetweenAToolAndItsWrite reads the stack at the moment of a grant, through the goroutines that made
// each other, and counts the functions of ours from the handler to http.Client.Do.
func TestFewStepsLieBetweenAToolAndItsWrite(t *testing.T) {
	wire := &stackWire{}
	r := newRig(t, rigOptions{world: simtest.Options{Client: oktaclient.Options{Transport: wire}}})
	wire.next = r.Tenant.Transport()
	r.World.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: wire}})
	r.build(rigOptions{mode: "additive"})
	r.small()
	r.applied("prepare_entitlement_structure", arguments{"filename": "report.csv", "app_id": r.AppID})
	wire.watch("/governance/api/v1/grants")
	if done := r.applied("execute_user_grants",
		arguments{"filename": "report.csv", "app_id": r.AppID}); done.Status != "complete" {
		t.Fatalf("the run ended %s", done.Status)
	}
	steps := wire.steps(t)
	t.Logf("%d: %s", len(steps), strings.Join(steps, " > "))
	if len(steps) > mostSteps {
		t.Errorf("%d functions lie between the tool and http.Client.Do, want at most %d", len(steps), mostSteps)
	}
	if len(steps) < 4 || !strings.HasPrefix(steps[0], "tools.executeGrants") ||
		!strings.Contains(steps[len(steps)-1], "oktaclient.") {
		t.Error("the stack does not lead from the handler to the client")
	}
}

// stackWire keeps the stacks of all goroutines at the second write to a path: the first of a run goes alone.
type stackWire struct {
	next http.RoundTripper

	mu     sync.Mutex
	path   string
	seen   int
	stacks string
}

func (w *stackWire) watch(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.path = path
}

func (w *stackWire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	if req.Method == "POST" && req.URL.Path == w.path {
		w.seen++
	}
	if w.stacks == "" && w.seen == 2 {
		buf := make([]byte, 4<<20)
		w.stacks = string(buf[:runtime.Stack(buf, true)])
	}
	w.mu.Unlock()
	return w.next.RoundTrip(req)
}

// waits names where a parent waits for what it has started: beside the way from the handler to the wire.
var waits = map[string]bool{"tools.(*Deps).follow": true, "tools.(*Deps).watch": true}

// starters names the functions of ours that make goroutines on the way by the caller that a reader meets.
var starters = map[string]string{"internal/progress.Start[...]": "batch.(*Jobs).Start"}

var (
	closure       = regexp.MustCompile(`\.func\d+(\.\d+)*$`)
	goroutineLine = regexp.MustCompile(`^goroutine (\d+) `)
	createdLine   = regexp.MustCompile(`^created by (\S+) in goroutine (\d+)`)
)

// steps lists the functions of ours from the handler down to http.Client.Do.
func (w *stackWire) steps(t *testing.T) []string {
	t.Helper()
	blocks := map[string][]string{}
	first := ""
	for _, block := range strings.Split(w.stacks, "\n\n") {
		lines := strings.Split(block, "\n")
		if m := goroutineLine.FindStringSubmatch(lines[0]); m != nil {
			blocks[m[1]] = lines
			if first == "" {
				first = m[1] // the goroutine that asked comes first
			}
		}
	}
	var up []string // from the wire up
	atClient := false
	entered := "" // in a parent goroutine, the function that made the child; what it waits in is beside the way
	for id := first; id != ""; {
		lines := blocks[id]
		if lines == nil { // the goroutine that made it has ended; the run waits above it
			for _, block := range blocks {
				if strings.Contains(strings.Join(block, "\n"), "batch.(*Engine).Run(") {
					lines = block
				}
			}
		}
		id = ""
		for _, line := range lines[1:] {
			if m := createdLine.FindStringSubmatch(line); m != nil {
				id, entered = m[2], m[1]
				break
			}
			at := strings.LastIndex(line, "(") // arguments hold no parenthesis
			if at < 0 || strings.HasPrefix(line, "\t") {
				continue
			}
			name := line[:at]
			atClient = atClient || strings.HasPrefix(name, "net/http.(*Client)")
			ours, ok := strings.CutPrefix(name, "okta-entitlements-mcp/")
			if ok && atClient && !waits[ours] && !closure.MatchString(ours) {
				up = append(up, ours)
			}
		}
		if ours, ok := strings.CutPrefix(entered, "okta-entitlements-mcp/"); ok {
			if ours = starters[ours]; ours != "" {
				up = append(up, ours)
			}
		}
		entered = ""
	}
	slices.Reverse(up)
	return up[max(0, slices.Index(up, "tools.executeGrants")):]
}
