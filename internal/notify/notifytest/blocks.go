package notifytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// textObject of Block Kit.
type textObject struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji"`
	Verbatim *bool  `json:"verbatim"`
}

// block has the members of all modelled kinds.
type block struct {
	Type     string          `json:"type"`
	BlockID  string          `json:"block_id"`
	Text     *textObject     `json:"text"`
	Fields   []textObject    `json:"fields"`
	Elements json.RawMessage `json:"elements"`
}

// checkBlocks holds blocks against the limits of Slack's reference: 50 blocks, header 150 characters of plain_text, section
// text 3000, ten fields of 2000 each, ten elements in a context.
func checkBlocks(blocks []json.RawMessage) (problems []string) {
	complain := func(at int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("[ERROR] "+format+" [json-pointer:/blocks/%d]", append(args, at)...))
	}
	if len(blocks) > 50 {
		complain(50, "no more than 50 items allowed")
	}
	for at, raw := range blocks {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		var b block
		if err := decoder.Decode(&b); err != nil {
			complain(at, "%s", err.Error())
			continue
		}
		if wrong := b.check(); wrong != "" {
			complain(at, "%s", wrong)
		}
	}
	return problems
}

func (b block) check() string {
	switch b.Type {
	case "header":
		if b.Text == nil || b.Text.Type != "plain_text" {
			return "header: must have a plain_text"
		}
		return b.Text.check(150)
	case "section":
		return b.checkSection()
	case "context":
		var elements []textObject
		if json.Unmarshal(b.Elements, &elements) != nil || len(elements) == 0 || len(elements) > 10 {
			return "context: one to ten elements"
		}
		for _, e := range elements {
			if wrong := e.check(2000); wrong != "" {
				return wrong
			}
		}
		return ""
	case "divider":
		return ""
	case "rich_text":
		return checkRichText(b.Elements)
	}
	return "unsupported type: " + b.Type
}

func (b block) checkSection() string {
	if b.Text == nil && len(b.Fields) == 0 || len(b.Fields) > 10 {
		return "section: text or one to ten fields"
	}
	if b.Text != nil {
		if wrong := b.Text.check(3000); wrong != "" {
			return wrong
		}
	}
	for _, f := range b.Fields {
		if wrong := f.check(2000); wrong != "" {
			return wrong
		}
	}
	return ""
}

func (t textObject) check(most int) string {
	n := utf8.RuneCountInString(t.Text)
	switch {
	case t.Type != "plain_text" && t.Type != "mrkdwn":
		return "text: unsupported type " + t.Type
	case n == 0:
		return "text: must be more than 0 characters"
	case n > most:
		return fmt.Sprintf("text: must be less than %d characters", most+1)
	case t.Type == "mrkdwn" && t.Emoji != nil, t.Type == "plain_text" && t.Verbatim != nil && *t.Verbatim:
		return "text: a member that this type does not have"
	}
	return ""
}

// checkRichText knows sections of texts and links.
func checkRichText(elements json.RawMessage) string {
	var sections []struct {
		Type     string
		Elements []struct{ Type, Text, URL string }
	}
	if json.Unmarshal(elements, &sections) != nil || len(sections) == 0 {
		return "rich_text: elements"
	}
	for _, s := range sections {
		if s.Type != "rich_text_section" {
			return "rich_text: not modelled: " + s.Type
		}
		for _, e := range s.Elements {
			if e.Type != "text" && (e.Type != "link" || !strings.HasPrefix(e.URL, "http")) {
				return "rich_text: not modelled: " + e.Type
			}
		}
	}
	return ""
}
