package tools

import (
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/untrusted"
)

// PlanReading says how the report of a plan was understood.
type PlanReading struct {
	Summary string   `json:"summary" jsonschema:"Untrusted text from the file"`
	Settled []string `json:"settled,omitempty"` // doubts, their answers and who gave them
}

// ReadingSeen is how a report was understood. All texts are of the file.
type ReadingSeen struct {
	PlanReading
	Format  string   `json:"format"`
	Sheet   string   `json:"sheet,omitempty"`
	Header  int      `json:"header_line"`
	Layout  string   `json:"layout"`
	Outside []string `json:"outside_the_table,omitempty"` // lines that are no rows
	Words   []string `json:"words,omitempty"`             // what cells of deciding columns mean
}

// DoubtItem is a question that planning waits for.
type DoubtItem struct {
	Code     string       `json:"code"`
	Column   string       `json:"column,omitempty"`
	Lines    []int        `json:"lines,omitempty"`
	Question string       `json:"question"`
	Answers  []AnswerItem `json:"answers,omitempty"`
	Planning bool         `json:"planning_may_settle,omitempty" jsonschema:"What Okta has may settle it"`
}

// AnswerItem is one way to settle a doubt.
type AnswerItem struct {
	Label    string `json:"label"`
	Effect   string `json:"effect,omitempty"`
	Argument string `json:"argument" jsonschema:"To add to the arguments"`
}

const (
	shownSettled = 12
	shownWords   = 12 // of one column
	shownOutside = 12
	shownDoubts  = 25
	shownAnswers = 12
	shownWays    = 4 // answers of a doubt in words
)

func planReading(r *intake.Reading) *PlanReading {
	if r == nil {
		return nil
	}
	out := &PlanReading{Summary: shorten(r.Summary(), untrusted.Paragraph)}
	for i, s := range r.Settled {
		if i == shownSettled {
			out.Settled = append(out.Settled, fmt.Sprintf("and %d more", len(r.Settled)-i))
			break
		}
		out.Settled = append(out.Settled, settledText(s))
	}
	return out
}

// settledText says a settled doubt and who settled it.
func settledText(s intake.Settled) string {
	by := map[intake.By]string{
		intake.ByForm:     "by a person, in a form",
		intake.ByTerminal: "by a person, at a terminal",
		intake.ByMapping:  "by a saved mapping",
		intake.ByArgument: "by arguments, not by a person",
	}[s.By]
	if by == "" {
		by = "by what Okta has"
	}
	return strings.TrimSpace(s.Code+" "+quoteIf(s.Column)) + ": " + shorten(s.Answer, untrusted.Line) + " (" + by + ")"
}

// readingLines are what a confirmation says of the reading: one line, and one of doubts that no person settled.
func readingLines(r *intake.Reading) string {
	if r == nil {
		return ""
	}
	lines := "\nRead so, with the words of the file: " + quote(r.Summary(), untrusted.Paragraph) + "."
	var bare []string
	for _, s := range r.Settled {
		if s.By == intake.ByArgument {
			bare = append(bare, strings.TrimSpace(s.Code+" "+quoteIf(s.Column))+": "+quote(s.Answer, untrusted.Line))
		}
	}
	if len(bare) > shownSettled {
		bare = append(bare[:shownSettled], fmt.Sprintf("and %d more", len(bare)-shownSettled))
	}
	if len(bare) > 0 {
		lines += "\nSettled by arguments, not by a person: " + strings.Join(bare, "; ") + "."
	}
	return lines
}

// quote puts text of a file or of Okta into quotes that it cannot end.
func quote(text string, w untrusted.Width) string {
	return `"` + strings.ReplaceAll(shorten(text, w), `"`, "'") + `"`
}

func quoteIf(name untrusted.Stored) string {
	if name.IsZero() {
		return ""
	}
	return quote(name.Show(untrusted.Name), untrusted.Name)
}

func readingSeen(r *intake.Reading) ReadingSeen {
	seen := ReadingSeen{
		PlanReading: *planReading(r),
		Format:      r.Format,
		Sheet:       r.Sheet.Show(untrusted.Name),
		Header:      r.Header,
		Layout:      string(r.Layout),
	}
	for i, span := range r.Spans {
		if i == shownOutside {
			seen.Outside = append(seen.Outside, fmt.Sprintf("and %d more", len(r.Spans)-i))
			break
		}
		seen.Outside = append(seen.Outside, fmt.Sprintf("%s: lines %d to %d", span.What, span.From, span.To))
	}
	for _, w := range r.Words {
		seen.Words = append(seen.Words, wordsText(w))
	}
	return seen
}

// wordsText says what the cells of one deciding column mean.
func wordsText(w intake.Words) string {
	var parts []string
	for i, use := range w.Words {
		if i == shownWords {
			break
		}
		word := use.Word.Show(untrusted.Word)
		if word == "" {
			word = "an empty cell"
		}
		parts = append(parts, fmt.Sprintf("%s %s (%s)", word, use.Meaning, plural(use.Rows, "row", "rows")))
	}
	if more := w.More + max(0, len(w.Words)-shownWords); more > 0 {
		parts = append(parts, plural(more, "word more", "words more"))
	}
	return w.Column.Show(untrusted.Name) + " as " + string(w.Role) + ": " + strings.Join(parts, ", ")
}

// doubtItems lists the open doubts with the arguments that settle them.
func doubtItems(doubts []intake.Doubt) []DoubtItem {
	var items []DoubtItem
	for _, d := range doubts[:min(len(doubts), shownDoubts)] {
		item := DoubtItem{
			Code:     d.Code,
			Column:   d.Column.Show(untrusted.Name),
			Lines:    d.Lines,
			Question: shorten(d.Question, untrusted.Long),
			Planning: d.Okta,
		}
		for _, a := range d.Answers[:min(len(d.Answers), shownAnswers)] {
			item.Answers = append(item.Answers, AnswerItem{
				Label:    shorten(a.Label, untrusted.Line),
				Effect:   shorten(a.Effect, untrusted.Line),
				Argument: shorten(a.Argument, untrusted.Whole),
			})
		}
		items = append(items, item)
	}
	return items
}

// doubtLines are the open doubts in words.
func doubtLines(doubts []intake.Doubt) []string {
	var lines []string
	for _, item := range doubtItems(doubts) {
		line := item.Code + ": " + item.Question
		for i, a := range item.Answers {
			if i == shownWays {
				break
			}
			line += fmt.Sprintf("; %s: %s", a.Label, a.Argument)
		}
		lines = append(lines, line)
	}
	return lines
}
