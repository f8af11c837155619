package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
)

func applyCommand(samples fs.FS) *cobra.Command {
	flags := common{samples: samples}
	cmd := &cobra.Command{Use: "apply PLAN", Short: "Carries a saved plan out, or goes on where its run stopped", Args: cobra.ExactArgs(1),
		Long: "Carries out the plan with this id (plan_ and 32 hex digits, as the planning tools return it) and prints the summary as JSON.\n" +
			"Typing the command counts as the confirmation. Interrupt it at any time: the same command goes on where it stopped.\n" +
			"Exit code 3 means that rows are left over; the same command tries those again.",
		RunE: func(cmd *cobra.Command, args []string) error {
			person := deskOf(cmd)
			return flags.run(cmd, func(ctx context.Context, p *app.App) error {
				return apply(ctx, p, args[0], person, cmd.OutOrStdout())
			})
		}}
	flags.register(cmd)
	return cmd
}

func apply(ctx context.Context, p *app.App, planID string, person desk, out io.Writer) error {
	saved, err := p.Plans.Load(planID)
	if err != nil {
		return usage(err)
	}
	declined, err := p.Plans.Declined(planID)
	if err != nil {
		return err
	}
	if declined != nil {
		printNotes([]string{fmt.Sprintf("this plan was not confirmed in a conversation at %s: %s; it is applied on your word",
			declined.Time.Local().Format(time.DateTime), declined.Words())})
	}
	if person.terminal {
		describeReading(person.prompt, saved.Reading)
	}
	summary, err := carryOut(ctx, p, saved, policy.CommandLine, "apply", person.terminal)
	if err != nil {
		return err
	}
	return errors.Join(printJSON(out, summary), unfinished(summary))
}

// carryOut runs a plan in the foreground, on the word of the person or job that typed the command. When that was a person at a terminal,
// the mapping that was proposed with the plan is applied from now on.
func carryOut(
	ctx context.Context, p *app.App, saved *plan.Plan, channel policy.Channel, command string, person bool,
) (*batch.Summary, error) {
	word := policy.Confirmation{PlanID: saved.ID, Channel: channel, Client: command, Time: time.Now().UTC()}
	permit, err := p.Gate.Permit(ctx, saved, word)
	if err != nil {
		return nil, err
	}
	if person {
		if err := p.Deps.Planner().Confirmed(ctx, saved.ID, intake.ByTerminal); err != nil {
			printNotes([]string{"the mapping of the report is not kept: " + err.Error()})
		}
	}
	return follow(ctx, p.Jobs.Start(saved, permit))
}

// unfinished is what the exit status says of a run, nil when no row is left over.
func unfinished(s *batch.Summary) error {
	switch {
	case !s.Unfinished():
		return nil
	case s.Stop != nil:
		return &failure{ExitUnfinished, fmt.Errorf("the run stopped (%s): %s; %s", s.Stop.Code, s.Stop.What, s.Stop.Next)}
	default:
		return &failure{ExitUnfinished, errors.New("rows are left over; see report.csv, fix the cause, and run the same command again")}
	}
}
