package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/tools"
)

func undoCommand(samples fs.FS) *cobra.Command {
	flags := common{samples: samples}
	var yes string
	cmd := &cobra.Command{
		Use:   "undo RUN",
		Short: "Shows what taking a run back would do; on a terminal, takes it back",
		Args:  cobra.ExactArgs(1),
		Long: "Plans to take back exactly what the run added and what is still there; RUN is the plan_id that was applied.\n" +
			"What users had before, what came later from elsewhere, and assignments stay.\n" +
			"It only shows the plan, unless --yes-undo names the same run and a person sits at the terminal.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.run(cmd, func(ctx context.Context, p *app.App) error {
				return undo(ctx, p, args[0], yes, term.IsTerminal(int(os.Stdin.Fd())), cmd.OutOrStdout())
			})
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&yes, "yes-undo", "", "the run's id once more, to carry the undo out")
	return cmd
}

func undo(ctx context.Context, p *app.App, runID, yes string, onTerminal bool, out io.Writer) error {
	switch {
	case yes != "" && yes != runID:
		return usage(fmt.Errorf("--yes-undo names %s, not %s; nothing was done", yes, runID))
	case yes != "" && !onTerminal:
		return usage(errors.New("--yes-undo takes access away, so it needs a person at a terminal; nothing was done"))
	}
	planned, err := tools.PlanUndo(ctx, p.Deps, runID)
	if err != nil {
		return err
	}
	describeUndo(out, planned)
	if len(planned.Ops) == 0 && yes == "" {
		fmt.Fprintf(out, "nothing is there to be taken back; --yes-undo %s notes that the run was given up\n", runID)
		return nil
	}
	if yes == "" {
		fmt.Fprintf(out, "nothing was done; to take it back, on a terminal: okta-entitlements-mcp undo %s --yes-undo %s\n", runID, runID)
		return nil
	}
	if err := p.Plans.Save(planned); err != nil {
		return err
	}
	summary, err := carryOut(ctx, p, planned, policy.Terminal, "undo", true)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d users lost what the run had given them, %d kept theirs; every user is in %s\n",
		summary.Ended, summary.Rows[plan.Revoked], summary.Rows[plan.Kept], summary.Report)
	return unfinished(summary)
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
