package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/progress"
)

func applyCommand() *cobra.Command {
	var flags common
	cmd := &cobra.Command{Use: "apply PLAN", Short: "Carries a saved plan out, or goes on where its run stopped", Args: cobra.ExactArgs(1),
		Long: "Carries out the plan with this id (plan_ and 32 hex digits, as the planning tools return it) and prints the summary as JSON.\n" +
			"Typing the command counts as the confirmation. Interrupt it at any time: the same command goes on where it stopped.\n" +
			"Exit code 3 means that rows are left over; the same command tries those again.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.run(cmd, func(ctx context.Context, p *program) error { return p.apply(ctx, args[0], cmd.OutOrStdout()) })
		}}
	flags.flags(cmd)
	return cmd
}

func (p *program) apply(ctx context.Context, planID string, out io.Writer) error {
	saved, err := p.plans.Load(planID)
	if err != nil {
		return &failure{exitUsage, err}
	}
	permit, err := p.gate.Permit(ctx, saved, policy.Confirmation{PlanID: planID, Channel: policy.CommandLine, Client: "apply", Time: time.Now().UTC()})
	if err != nil {
		return err
	}
	summary, err := p.carryOut(ctx, saved, permit)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(summary); err != nil {
		return err
	}
	if summary.Unfinished() {
		return &failure{exitUnfinished, errors.New(unfinishedLine(summary))}
	}
	return nil
}

func unfinishedLine(s *batch.Summary) string {
	if s.Stop != nil {
		return fmt.Sprintf("the run stopped (%s): %s; %s", s.Stop.Code, s.Stop.What, s.Stop.Next)
	}
	return "rows are left over; see report.csv, mend the cause, and run the same command again"
}

// carryOut runs a plan in the foreground, showing progress on stderr: a bar on a terminal, lines elsewhere.
func (p *program) carryOut(ctx context.Context, saved *plan.Plan, permit policy.Permit) (*batch.Summary, error) {
	live := progress.New(len(saved.Ops), "starting")
	job := progress.Start(ctx, saved.ID, live, func(ctx context.Context) (*batch.Summary, error) {
		return p.engine.Run(ctx, saved, permit, live)
	})
	meter := newMeter(os.Stderr)
	_ = job.Wait(context.WithoutCancel(ctx), meter.every, meter.show) // a run that is cancelled ends by itself
	meter.show(job.Progress())
	meter.end()
	summary, err := job.Result()
	if err == nil {
		p.afterRun(saved, summary)
	}
	return summary, err
}

// meter shows progress.
type meter struct {
	out      io.Writer
	terminal bool
	every    time.Duration
	last     string
}

func newMeter(f *os.File) *meter {
	if term.IsTerminal(int(f.Fd())) {
		return &meter{out: f, terminal: true, every: 200 * time.Millisecond}
	}
	return &meter{out: f, every: 10 * time.Second}
}

func (m *meter) show(p progress.Progress) {
	line := progressText(p)
	switch {
	case m.terminal:
		fmt.Fprintf(m.out, "\r%s %s\x1b[K", bar(p.Done, p.Total), line)
	case line != m.last:
		fmt.Fprintln(m.out, line)
	}
	m.last = line
}

func (m *meter) end() {
	if m.terminal && m.last != "" {
		fmt.Fprintln(m.out)
	}
}

func progressText(p progress.Progress) string {
	text := fmt.Sprintf("%s %d/%d", p.Phase, p.Done, p.Total)
	if p.Rate > 0 && p.Done < p.Total {
		text += fmt.Sprintf(", %.0f a minute, %s to go", p.Rate, p.ETA)
	}
	if failed := p.Ended[string(batch.Failed)] + p.Ended[string(batch.Unknown)]; failed > 0 {
		text += fmt.Sprintf(", %d not well", failed)
	}
	return text
}

func bar(done, total int) string {
	const width = 30
	full := width
	if total > 0 {
		full = width * done / total
	}
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "]"
}
