package report

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// How much of an audit the page names; findings.csv has the rest.
const (
	pagePeople   = 2000
	pageDisagree = 100
)

//go:embed page.html page.css page.js
var pageFiles embed.FS

// page gathers what report.html shows while the findings pass by.
type page struct {
	s        *mfa.Summary
	rows     shelf[personRow]
	disagree shelf[disagreement]
	seen     int
	verdicts map[mfa.Verdict]int
}

// personRow is one person in the table of findings.
type personRow struct {
	Name, Login, Department string
	Admin                   string // the roles
	Verdict                 mfa.Verdict
	VerdictText             string
	VerdictRank             int
	Until                   string
	Strength                string
	StrengthClass           string
	StrengthRank            int
	Usable                  string // when it differs
	Methods                 string
	Single                  bool
	Events                  []string
	Reason                  string
}

// disagreement is one person on whose methods the two sources differ.
type disagreement struct {
	Name, Login string
	Items       []string
}

func newPage(s *mfa.Summary) *page {
	return &page{s: s, rows: shelf[personRow]{room: pagePeople},
		disagree: shelf[disagreement]{room: pageDisagree}, verdicts: map[mfa.Verdict]int{}}
}

// add takes in one finding, and keeps no part of it that the caller may change.
func (p *page) add(f *mfa.Finding) {
	p.seen++
	p.verdicts[f.Verdict]++
	if class := rowClass(f); p.rows.takes(class) {
		p.rows.put(class, newRow(f))
	}
	if len(f.Disagree) > 0 && p.disagree.takes(0) {
		d := disagreement{Name: who(f), Login: f.Login.Show(untrusted.Name)}
		for i, item := range f.Disagree {
			if i == 10 {
				d.Items = append(d.Items, "and more, see "+FindingsFile)
				break
			}
			d.Items = append(d.Items, untrusted.New(item).Show(untrusted.Long))
		}
		p.disagree.put(0, d)
	}
}

// rowClass decides who is shown when not everyone can be: failing administrators, failing people, other administrators, exempt
// people, those of unknown state, those in grace, the rest.
func rowClass(f *mfa.Finding) int {
	switch {
	case f.Verdict.Failing() && f.Admin():
		return 0
	case f.Verdict.Failing():
		return 1
	case f.Admin():
		return 2
	case f.Verdict == mfa.Exempt:
		return 3
	case f.Verdict == mfa.Unreadable || f.Verdict == mfa.Undecided:
		return 4
	case f.Verdict == mfa.InGrace:
		return 5
	default:
		return 6
	}
}

func newRow(f *mfa.Finding) personRow {
	r := personRow{
		Name: who(f), Login: f.Login.Show(untrusted.Name), Department: f.Department.Show(untrusted.Name),
		Verdict: f.Verdict, VerdictText: word(verdictWords, f.Verdict), VerdictRank: verdictRank(f.Verdict), Until: day(f.Until),
		Strength: word(strengthWords, f.Strength), StrengthClass: strengthClass(f.Strength), StrengthRank: grade(f.Strength),
		Methods: untrusted.New(has(f)).Show(untrusted.Long), Single: f.Single, Events: signals(f), Reason: f.Reason.Show(untrusted.Long),
	}
	if f.Admin() {
		r.Admin = untrusted.New(roles(f) + via(f)).Show(untrusted.Long)
	}
	if f.Usable != f.Strength && f.Usable != "" {
		r.Usable = word(strengthWords, f.Usable)
	}
	return r
}

func verdictRank(v mfa.Verdict) int {
	for i, other := range mfa.Verdicts {
		if v == other {
			return i
		}
	}
	return len(mfa.Verdicts)
}

// write writes the page. Style and script are inline and named by their digests in the page's own security policy, which forbids
// every other script, style and request.
func (p *page) write(w io.Writer, files Files) error {
	style, err := pageFiles.ReadFile("page.css")
	if err != nil {
		return fmt.Errorf("read style: %w", err)
	}
	script, err := pageFiles.ReadFile("page.js")
	if err != nil {
		return fmt.Errorf("read script: %w", err)
	}
	parsed, err := template.New("page.html").ParseFS(pageFiles, "page.html")
	if err != nil {
		return fmt.Errorf("read template: %w", err)
	}
	v := p.view(files)
	v.Style, v.Script = template.CSS(style), template.JS(script)
	v.Security = "default-src 'none'; img-src data:; style-src " + hashSource(style) + "; script-src " + hashSource(script) +
		"; base-uri 'none'; form-action 'none'"
	buffered := bufio.NewWriterSize(w, 64<<10)
	if err := parsed.Execute(buffered, v); err != nil {
		return err
	}
	return buffered.Flush()
}

func hashSource(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
