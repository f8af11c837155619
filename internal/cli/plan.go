package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/planning"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// planFlags are the flags of plan.
type planFlags struct {
	common
	appID   string
	stage   string
	group   string
	files   []string // --answers
	answers []string // --answer
	json    bool
}

func planCommand(samples fs.FS) *cobra.Command {
	flags := planFlags{common: common{samples: samples}}
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Makes a plan from a report and saves it; writes nothing to Okta",
		Args:  cobra.ExactArgs(1),
		Long: "Reads a report of the inbox (FILE is its name there), compares it with Okta and saves the plan. Prints what was\n" +
			"understood, what would be done, and the command that applies the plan. Nothing is written to Okta.\n" +
			"Exit code 3 means that the report can be read in more than one way: the questions are on stdout as JSON, each with\n" +
			"the arguments that settle it; hand one of them to --answer. On a terminal the questions are asked instead.",
		RunE: func(cmd *cobra.Command, args []string) error {
			stage, err := oneOf("stage", flags.stage, plan.StageGrants, plan.StageStructure)
			if err != nil {
				return err
			}
			person := deskOf(cmd)
			answers, err := flags.given(person.terminal)
			if err != nil {
				return err
			}
			return flags.run(cmd, func(ctx context.Context, p *app.App) error {
				req := planning.Request{File: args[0], AppID: flags.appID, Stage: stage, Group: flags.group, Answers: answers}
				return makePlan(ctx, p, req, person, flags.json, cmd.OutOrStdout())
			})
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&flags.appID, "app", "", "Okta application id, 0oa and 17 more characters")
	cmd.Flags().StringVar(&flags.stage, "stage", string(plan.StageGrants), "structure (entitlements and values) or grants")
	cmd.Flags().StringVar(&flags.group, "assign-via-group", "", "Okta group id (00g…) that brings the application to users who lack it")
	cmd.Flags().StringArrayVar(&flags.files, "answers", nil, "file with answers about the report as one JSON object")
	cmd.Flags().StringArrayVar(&flags.answers, "answer", nil, "an answer about the report as JSON; can be repeated")
	cmd.Flags().BoolVar(&flags.json, "json", false, "print the plan as JSON")
	_ = cmd.MarkFlagRequired("app") // the flag is there
	return cmd
}

// given reads the answers of the flags. They count as those of a person at a terminal when there is one; without a
// terminal anything may have written them, so they count as arguments.
func (f *planFlags) given(terminal bool) ([]intake.Answered, error) {
	by := intake.ByArgument
	if terminal {
		by = intake.ByTerminal
	}
	var all []intake.Answered
	add := func(where string, text []byte) error {
		answers, err := parseAnswers(text)
		if err != nil {
			return usage(fmt.Errorf("%s: %w", where, err))
		}
		all = append(all, intake.Answered{By: by, Answers: answers})
		return nil
	}
	for _, text := range f.answers {
		if err := add("--answer", []byte(text)); err != nil {
			return nil, err
		}
	}
	for _, name := range f.files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, usage(fmt.Errorf("--answers: %w", err))
		}
		if err := add("--answers "+untrusted.New(name).Show(untrusted.Name), text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseAnswers reads one JSON object strictly.
func parseAnswers(text []byte) (intake.Answers, error) {
	var answers intake.Answers
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&answers); err != nil {
		return answers, fmt.Errorf("must be an object such as {\"words\":{\"Decision\":{\"Parked\":\"refuses\"}}}: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return answers, errors.New("there is more after the object; give each answer its own flag")
	}
	return answers, nil
}

// makePlan reads the report, has open doubts settled or said, and prints the plan.
func makePlan(ctx context.Context, p *app.App, req planning.Request, person desk, asJSON bool, out io.Writer) error {
	asks := person.terminal && len(req.Answers) == 0
	reading, err := p.Deps.Planner().Read(ctx, req.File, req.AppID, req.Answers)
	for asks && err == nil && len(reading.Report.Open()) > 0 {
		var answer intake.Answers
		if answer, err = person.ask(reading.Report.Open()[0]); err != nil {
			break
		}
		req.Answers = append([]intake.Answered{{By: intake.ByTerminal, Answers: answer}}, req.Answers...)
		reading, err = p.Deps.Planner().Read(ctx, req.File, req.AppID, req.Answers)
	}
	if err != nil {
		return err
	}
	if refusal := reading.Report.Refusal(); refusal != nil {
		said := printJSON(out, doubtsOf(reading.Report))
		return errors.Join(said, &failure{ExitUnfinished, refusal})
	}
	made, err := p.Deps.Planner().Make(ctx, req, reading)
	if err != nil {
		return err
	}
	for _, note := range reading.Notes {
		printNotes([]string{note.Error()})
	}
	if asJSON {
		return printJSON(out, planJSON(made, reading))
	}
	describePlan(out, made, reading)
	return nil
}

// DoubtsOut is what plan prints on stdout when it ends with exit code 3 over a report in doubt.
type DoubtsOut struct {
	Code   trouble.Code `json:"code"` // reading_in_doubt
	File   string       `json:"file"`
	SHA256 string       `json:"sha256"`
	Doubts []DoubtOut   `json:"doubts"`
	Next   string       `json:"next_step"`
}

// DoubtOut is one question about a report.
type DoubtOut struct {
	Code     string      `json:"code"`
	Column   string      `json:"column,omitempty"`
	Columns  []string    `json:"columns,omitempty"`
	Lines    []int       `json:"lines,omitempty"`
	Question string      `json:"question"`
	Answers  []AnswerOut `json:"answers"`
}

// AnswerOut is one way to settle a doubt.
type AnswerOut struct {
	Label    string          `json:"label"`
	Effect   string          `json:"effect,omitempty"`
	Argument json.RawMessage `json:"argument"` // for --answer
}

func doubtsOf(r *intake.Report) DoubtsOut {
	out := DoubtsOut{
		Code:   trouble.ReadingInDoubt,
		File:   r.File,
		SHA256: r.SHA256,
		Next:   "run the command again with one --answer 'ARGUMENT' for each doubt",
	}
	for _, d := range r.Open() {
		doubt := DoubtOut{
			Code:     d.Code,
			Column:   d.Column.Show(untrusted.Long),
			Lines:    d.Lines,
			Question: shown(d.Question),
			Answers:  []AnswerOut{},
		}
		for _, c := range d.Columns {
			doubt.Columns = append(doubt.Columns, c.Show(untrusted.Long))
		}
		for _, a := range d.Answers {
			doubt.Answers = append(doubt.Answers, AnswerOut{Label: shown(a.Label), Effect: shown(a.Effect), Argument: json.RawMessage(a.Argument)})
		}
		out.Doubts = append(out.Doubts, doubt)
	}
	return out
}

// shown is a text of a report, fit for a terminal.
func shown(text string) string { return untrusted.New(text).Show(untrusted.Paragraph) }
