package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"okta-entitlements-mcp/internal/mfa"
)

// All gives every finding of an audit, the most urgent first.
func (a *Auditor) All(auditID string) iter.Seq2[mfa.Finding, error] {
	return func(yield func(mfa.Finding, error) bool) {
		root, err := a.openRoot(auditID)
		if err != nil {
			yield(mfa.Finding{}, err)
			return
		}
		defer func() { _ = root.Close() }()
		f, err := root.Open(findingsFile)
		if errors.Is(err, fs.ErrNotExist) {
			err = noAudit("no findings of %s are kept: they were taken away by newer audits, or the audit has not ended", auditID)
		}
		if err != nil {
			yield(mfa.Finding{}, err)
			return
		}
		defer func() { _ = f.Close() }()
		decoder := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
		for {
			var finding mfa.Finding
			err := decoder.Decode(&finding)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(mfa.Finding{}, fmt.Errorf("read findings of %s: %w; audit again", auditID, err))
				return
			}
			if !yield(finding, nil) {
				return
			}
		}
	}
}

// Findings returns a page of an audit's findings.
func (a *Auditor) Findings(auditID string, q mfa.Query) (mfa.Page, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	var page mfa.Page
	for f, err := range a.All(auditID) {
		if err != nil {
			return mfa.Page{}, err
		}
		if !q.Takes(&f) {
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
