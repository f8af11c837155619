package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// readAll reads everyone whose reading does not hold, and then, once the System Log can be trusted to show what
// happened up to the start, everyone who changed meanwhile.
func (s *scan) readAll(ctx context.Context) error {
	s.job.live.Enter("reading")
	if err := s.readThese(ctx, s.people); err != nil {
		return err
	}
	if !s.logOK {
		return nil
	}
	if err := s.waitForLog(ctx); err != nil {
		return err
	}
	kind := s.kind
	again := func(ctx context.Context) error { return s.changes(ctx, s.okta.Now()) }
	if err := s.withRetries(ctx, again); err != nil {
		return fmt.Errorf("read the system log again: %w", err)
	}
	s.trimSample()
	members := s.readMembersAgain
	if s.kind != kind { // what was known is forgotten, memberships too
		members = s.readMembers
	}
	if err := s.withRetries(ctx, members); err != nil {
		return err
	}
	if err := s.withRetries(ctx, s.readRolesAgain); err != nil {
		return err
	}
	s.job.live.Enter("reading who changed meanwhile")
	for _, p := range s.people {
		if r := s.mem.readings[p.ID]; r != nil && s.changed[p.ID] >= r.at-clockSlack.Milliseconds() {
			p.tried = false
		}
	}
	return s.readThese(ctx, s.people)
}

// trimSample takes out of the sample people that an event names after all, which the log showed late: they would not have
// been taken from the cache, and say nothing of its error.
func (s *scan) trimSample() {
	since := s.mem.head.Watermark.Add(-clockSlack).UnixMilli()
	maps.DeleteFunc(s.mem.wrong, func(id string, _ bool) bool { return s.changed[id] >= since })
}

// waitForLog waits until the System Log shows all that happened before the start.
func (s *scan) waitForLog(ctx context.Context) error {
	rest := s.known.AsOf.Add(s.opts.LogSettle).Sub(s.okta.Now())
	if rest <= 0 {
		return nil
	}
	s.job.live.Enter("waiting for the System Log to show what happened meanwhile")
	if wait.For(ctx, rest) != nil {
		return context.Cause(ctx)
	}
	return nil
}

// readRolesAgain reads roles again when an event that came late changed some; what it did not name is remembered.
func (s *scan) readRolesAgain(ctx context.Context) error {
	if !s.forgot || !s.known.Roles.Known {
		return nil
	}
	if err := s.readRoles(ctx); err != nil {
		return err
	}
	return s.readGroupRoles(ctx)
}

// errSource says that the primary source answers for no one in this organisation.
var errSource = errors.New("authenticator-enrollments are not available in this organisation")

// readThese reads anyone who of these people needs it, the role holders first.
func (s *scan) readThese(ctx context.Context, people []*person) error {
	todo := s.todo(people)
	if len(todo) == 0 {
		return nil
	}
	if s.primary == "" {
		if err := s.choosePrimary(ctx, &todo); err != nil {
			return err
		}
	}
	later, outage, err := s.readBatch(ctx, todo)
	if errors.Is(err, errSource) {
		s.say("authenticator-enrollments are not available any more; factors are read instead")
		s.whyFull = "the source of readings changed"
		s.full()
		s.primary = mfa.SourceFactors
		if err := s.readMembers(ctx); err != nil {
			return err
		}
		return s.readThese(ctx, people)
	}
	if err != nil {
		return err
	}
	return s.retryLater(ctx, later, outage)
}

// todo lists who needs reading, role holders first, and behind the others those that Okta could not give before.
func (s *scan) todo(people []*person) []*person {
	var admins, others []*person
	for _, p := range people {
		if s.need(p) == nothing {
			continue
		}
		if s.isAdmin(p) {
			admins = append(admins, p)
		} else {
			others = append(others, p)
		}
	}
	s.job.live.Expect(s.job.live.Progress().Done + len(admins) + len(others))
	if s.hadOutage { // in any other order, those that Okta fails for may come side by side, and look like an outage
		rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	}
	todo := append(admins, others...)
	slices.SortStableFunc(todo, func(a, b *person) int { return a.failed - b.failed })
	return todo
}

// choosePrimary finds out which source the organisation has, with the first reading.
func (s *scan) choosePrimary(ctx context.Context, todo *[]*person) error {
	s.primary = mfa.SourceEnrollments
	for len(*todo) > 0 {
		first := (*todo)[0]
		err := s.readOne(ctx, first)
		if errors.Is(err, errSource) {
			s.primary = mfa.SourceFactors
			s.say("authenticator-enrollments are not available in this organisation; factors are read instead")
			return nil
		}
		if err != nil && !transient(err) {
			return err
		}
		if err != nil {
			return nil // anyone who comes next finds out
		}
		r := s.mem.readings[first.ID]
		if r != nil && !r.err.IsZero() && s.refusesEnrollments(ctx, first) {
			return nil
		}
		*todo = (*todo)[1:]
		if r != nil && r.hasEnroll {
			return nil
		}
	}
	return nil
}

// refusesEnrollments finds out whether it is enrolments that Okta refuses to this credential, not this person: then
// factors are read of everyone.
func (s *scan) refusesEnrollments(ctx context.Context, p *person) bool {
	if _, err := s.okta.Factors(ctx, p.ID); err != nil {
		return false
	}
	s.primary, p.tried = mfa.SourceFactors, false
	s.say("Okta refuses authenticator-enrollments to this credential; factors are read instead")
	return true
}

// readBatch reads people, several at a time. It returns those who could not be read for a reason that may pass;
// outage says that it gave up, since no one could be read any more.
func (s *scan) readBatch(ctx context.Context, todo []*person) (later []*person, outage bool, err error) {
	var mu sync.Mutex
	row := 0 // failures in a row
	workers, working := errgroup.WithContext(ctx)
	workers.SetLimit(s.opts.Workers)
	for _, p := range todo {
		if working.Err() != nil {
			break
		}
		workers.Go(func() error {
			err := s.readOne(working, p)
			if err != nil && (!transient(err) || working.Err() != nil) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				row = 0
				return nil
			}
			p.failed, p.why = p.failed+1, err
			later = append(later, p)
			if row++; row > mostInARow {
				return errOutage
			}
			return nil
		})
	}
	err = workers.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, false, context.Cause(ctx)
	case errors.Is(err, errOutage):
		return later, true, nil
	}
	return later, false, err
}

// mostInARow is how many people may fail, and no one be read in between, before the fault is taken to be Okta's and
// not theirs.
const mostInARow = 50

var errOutage = errors.New("okta does not answer")

// scope is everyone who is known to be in scope so far.
func (s *scan) scope() []*person {
	if s.people != nil {
		return s.people
	}
	var people []*person
	for _, p := range s.byID {
		people = append(people, p)
	}
	slices.SortFunc(people, func(a, b *person) int { return int(a.Created.Compare(b.Created)) })
	return people
}

// readOne reads one person: the primary source, and factors too where enrolments alone look non-compliant.
func (s *scan) readOne(ctx context.Context, p *person) error {
	s.mu.Lock()
	want, old := s.need(p), s.mem.readings[p.ID]
	s.mu.Unlock()
	r, draw := &reading{at: s.okta.Now().UnixMilli()}, ""
	switch want {
	case nothing:
		return nil
	case onlyFactor:
		r.at, r.enrolled, r.hasEnroll = old.at, old.enrolled, true
		return s.readFactors(ctx, p, r, "")
	case sample:
		draw = "right"
	}
	if s.primary == mfa.SourceFactors {
		return s.readFactors(ctx, p, r, draw)
	}
	list, err := s.okta.Enrollments(ctx, p.ID)
	if err != nil {
		return s.failed(p, err)
	}
	s.mu.Lock()
	r.enrolled, r.hasEnroll, s.sawEnrollments = s.mem.kinds.pack(mfa.FromEnrollments(list)), true, true
	wants := s.wants(p, r)
	s.mu.Unlock()
	switch {
	case draw != "" && sameMarks(r.enrolled, old.enrolled):
		r.factors, r.hasFactor, r.policy = old.factors, old.hasFactor, old.policy
		if r.hasFactor {
			r.at = old.at // factors are as old as that: an event that comes late must still count against them
		}
		return s.keep(p, r, draw)
	case draw != "":
		draw = "wrong"
	}
	if !wants {
		return s.keep(p, r, draw)
	}
	return s.readFactors(ctx, p, r, draw)
}

func (s *scan) readFactors(ctx context.Context, p *person, r *reading, draw string) error {
	list, err := s.okta.Factors(ctx, p.ID)
	switch {
	case err != nil && r.hasEnroll && refused(err):
		p.noFactors = true // the enrolments are known, and speak for themselves
		s.say("factors of some people could not be read beside their enrolments: Okta refuses them to this credential")
		return s.keep(p, r, draw)
	case err != nil:
		return s.failed(p, err)
	}
	s.mu.Lock()
	r.factors, r.hasFactor, r.policy = s.mem.kinds.pack(mfa.FromFactors(list)), true, pending
	if s.known.MembersRead {
		r.policy = s.fingerprint(p)
	}
	if old := s.mem.readings[p.ID]; draw == "right" && s.primary == mfa.SourceFactors &&
		!sameMarks(r.factors, old.factors) {
		draw = "wrong"
	}
	s.mu.Unlock()
	return s.keep(p, r, draw)
}

// keep writes a reading to disk, and then counts it as made.
func (s *scan) keep(p *person, r *reading, draw string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.journal.add(p.ID, r, draw); err != nil {
		return err
	}
	s.mem.readings[p.ID], s.mem.fresh[p.ID] = r, true
	if draw != "" {
		s.mem.wrong[p.ID] = draw == "wrong"
	}
	outcome := "read"
	if !r.err.IsZero() {
		outcome = string(mfa.Unreadable)
	}
	s.job.live.Count(outcome, true)
	return nil
}

// failed decides what a failed reading means: the person is gone, cannot be read, or the audit has to deal with it.
func (s *scan) failed(p *person, err error) error {
	var e *oktaclient.Error
	if !errors.As(err, &e) {
		return err
	}
	const noSuchUser = "E0000007" // any other 404 speaks of the path, not of the person
	enrollments := s.primary == mfa.SourceEnrollments && !s.enrollmentsSeen()
	switch {
	case errors.Is(err, oktaclient.ErrNotFound) && e.Code == noSuchUser:
		s.mu.Lock()
		defer s.mu.Unlock()
		p.gone, p.tried = true, true
		delete(s.mem.readings, p.ID)
		s.job.live.Count("gone", true)
		return s.journal.gone(p.ID)
	case errors.Is(err, oktaclient.ErrFeatureOff), enrollments && errors.Is(err, oktaclient.ErrNotFound):
		if s.primary == mfa.SourceEnrollments {
			return errSource
		}
		return s.unreadable(p, err)
	case errors.Is(err, oktaclient.ErrCertificate),
		// both sources need one scope: without it no one can be read
		errors.Is(err, oktaclient.ErrUnauthorized), errors.Is(err, oktaclient.ErrScope),
		transient(err), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return s.unreadable(p, err)
}

// enrollmentsSeen reports whether the enrolments of anyone could be read in this audit.
func (s *scan) enrollmentsSeen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sawEnrollments
}

// unreadable keeps why someone could not be read.
func (s *scan) unreadable(p *person, err error) error {
	p.tried = true
	return s.keep(p, &reading{
		at:  s.okta.Now().UnixMilli(),
		err: untrusted.NewStored(untrusted.New(err.Error()).String()),
	}, "")
}
