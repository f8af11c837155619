package notify

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"okta-entitlements-mcp/internal/untrusted"
)

// Slack: limits of Block Kit. A text counts as it is sent, escapes included.
const (
	mostBlocks       = 50
	mostHeader       = 150
	mostSection      = 3000
	mostField        = 2000
	fieldsOfOne      = 10
	mostOfMessage    = 12_000 // of all blocks; above some 13,000 Slack answers msg_blocks_too_long
	mostFallback     = 3000
	shownURL         = 2000
	namesPerBulletin = 200
)

// message is what goes out: the blocks, and the text that notifications and screen readers show.
type message struct {
	blocks   []slack.Block
	fallback string
	left     int
}

// escapeSlack takes the meaning away from the three characters that have one in Slack's texts; without them there are no
// mentions, links or commands.
var escapeSlack = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackText cleans and escapes a text so that it has at most max characters in its escaped form.
func slackText(raw string, max untrusted.Width) string {
	text := untrusted.New(raw)
	out := escapeSlack.Replace(text.Show(max))
	for n := max; utf8.RuneCountInString(out) > int(max) && n > 1; {
		n = n * 9 / 10
		out = escapeSlack.Replace(text.Show(n))
	}
	return out
}

// plain is a text object that Slack does not read as markup.
func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

// add appends a block, as long as there is room.
func (m *message) add(block slack.Block, size int) bool {
	if len(m.blocks) >= mostBlocks-2 || m.left < size { // two are kept for the link and the remark
		return false
	}
	m.left -= size
	m.blocks = append(m.blocks, block)
	return true
}

func (m *message) lines(lines []string) (left int) {
	for i, line := range lines {
		text := slackText(line, mostSection)
		if text == "" {
			continue
		}
		if !m.add(slack.NewSectionBlock(plain(text), nil, nil), utf8.RuneCountInString(text)) {
			return len(lines) - i
		}
	}
	return 0
}

// facts are shown in two columns: names left, values right.
func (m *message) facts(facts [][2]string) (left int) {
	for at := 0; at < len(facts); at += fieldsOfOne / 2 {
		var fields []*slack.TextBlockObject
		size := 0
		for _, fact := range facts[at:min(at+fieldsOfOne/2, len(facts))] {
			for _, text := range fact {
				if text = slackText(text, untrusted.Line); text == "" {
					text = "-"
				}
				fields, size = append(fields, plain(text)), size+utf8.RuneCountInString(text)
			}
		}
		if !m.add(slack.NewSectionBlock(nil, fields, nil), size) {
			return len(facts) - at
		}
	}
	return 0
}

// link is data in a rich text block, not markup in a text.
func (m *message) link(address, text string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) || u.Host == "" || len(u.String()) > shownURL {
		return
	}
	if text = untrusted.New(text).Show(untrusted.Line); text == "" {
		text = "Open"
	}
	m.blocks = append(m.blocks, slack.NewRichTextBlock("",
		slack.NewRichTextSection(slack.NewRichTextSectionLinkElement(u.String(), text, nil))))
}

func (m *message) remark(words ...string) {
	if text := slackText(strings.Join(words, " "), mostField); text != "" {
		m.blocks = append(m.blocks, slack.NewContextBlock("", plain(text)))
	}
}

func bulletinMessage(d Bulletin, names bool) message {
	m := message{left: mostOfMessage}
	title := slackText(d.Title, mostHeader)
	if title == "" {
		title = "Report"
	}
	m.add(slack.NewHeaderBlock(plain(title)), mostHeader)
	var remarks []string
	if left := m.lines(d.Lines); left > 0 {
		remarks = append(remarks, fmt.Sprintf("%d more lines did not fit.", left))
	}
	if left := m.facts(d.Facts); left > 0 {
		remarks = append(remarks, fmt.Sprintf("%d more figures did not fit.", left))
	}
	if people := cleanLines(d.People, untrusted.Line); len(people) > 0 {
		shown := people[:min(len(people), namesPerBulletin)]
		if !names {
			remarks = append(remarks, fmt.Sprintf("%d names are not shown: this channel is not listed for names.", len(people)))
		} else if left := m.lines(joined(shown, mostSection/2)); left > 0 || len(shown) < len(people) {
			remarks = append(remarks, fmt.Sprintf("Not all of the %d names are shown.", len(people)))
		}
	}
	m.link(d.Link, d.LinkText)
	m.remark(remarks...)
	m.fallback = title
	for _, line := range d.Lines {
		if next := m.fallback + "\n" + slackText(line, untrusted.Paragraph); utf8.RuneCountInString(next) <= mostFallback {
			m.fallback = next
		}
	}
	return m
}

// joined puts short texts into as few lines as possible.
func joined(texts []string, max int) []string {
	var lines []string
	for _, text := range texts {
		if last := len(lines) - 1; last >= 0 && utf8.RuneCountInString(lines[last])+utf8.RuneCountInString(text)+2 <= max {
			lines[last] += ", " + text
		} else {
			lines = append(lines, text)
		}
	}
	return lines
}

func personalMessage(p Message) message {
	m := message{left: mostOfMessage}
	m.lines(p.Lines)
	m.link(p.Link, p.LinkText)
	for _, line := range p.Lines {
		if next := strings.TrimPrefix(m.fallback+"\n"+slackText(line, untrusted.Paragraph), "\n"); utf8.RuneCountInString(next) <= mostFallback {
			m.fallback = next
		}
	}
	if m.fallback == "" {
		m.fallback = "Message"
	}
	return m
}
