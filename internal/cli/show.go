package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/tools"
)

// screen prints the demo and the results of audits: plain text, with bold and dim words on a terminal.
type screen struct {
	out        io.Writer
	terminal   bool
	bold, dim  string
	plainAgain string
	honest     string // what is said of compressed time
	times      int    // how many times it is compressed; 0 or 1: not at all
	drawn      bool   // a progress line is unfinished on the terminal
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out}
	f, ok := out.(*os.File)
	s.terminal = ok && term.IsTerminal(int(f.Fd()))
	if s.terminal && os.Getenv("NO_COLOR") == "" {
		s.bold, s.dim, s.plainAgain = "\x1b[1m", "\x1b[2m", "\x1b[0m"
	}
	return s
}

func (s *screen) say(format string, args ...any) {
	if s.drawn {
		fmt.Fprintln(s.out)
		s.drawn = false
	}
	fmt.Fprintf(s.out, format+"\n", args...)
}

func (s *screen) head(format string, args ...any) {
	s.say("\n%s%s%s", s.bold, fmt.Sprintf(format, args...), s.plainAgain)
}

func (s *screen) opening(w *app.World, file string) {
	s.head("An access report becomes entitlements and grants on an Okta tenant")
	s.say("  tenant   simulated, in this process; nothing leaves this machine")
	s.say("  app      %s (%s), entitlement management on", app.DemoAppLabel, w.AppID)
	s.say("  report   %s", file)
	s.say("  client   a real MCP client, calling the tools that Claude Desktop would call")
	if s.honest != "" {
		s.say("  pace     %s", s.honest)
	}
}

func (s *screen) call(tool string, arguments map[string]any) {
	names := make([]string, 0, len(arguments))
	for name := range arguments {
		names = append(names, name)
	}
	slices.Sort(names)
	pairs := make([]string, len(names))
	for i, name := range names {
		pairs[i] = fmt.Sprintf("%s: %v", name, arguments[name])
	}
	s.say("\n%s> %s%s %s{%s}%s", s.bold, tool, s.plainAgain, s.dim, strings.Join(pairs, ", "), s.plainAgain)
}

func (s *screen) analysis(a *tools.AnalyzeOut) {
	s.say("  %d rows of %d users: %d permitted, %d denied, %d that say nothing, %d unusable",
		a.Counts.Rows, a.Counts.Users, a.Counts.Wanted, a.Counts.Denied, a.Counts.NoEntitlement, a.Counts.Bad)
	for _, c := range a.Columns {
		s.say("  %-18s %-12s %s%s%s", c.Name, c.Role, s.dim, c.Reason, s.plainAgain)
	}
	for _, e := range a.Entitlements {
		values := make([]string, 0, 4)
		for _, v := range e.Values[:min(len(e.Values), 4)] {
			values = append(values, fmt.Sprintf("%s (%d users)", v.Value, v.Users))
		}
		more := ""
		if e.Distinct > len(values) {
			more = fmt.Sprintf(" and %d more", e.Distinct-len(values))
		}
		s.say("  %s: %s%s", e.Name, strings.Join(values, ", "), more)
	}
	if a.Creep != nil {
		s.say("  %d users gained access after their first day, %s to %s:", a.Creep.Users, a.Creep.From, a.Creep.To)
		for _, u := range a.Creep.Top[:min(len(a.Creep.Top), 3)] {
			s.say("    %s has %d values, %d of them gained later", u.User, u.Values, u.Gained)
		}
	}
}

func (s *screen) plan(p *tools.PlanOut, first bool) {
	if p.Status == "nothing_to_do" {
		s.say("  nothing to do%s", rowsIn(p.Rows))
		return
	}
	s.say("  planned, nothing written: %s", strings.Join(p.Counts.Lines(), ", "))
	if first {
		for _, op := range p.Sample[:min(len(p.Sample), 3)] {
			s.say("  %s%s %s%s%s", s.dim, op.Kind, strings.TrimSpace(op.User+" "+op.Target), listed(op.Values, op.More), s.plainAgain)
		}
	}
	if p.Total > 0 {
		s.say("  every row accounted for:%s", rowsIn(p.Rows))
	}
	for _, w := range p.Warnings {
		s.say("  note: %s", w.What)
	}
}

func listed(values []string, more int) string {
	if len(values) == 0 {
		return ""
	}
	text := ": " + strings.Join(values, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (s *screen) confirm(tool, planID string) {
	s.say("  a person looks at it and agrees; %s is called again with plan_id %s", tool, planID)
}

// progress draws over the line before on a terminal, and prints lines elsewhere.
func (s *screen) progress(p *tools.ProgressItem) {
	if p == nil {
		return
	}
	line := fmt.Sprintf("  %s %s %d of %d", bar(p.Done, p.Total), p.Phase, p.Done, p.Total)
	times := max(1, s.times)
	if p.Rate > 0 {
		line += fmt.Sprintf(", %.0f a minute", p.Rate/float64(times))
	}
	if eta, err := time.ParseDuration(p.ETA); err == nil {
		line += fmt.Sprintf(", %s to go", (eta * time.Duration(times)).Round(time.Minute))
	}
	line += waiting(p.Wait)
	if !s.terminal {
		s.say("%s", line)
		return
	}
	fmt.Fprintf(s.out, "\r\x1b[K%s", line)
	s.drawn = true
}

func waiting(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func (s *screen) outcome(p *tools.PlanOut) {
	if p.Done != nil {
		s.say("  %s: %d entitlements and %d values created, %d users assigned, %d users granted", p.Status,
			p.Done.EntitlementsCreated, p.Done.ValuesCreated, p.Done.UsersAssigned, p.Done.UsersGranted)
	}
	if len(p.Rows) > 0 {
		s.say("  %d rows:%s", p.Total, rowsIn(p.Rows))
	}
	if p.Stop != nil {
		s.say("  stopped: %s; %s", p.Stop.What, p.Stop.Next)
	}
	for _, e := range p.Errors {
		s.say("  line %d: %s %s", e.Line, e.State, e.Error)
	}
}

// rowsIn lists states with their counts.
func rowsIn(rows map[string]int) string {
	var b strings.Builder
	for _, state := range plan.States() {
		if n := rows[string(state)]; n > 0 {
			fmt.Fprintf(&b, " %d %s", n, state)
		}
	}
	return b.String()
}

func (s *screen) rerun() {
	s.head("The same report again")
}

func (s *screen) closing(t *Story) {
	s.head("Done")
	s.say("  calls to Okta %d, refused for rate (429) %d, writes of the second run %d", t.Okta.Calls, t.Okta.HTTP429, t.Rerun.Writes)
	s.head("Next")
	s.say(`  Claude Desktop: add this to claude_desktop_config.json and restart it
    {"mcpServers": {"okta-entitlements": {"command": "%s", "args": ["serve", "--demo"]}}}
  Claude Code:    claude mcp add okta-entitlements -- %s serve --demo
  A real org:     copy .env.example to .env, set OKTA_DOMAIN and a credential, then: %s doctor
                  and drop --demo above. README.md lists the scopes and the admin role that are needed.
  Every Monday:   %s audit mfa --out report --jira per_user --slack`, self(), self(), self(), self())
}

// self is how this program is started again.
func self() string {
	exe, err := os.Executable()
	if err != nil || strings.Contains(exe, "go-build") {
		return "okta-entitlements-mcp" // `go run`: the binary is gone afterwards; `go build` makes one of this name
	}
	return exe
}
