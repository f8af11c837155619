package tools

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/untrusted"
)

// doubtsID names the form about what a report means.
const doubtsID = "reading"

// maxForms bounds how often one call asks about its report: an answer can open a further doubt.
const maxForms = 4

// askedDoubt is one field of the form, with what each choice would do.
type askedDoubt struct {
	Choices []choice `json:"choices"`
}

// choice is one answer of a doubt.
type choice struct {
	Label    string `json:"label"` // as shown, unique in its field
	Argument string `json:"argument"`
}

// doubtForm is one form for all open doubts, nil when it could not settle them: one has no answers to choose from.
func doubtForm(report *intake.Report, forms []intake.Answers) *question {
	if len(forms) >= maxForms {
		return nil
	}
	state := sealed{SHA256: report.SHA256, Forms: forms}
	var required []string
	fields := map[string]any{}
	for i, doubt := range report.Open() {
		if len(doubt.Answers) == 0 {
			return nil
		}
		name := fieldOf(i)
		asked := askedDoubt{Choices: choices(doubt)}
		var labels []string
		for _, c := range asked.Choices {
			labels = append(labels, c.Label)
		}
		state.Asked = append(state.Asked, asked)
		required = append(required, name)
		fields[name] = map[string]any{
			"type":        "string",
			"title":       shorten(doubt.Question, untrusted.Long),
			"description": "Words in quotes are from the file.",
			"enum":        labels,
		}
	}
	message := fmt.Sprintf("The report %s can be read in more than one way. Nothing is planned before this is clear: %s.",
		quote(report.File, untrusted.Line), plural(len(required), "question", "questions"))
	return &question{
		id:      doubtsID,
		message: message,
		schema:  map[string]any{"type": "object", "required": required, "properties": fields},
		state:   state,
	}
}

func fieldOf(i int) string { return fmt.Sprintf("doubt_%d", i+1) }

// choices words the answers of a doubt with what each would do.
func choices(doubt intake.Doubt) []choice {
	var all []choice
	for _, a := range doubt.Answers {
		label := shorten(a.Label, untrusted.Line)
		if a.Effect != "" {
			label += " (" + shorten(a.Effect, untrusted.Line) + ")"
		}
		if slices.ContainsFunc(all, func(c choice) bool { return c.Label == label }) {
			label = fmt.Sprintf("%d. %s", len(all)+1, label)
		}
		all = append(all, choice{Label: label, Argument: a.Argument})
	}
	return all
}

// settle reads the answer to a form about a report. One that leaves a field open or has a word that was not offered
// settles nothing.
func (a *Answer) settle(content map[string]any) {
	if a.Word != wordAccept || len(a.asked) == 0 {
		return
	}
	var given []intake.Answers
	for i, doubt := range a.asked {
		word, _ := content[fieldOf(i)].(string)
		at := slices.IndexFunc(doubt.Choices, func(c choice) bool { return c.Label == word })
		var answers intake.Answers
		if at < 0 || json.Unmarshal([]byte(doubt.Choices[at].Argument), &answers) != nil {
			a.Word = wordDecline
			return
		}
		given = append(given, answers)
	}
	// "It only describes" names one column, "it is access" can name all columns of access: the first must win.
	slices.SortStableFunc(given, func(x, y intake.Answers) int {
		return len(y.Columns.Attributes) - len(x.Columns.Attributes)
	})
	a.forms = append(given, a.forms...)
	a.Accepted = true
}

// answered are the answers about the report of a call: those of forms, then those of its arguments.
func (c *Call) answered(arguments intake.Answers) []intake.Answered {
	var all []intake.Answered
	if c.Answer != nil && c.Answer.Accepted {
		for _, answers := range c.Answer.forms {
			all = append(all, intake.Answered{By: intake.ByForm, Answers: answers})
		}
	}
	return append(all, byArgument(arguments)...)
}

func byArgument(answers intake.Answers) []intake.Answered {
	if reflect.DeepEqual(answers, intake.Answers{}) {
		return nil
	}
	return []intake.Answered{{By: intake.ByArgument, Answers: answers}}
}

// forms are the answers that forms of this call have given so far.
func (c *Call) forms() []intake.Answers {
	if c.Answer == nil {
		return nil
	}
	return c.Answer.forms
}
