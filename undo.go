package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/tools"
)

func undoCommand() *cobra.Command {
	var flags common
	var yes string
	cmd := &cobra.Command{Use: "undo RUN", Short: "Shows what taking a run back would do; on a terminal, takes it back", Args: cobra.ExactArgs(1),
		Long: "Plans to take back exactly what the run added and what still stands; RUN is the plan_id that was applied.\n" +
			"What users had before, what came later from elsewhere, and assignments stay.\n" +
			"It only shows the plan, unless --yes-undo names the same run and a person sits at the terminal.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.run(cmd, func(ctx context.Context, p *program) error {
				return p.undo(ctx, args[0], yes, term.IsTerminal(int(os.Stdin.Fd())), cmd.OutOrStdout())
			})
		}}
	flags.flags(cmd)
	cmd.Flags().StringVar(&yes, "yes-undo", "", "the run's id once more, to carry the undo out")
	return cmd
}

func (p *program) undo(ctx context.Context, runID, yes string, onTerminal bool, out io.Writer) error {
	switch {
	case yes != "" && yes != runID:
		return &failure{exitUsage, fmt.Errorf("--yes-undo names %s, not %s; nothing was done", yes, runID)}
	case yes != "" && !onTerminal:
		return &failure{exitUsage, errors.New("--yes-undo takes access away, so it needs a person at a terminal; nothing was done")}
	}
	undo, err := tools.PlanUndo(ctx, p.deps, runID)
	if err != nil {
		return err
	}
	describeUndo(out, undo)
	if len(undo.Ops) == 0 {
		return nil
	}
	if yes == "" {
		fmt.Fprintf(out, "nothing was done; to take it back, on a terminal: okta-entitlements-mcp undo %s --yes-undo %s\n", runID, runID)
		return nil
	}
	if err := p.plans.Save(undo); err != nil {
		return err
	}
	permit, err := p.gate.Permit(ctx, undo, policy.Confirmation{PlanID: undo.ID, Channel: policy.Terminal, Client: "undo", Time: time.Now().UTC()})
	if err != nil {
		return err
	}
	summary, err := p.carryOut(ctx, undo, permit)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d users lost what the run had given them, %d kept theirs; every user is in %s\n",
		summary.Ended, summary.Rows[plan.Revoked], summary.Rows[plan.Kept], summary.Report)
	if summary.Unfinished() {
		return &failure{exitUnfinished, errors.New(unfinishedLine(summary))}
	}
	return nil
}

func describeUndo(out io.Writer, undo *plan.Plan) {
	values := 0
	for i := range undo.Ops {
		values += len(undo.Ops[i].Revokes)
	}
	fmt.Fprintf(out, "undo of %s on application %s: %d values of %d users are taken back, %d users keep theirs\n",
		undo.Undoes, undo.App.ID, values, len(undo.Ops), undo.States()[plan.Kept])
	for _, w := range undo.Warnings {
		fmt.Fprintf(out, "note: %s\n", w.What)
	}
}
