package audit

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/oktaclient"
)

// scan is one audit under way. Its parts are in this order: see.go reads what the organisation is, stale.go decides whom to
// read, read.go reads, finish.go judges.
type scan struct {
	*Auditor
	req    Request
	record *record
	job    *Job

	mem     *memory
	journal *journal
	org     oktaclient.Org
	started time.Time // Okta's time at which this attempt began to look: the result is as of then

	kind    string // full or incremental
	whyFull string
	primary string // fromEnrollments or fromFactors

	people  []*person // in scope and judged, by id
	byID    map[string]*person
	counted map[string]int // statuses that are counted only
	roles   *mfa.Roles
	rules   *mfa.Rules
	orgKeys []string         // keys of the org's active authenticators
	digest  string           // of policies and authenticators
	changed map[string]int64 // user id → when the System Log says that enrolments changed last, unix milliseconds
	logOK   bool
	exempt  *mfa.ExemptionIndex
	signals *mfa.Signals
	both    bool // factors count wherever they were read: for a look at one person
	again   bool // what is known of people in scope is read again, although it may hold
	forgot  bool // roles of somebody have to be read anew
	notes   []string
	moved   map[string]string // user id → how the person moved since the audit before

	mu             sync.Mutex // guards mem, and what follows, while several read
	sawEnrollments bool       // somebody's enrolments could be read
	seenMembers    bool       // it is known which policy applies to whom
	rounds         int        // attempts to go on after an outage that brought nothing
	freshBefore    int
	shaken         bool // there was an outage, or what looked like one
}

// person is somebody in scope.
type person struct {
	oktaclient.Account
	tried     bool // in this attempt, and Okta refused for good
	noFactors bool // enrolments could be read, factors not
	gone      bool // deleted while the audit went on
	failed    int  // attempts at reading that failed for a reason that may pass
	why       error
}

// run carries the audit out, from whatever an earlier attempt left.
func (s *scan) run(ctx context.Context) (_ *mfa.Summary, err error) {
	before := s.okta.Stats().Calls
	if err := s.remember(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.journal.lines.Close()) }()
	if err := s.note(ctx, "audit_started", "started", map[string]any{"scope": s.req.Scope(), "resumed": s.record.resumed, "policy": s.record.Policy.Digest(), "client": s.req.Client}); err != nil {
		return nil, err
	}
	if err := s.see(ctx); err != nil {
		return nil, s.stopped(ctx, err)
	}
	if err := s.readAll(ctx); err != nil {
		return nil, s.stopped(ctx, err)
	}
	s.job.live.Enter("judging")
	summary, err := s.finish(ctx, s.okta.Stats().Calls-before)
	if err != nil {
		return nil, s.stopped(ctx, err)
	}
	return summary, nil
}

// remember loads cache and journal.
func (s *scan) remember() error {
	s.mem, s.exempt = newMemory(), s.req.Policy.IndexExemptions()
	if err := s.mem.load(filepath.Join(s.opts.Dir, cacheFile), false); err != nil {
		return err
	}
	path := filepath.Join(s.Dir(s.record.ID), journalFile)
	if err := s.mem.load(path, true); err != nil {
		return err
	}
	var err error
	s.journal, err = openJournal(path, s.mem.kinds)
	return err
}

// stopped records an audit that did not end. What was read is kept.
func (s *scan) stopped(ctx context.Context, err error) error {
	if recorded := s.note(context.WithoutCancel(ctx), "audit_ended", "stopped", map[string]any{"reason": clip(err.Error(), 300), "read": len(s.mem.fresh)}); recorded != nil {
		return errors.Join(err, recorded)
	}
	return err
}

func (s *scan) note(ctx context.Context, name, outcome string, details map[string]any) error {
	return s.step(ctx, s.record.ID, name, outcome, details)
}

// step writes a step of an audit into the trail.
func (a *Auditor) step(ctx context.Context, auditID, name, outcome string, details map[string]any) error {
	if err := a.opts.Record(ctx, Step{Name: name, AuditID: auditID, Outcome: outcome, Details: details}); err != nil {
		return fmt.Errorf("record the audit in the trail: %w", err)
	}
	return nil
}

// say adds a note for the reader, once.
func (s *scan) say(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(s.notes, note) {
		s.notes = append(s.notes, note)
	}
}

// degrade turns a refusal of one part into a note and goes on; any other error stops the audit.
func (s *scan) degrade(err error, without string) error {
	var e *oktaclient.Error
	if !errors.As(err, &e) || !refused(err) {
		return err
	}
	why := "Okta refuses it to this credential"
	switch {
	case e.NeedScope != "":
		why = "the OAuth scope " + e.NeedScope + " is missing"
	case errors.Is(err, oktaclient.ErrFeatureOff):
		why = "the organisation does not have the feature"
	}
	s.say("%s: %s (%s %s)", without, why, e.Method, e.Pattern)
	return nil
}

// refused reports whether Okta will go on saying no: a permission, scope or feature is missing.
func refused(err error) bool {
	for _, kind := range []error{oktaclient.ErrScope, oktaclient.ErrForbidden, oktaclient.ErrFeatureOff} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (s *scan) isAdmin(p *person) bool { return s.roles.Holds(p.ID) }

// applies is the enrolment policy of a person, nil when policies could not be read.
func (s *scan) applies(p *person) *mfa.Applied {
	if s.rules == nil {
		return nil
	}
	return s.rules.Of(p.ID, func(group string) bool { return s.mem.members.has(group, p.ID) })
}

func (s *scan) fingerprint(p *person) string {
	if a := s.applies(p); a != nil {
		return a.Fingerprint
	}
	return ""
}

func clip(text string, most int) string {
	if runes := []rune(strings.ToValidUTF8(text, "?")); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
