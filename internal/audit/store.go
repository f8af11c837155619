package audit

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// The files of the state directory: cache.jsonl holds the readings of all audits that ended; a folder per audit holds what
// was asked, the readings as they are made, and in the end findings and summary.
const (
	auditsDir    = "audits"
	cacheFile    = "cache.jsonl"
	recordFile   = "audit.json"
	journalFile  = "readings.jsonl"
	findingsFile = "findings.jsonl"
	summaryFile  = "summary.json"
)

// record is what was asked of an audit, written before anything is read.
type record struct {
	ID        string     `json:"audit_id"`
	Scope     string     `json:"scope"`
	Group     string     `json:"group,omitempty"`
	Search    string     `json:"search,omitempty"`
	Full      bool       `json:"full"`
	Policy    mfa.Policy `json:"policy"`
	WhatIf    []string   `json:"what_if,omitempty"`
	Started   time.Time  `json:"started"`
	Cancelled bool       `json:"cancelled,omitempty"` // by a person: it goes on when it is asked for, and not by itself
	resumed   bool
}

// resumable is how old an interrupted audit may be and still be gone on with; after that the System Log would have to be read
// for longer than the rest of the audit takes.
const resumable = 7 * 24 * time.Hour

// auditID is what an audit's id looks like. Ids sort by time.
var auditID = regexp.MustCompile(`^mfa_\d{8}T\d{6}Z_\d{6}[0-9a-z]{2}$`)

// IsAuditID reports whether a text looks like the id of an audit.
func IsAuditID(text string) bool { return auditID.MatchString(text) }

// open finds the interrupted audit that asked for the same, or begins a new one.
func (a *Auditor) open(req Request) (*record, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	want := record{
		Scope:   req.Scope(),
		Group:   req.Group,
		Search:  req.Search,
		Full:    req.Full,
		Policy:  req.Policy,
		WhatIf:  req.WhatIf,
		Started: time.Now().UTC(),
	}
	ids, err := a.ids()
	if err != nil {
		return nil, err
	}
	// The policy may have changed since: what was read does not depend on it. A what-if does not take an audit's place.
	if old := a.interrupted(ids, func(r *record) bool { return r.Scope == want.Scope && r.whatIf() == want.whatIf() }); old != nil {
		want.ID, want.Started, want.resumed = old.ID, old.Started, true
		return &want, writeJSON(a.Dir(want.ID), recordFile, want)
	}
	want.ID = nextID(ids, want.Started)
	dir := a.Dir(want.ID)
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the audit's directory: %w", err)
	}
	return &want, writeJSON(dir, recordFile, want)
}

func (r *record) whatIf() bool { return len(r.WhatIf) > 0 }

// interrupted returns the newest audit of a kind that did not end, unless one of the same scope has ended since. A what-if
// that ended overtakes what-ifs alone.
func (a *Auditor) interrupted(ids []string, kind func(*record) bool) *record {
	overtaken, whatIfs := map[string]bool{}, map[string]bool{}
	for _, id := range slices.Backward(ids) {
		var r record
		if err := readJSON(filepath.Join(a.Dir(id), recordFile), &r); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(a.Dir(id), summaryFile)); err == nil {
			overtaken[r.Scope] = overtaken[r.Scope] || !r.whatIf()
			whatIfs[r.Scope] = true
			continue
		}
		late := overtaken[r.Scope] || r.whatIf() && whatIfs[r.Scope]
		if !late && kind(&r) && time.Since(r.Started) < resumable {
			return &r
		}
	}
	return nil
}

// Interrupted returns what the newest audit asked for that neither ended nor was cancelled by a person, for a program that starts
// again; ok is false when there is none.
func (a *Auditor) Interrupted() (req Request, ok bool) {
	ids, err := a.ids()
	if err != nil {
		return req, false
	}
	r := a.interrupted(ids, func(r *record) bool { return !r.Cancelled })
	if r == nil {
		return req, false
	}
	return Request{
		Group:  r.Group,
		Search: r.Search,
		Full:   r.Full,
		Policy: r.Policy,
		WhatIf: r.WhatIf,
		Client: "resumed",
	}, true
}

// nextID names a new audit. Ids sort by time, and a new one after all others, whatever the clock has done in between.
func nextID(ids []string, now time.Time) string {
	stamp := now.Truncate(time.Microsecond)
	if len(ids) > 0 {
		if last := stampOf(ids[len(ids)-1]); !stamp.After(last) {
			stamp = last.Add(time.Microsecond)
		}
	}
	return fmt.Sprintf("mfa_%s_%06d%s", stamp.Format(stampForm), stamp.Nanosecond()/1000, strings.ToLower(rand.Text()[:2]))
}

const stampForm = "20060102T150405Z"

// stampOf is the time in an audit's id.
func stampOf(id string) time.Time {
	second, micro, _ := strings.Cut(strings.TrimPrefix(id, "mfa_"), "_")
	at, err := time.Parse(stampForm, second)
	n, err2 := strconv.Atoi(micro[:min(len(micro), 6)])
	if err != nil || err2 != nil {
		return time.Time{}
	}
	return at.Add(time.Duration(n) * time.Microsecond)
}

// ids lists all audits, oldest first.
func (a *Auditor) ids() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(a.opts.Dir, auditsDir))
	if err != nil {
		return nil, fmt.Errorf("list audits: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && auditID.MatchString(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// Summary reads the summary of an audit; the latest complete one of everyone when the id is empty, or of whatever scope when
// there is none of everyone. A what-if is read by its id alone. ErrNoAudit when there is none.
func (a *Auditor) Summary(id string) (*mfa.Summary, error) {
	if id != "" {
		return a.readSummary(id)
	}
	ids, err := a.ids()
	if err != nil {
		return nil, err
	}
	var other *mfa.Summary
	for _, id := range slices.Backward(ids) {
		s, err := a.readSummary(id)
		if errors.Is(err, ErrNoAudit) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(s.WhatIf) > 0 {
			continue
		}
		if s.Whole() && s.Kind != mfa.KindBaseline {
			return s, nil
		}
		if other == nil || other.Kind == mfa.KindBaseline && s.Kind != mfa.KindBaseline {
			other = s
		}
	}
	if other == nil {
		return nil, noAudit("no audit has ended yet")
	}
	return other, nil
}

// Latest reads the summary of the last audit of a scope that ended; exports and what-ifs do not count. ErrNoAudit when there is none.
func (a *Auditor) Latest(scope string) (*mfa.Summary, error) {
	found, err := a.summaries(scope, 1)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noAudit("no audit of %s has ended", scope)
	}
	return found[0], nil
}

func (a *Auditor) readSummary(id string) (*mfa.Summary, error) {
	if !auditID.MatchString(id) {
		return nil, noAudit("no such audit: %.60q", id)
	}
	s := &mfa.Summary{}
	err := readJSON(filepath.Join(a.Dir(id), summaryFile), s)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noAudit("no audit %s has ended", id)
	}
	return s, err
}

// summaries reads the audits of one scope that ended, oldest first, at most the last n.
func (a *Auditor) summaries(scope string, n int) ([]*mfa.Summary, error) {
	ids, err := a.ids()
	if err != nil {
		return nil, err
	}
	var found []*mfa.Summary
	for _, id := range slices.Backward(ids) {
		s, err := a.readSummary(id)
		if err != nil || s.Scope != untrusted.NewStored(scope) || s.Kind == mfa.KindBaseline || len(s.WhatIf) > 0 {
			continue
		}
		if found = append(found, s); len(found) == n {
			break
		}
	}
	slices.Reverse(found)
	return found, nil
}

// prune takes the findings of old audits away, the journals of those that ended, whose readings are in the cache, and what was
// interrupted and overtaken by an audit of the same scope, which has just ended. A what-if overtakes nothing, and does not
// count among the audits whose findings are kept.
func (a *Auditor) prune(ended *record) error {
	ids, err := a.ids()
	if err != nil {
		return err
	}
	var failed []error
	kept := map[bool]int{}
	for _, id := range slices.Backward(ids) {
		dir := a.Dir(id)
		var old record
		unknown := readJSON(filepath.Join(dir, recordFile), &old) != nil
		if _, err := os.Stat(filepath.Join(dir, summaryFile)); err != nil {
			overtaken := old.Scope == ended.Scope && (old.whatIf() || !ended.whatIf())
			if unknown || overtaken || time.Since(old.Started) > resumable {
				failed = append(failed, os.RemoveAll(dir)) // interrupted, and overtaken: no one goes on with it
			}
			continue
		}
		remove := []string{journalFile}
		if kept[old.whatIf()]++; kept[old.whatIf()] > a.opts.Keep {
			remove = append(remove, findingsFile)
		}
		for _, name := range remove {
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w; move the folder away and audit again", filepath.Base(path), err)
	}
	return nil
}

func writeJSON(dir, name string, v any) error {
	return durable.WriteFile(dir, name, 0o600, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(v)
	})
}
