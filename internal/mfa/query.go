package mfa

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
)

// Query picks findings of one audit. Empty fields pick everybody.
type Query struct {
	Verdict  Verdict
	Strength Strength
	Method   string // somebody who has it: a factor type or an authenticator's key
	Only     bool   // with Method: nothing else beyond password, e-mail and security question
	Change   string // fixed, regressed, new_failing
	Admins   bool
	Signals  bool            // with recent events only
	Users    map[string]bool // by id; nil: whoever
	Text     string          // part of login, e-mail or name, in any case
	After    int             // findings that match and were shown already
	Limit    int             // most to return; 0 means 50
}

// Page is a part of the findings that match.
type Page struct {
	Findings []Finding
	Matched  int // in all
	Next     int // Query.After of the next page; 0 when this is the last
}

// All gives every finding of an audit, the most urgent first.
func (a *Auditor) All(auditID string) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		root, err := a.openRoot(auditID)
		if err != nil {
			yield(Finding{}, err)
			return
		}
		defer func() { _ = root.Close() }()
		f, err := root.Open(findingsFile)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w whose findings are kept: %s; its summary is, its findings were taken away by newer audits or it has not ended", ErrNoAudit, auditID)
		}
		if err != nil {
			yield(Finding{}, err)
			return
		}
		defer func() { _ = f.Close() }()
		decoder := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
		for {
			var finding Finding
			err := decoder.Decode(&finding)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Finding{}, fmt.Errorf("read findings of %s: %w; audit again", auditID, err))
				return
			}
			if !yield(finding, nil) {
				return
			}
		}
	}
}

// Findings returns a page of an audit's findings.
func (a *Auditor) Findings(auditID string, q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	var page Page
	for f, err := range a.All(auditID) {
		if err != nil {
			return Page{}, err
		}
		if !q.takes(&f) {
			continue
		}
		if page.Matched >= q.After && len(page.Findings) < q.Limit {
			page.Findings = append(page.Findings, f)
		}
		page.Matched++
	}
	if shown := q.After + len(page.Findings); shown < page.Matched {
		page.Next = shown
	}
	return page, nil
}

func (q *Query) takes(f *Finding) bool {
	switch {
	case q.Verdict != "" && f.Verdict != q.Verdict,
		q.Strength != "" && f.Strength != q.Strength,
		q.Change != "" && f.Change != q.Change,
		q.Admins && !f.Admin(),
		q.Signals && len(f.Signals) == 0,
		q.Users != nil && !q.Users[f.UserID],
		q.Method != "" && !q.hasMethod(f):
		return false
	}
	text := strings.ToLower(q.Text)
	return text == "" || strings.Contains(strings.ToLower(f.Login+"\n"+f.Email+"\n"+f.Name), text)
}

func (q *Query) hasMethod(f *Finding) bool {
	is := func(m Method) bool {
		return m.Active() && (strings.EqualFold(m.Name, q.Method) || strings.EqualFold(m.Key, q.Method))
	}
	if !slices.ContainsFunc(f.Methods, is) {
		return false
	}
	return !q.Only || !slices.ContainsFunc(f.Methods, func(m Method) bool { return m.secondFactor() && !is(m) })
}
