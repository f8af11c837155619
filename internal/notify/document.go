package notify

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/ctreminiom/go-atlassian/v2/pkg/infra/models"

	"okta-entitlements-mcp/internal/untrusted"
)

const (
	mostSummary     untrusted.Width = 255   // Jira: characters of a summary
	mostDescription                 = 32767 // Jira: characters of a description, of the stored form
	mostLine        untrusted.Width = 4000  // a paragraph of a ticket
	mostCell        untrusted.Width = 300   // a cell of a ticket's table
	mostColumns                     = 12
)

// document is the content of a ticket as data. Each of the two Jiras has its own form of it, and in neither is a text ever
// read as markup.
type document struct {
	lines []string
	rows  [][]string // the first is the heading
}

func newDocument(t Ticket) document {
	d := document{lines: cleanLines(t.Lines, mostLine)}
	for _, row := range t.Rows {
		cells := make([]string, 0, len(row))
		for _, cell := range row[:min(len(row), mostColumns)] {
			cells = append(cells, untrusted.New(cell).Show(mostCell))
		}
		if len(cells) > 0 {
			d.rows = append(d.rows, cells)
		}
	}
	return d
}

// paragraphs is a document of text alone.
func paragraphs(lines ...string) document { return document{lines: cleanLines(lines, mostLine)} }

func leftOut(n int, what string) string { return fmt.Sprintf("… and %d more %s.", n, what) }

// room is kept for the sentence that says how much was left out.
const room = 400

// adf is the document in the Atlassian Document Format of Jira Cloud. What does not fit is counted, not silently dropped.
func (d document) adf() *models.CommentNodeScheme {
	doc := &models.CommentNodeScheme{Version: 1, Type: "doc"}
	left := mostDescription - room
	for i, line := range d.lines {
		node := paragraph(line)
		if left -= size(node); left < 0 {
			doc.AppendNode(paragraph(leftOut(len(d.lines)-i, "paragraphs")))
			return doc
		}
		doc.AppendNode(node)
	}
	if len(d.rows) > 0 {
		table := &models.CommentNodeScheme{Type: "table"}
		for i, cells := range d.rows {
			row := tableRow(cells, i == 0)
			if left -= size(row); left < 0 {
				if i > 0 {
					doc.AppendNode(table)
				}
				doc.AppendNode(paragraph(leftOut(len(d.rows)-max(i, 1), "rows")))
				return doc
			}
			table.AppendNode(row)
		}
		doc.AppendNode(table)
	}
	if len(doc.Content) == 0 {
		doc.AppendNode(paragraph("-"))
	}
	return doc
}

func paragraph(text string) *models.CommentNodeScheme {
	p := &models.CommentNodeScheme{Type: "paragraph"}
	if text != "" {
		p.AppendNode(&models.CommentNodeScheme{Type: "text", Text: text})
	}
	return p
}

func tableRow(cells []string, heading bool) *models.CommentNodeScheme {
	row, kind := &models.CommentNodeScheme{Type: "tableRow"}, "tableCell"
	if heading {
		kind = "tableHeader"
	}
	for _, text := range cells {
		cell := &models.CommentNodeScheme{Type: kind}
		cell.AppendNode(paragraph(text))
		row.AppendNode(cell)
	}
	return row
}

// size is what a node takes of Jira's limit, a comma included.
func size(node *models.CommentNodeScheme) int {
	text, err := json.Marshal(node)
	if err != nil {
		return mostDescription
	}
	return len(text) + 1
}

// adfText is the text of a document, for comparison.
func adfText(node *models.CommentNodeScheme) string {
	if node == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(node.Text)
	for _, child := range node.Content {
		b.WriteString(adfText(child))
	}
	return b.String()
}

// wiki is the document in the wiki notation of Jira Data Center.
func (d document) wiki() string {
	var b strings.Builder
	left := mostDescription - room
	for i, line := range d.lines {
		text := wikiText(line) + "\n\n"
		if left -= len([]rune(text)); left < 0 {
			b.WriteString(leftOut(len(d.lines)-i, "paragraphs"))
			return b.String()
		}
		b.WriteString(text)
	}
	for i, cells := range d.rows {
		text := wikiRow(cells, i == 0)
		if left -= len([]rune(text)); left < 0 {
			b.WriteString("\n" + leftOut(len(d.rows)-max(i, 1), "rows"))
			break
		}
		b.WriteString(text)
	}
	if b.Len() == 0 {
		return "-"
	}
	return strings.TrimRight(b.String(), "\n")
}

func wikiRow(cells []string, heading bool) string {
	bar := "|"
	if heading {
		bar = "||"
	}
	var b strings.Builder
	b.WriteString(bar)
	for _, cell := range cells {
		if cell == "" {
			cell = " "
		}
		b.WriteString(wikiText(cell) + bar)
	}
	return b.String() + "\n"
}

// blockStart matches what turns a whole paragraph into a heading or a quotation.
var blockStart = regexp.MustCompile(`^\s*(h[1-6]|bq)\.`)

// wikiEscapes are the characters that mean something in Jira's text formatting notation. A backslash before them takes the
// meaning away; for the backslash itself that would be a line break, so it goes as an entity.
var wikiEscapes = strings.NewReplacer(
	`\`, `&#92;`, `&`, `&amp;`, `*`, `\*`, `_`, `\_`, `-`, `\-`, `+`, `\+`, `^`, `\^`, `~`, `\~`, `?`, `\?`, `{`, `\{`, `}`, `\}`,
	`[`, `\[`, `]`, `\]`, `|`, `\|`, `!`, `\!`, `#`, `\#`, `@`, `\@`, `<`, `&lt;`, `>`, `&gt;`, `(`, `\(`, `://`, `:&#47;&#47;`,
)

func wikiText(text string) string {
	start := blockStart.MatchString(text)
	text = strings.TrimLeft(text, " ")
	if start { // the letter as an entity is the same letter to a reader, and no heading to Jira
		return fmt.Sprintf("&#%d;", text[0]) + wikiEscapes.Replace(text[1:])
	}
	return wikiEscapes.Replace(text)
}
