package audit

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// scan is one audit under way. Its parts, in order: organisation.go reads the organisation (policies.go, log.go, roles.go,
// list.go), due.go decides who has to be read, people.go reads people, result.go judges.
type scan struct {
	*Auditor
	notes
	req    Request
	record *record
	job    *Job

	mem     *memory
	journal *journal
	org     oktaclient.Org
	known   mfa.Organisation // as of Okta's time at which this attempt began

	kind    string // full or incremental
	whyFull string
	primary string // fromEnrollments or fromFactors

	people  []*person // in scope and judged, by id
	byID    map[string]*person
	counted map[string]int   // statuses that are counted only
	orgKeys []string         // keys of the org's active authenticators
	digest  string           // of policies and authenticators
	changed map[string]int64 // user id → when the System Log says that enrolments changed last, unix milliseconds
	logOK   bool
	again   bool // what is known of people in scope is read again, although it may hold
	forgot  bool // roles of someone have to be read again

	listed   map[string]int64  // group id → when this audit listed its members, unix milliseconds
	doubtful map[string]bool   // groups whose members have to be listed again
	moved    map[string]string // user id → how the person moved since the audit before

	// mu guards mem and sawEnrollments while people are read by several goroutines: from readBatch or readAhead until their
	// workers have ended. All else, and both of them outside of that time, belong to the goroutine of run alone. A person
	// belongs to the worker that reads it; notes have a lock of their own.
	mu             sync.Mutex
	sawEnrollments bool // someone's enrolments could be read
	rounds         int  // attempts to go on after an outage that brought nothing
	freshBefore    int
	hadOutage      bool // there was an outage, or what looked like one
}

// person is someone in scope.
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
	if err := s.readOrganisation(ctx); err != nil {
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
	s.mem = newMemory()
	s.known.Exemptions, s.known.Members = s.req.Policy.IndexExemptions(), s.mem.members
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
	if recorded := s.note(context.WithoutCancel(ctx), "audit_ended", "stopped", map[string]any{"reason": untrusted.New(err.Error()).Show(untrusted.Long), "read": len(s.mem.fresh)}); recorded != nil {
		return errors.Join(err, recorded)
	}
	return err
}

func (s *scan) note(ctx context.Context, name, outcome string, details map[string]any) error {
	return s.step(ctx, s.record.ID, name, outcome, details)
}

// step writes a step of an audit into the trail.
func (a *Auditor) step(ctx context.Context, auditID, name, outcome string, details map[string]any) error {
	client, _ := details["client"].(string)
	delete(details, "client")
	entry := trail.Entry{Step: name, RunID: auditID, Client: client, Outcome: outcome, Arguments: details}
	if err := a.opts.Record(ctx, entry); err != nil {
		return fmt.Errorf("record the audit in the trail: %w", err)
	}
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

func (s *scan) isAdmin(p *person) bool { return s.known.Roles.Holds(p.ID) }

// fingerprint names the enrolment policy of a person, "" when it is not known.
func (s *scan) fingerprint(p *person) string {
	if a := s.known.PolicyOf(p.ID); a != nil {
		return a.Fingerprint
	}
	return ""
}
