package audit

import (
	"context"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/oktaclient"
)

// overlap is how far before the last look the System Log is read again: events may be stored late.
const overlap = 10 * time.Minute

// signalSpan is how far back recent events count.
const signalSpan = 7 * 24 * time.Hour

// mostSignals bounds how many people's recent events are kept in memory.
const mostSignals = 200_000

// readLog reads the changes since the last audit and the recent signals. Without the log there are only full audits.
func (s *scan) readLog(ctx context.Context) error {
	s.logOK = true
	if err := s.changes(ctx, s.okta.Now()); err != nil {
		if err := s.degrade(err, "the System Log cannot be read, so that every audit has to read everyone, and "+
			"recent events are not known"); err != nil {
			return fmt.Errorf("read the system log: %w", err)
		}
		s.logOK = false
		if s.kind == mfa.KindIncremental || s.again {
			s.whyFull = "the System Log cannot be read"
			s.full()
		}
		return nil
	}
	until := s.okta.Now()
	s.known.Signals = mfa.NewSignals(mostSignals) // when this is begun again, nothing counts twice
	for e, err := range s.okta.Log(ctx, oktaclient.LogQuery{
		Since:  until.Add(-signalSpan),
		Until:  until,
		Filter: mfa.SignalFilter(),
	}) {
		if err != nil {
			return fmt.Errorf("read recent events: %w", err)
		}
		s.known.Signals.Add(e)
	}
	return nil
}

// changes takes in the events from the last look, or from the start of this audit when it is a full one, until a time.
func (s *scan) changes(ctx context.Context, until time.Time) error {
	since := s.known.AsOf
	if first := time.UnixMilli(s.mem.looked); s.mem.looked != 0 && first.Before(since) {
		since = first
	}
	if (s.kind == mfa.KindIncremental || s.again) && s.mem.head.Watermark.Before(since) {
		since = s.mem.head.Watermark
	}
	// Okta's clock is known to the second: an end that is a little too early would miss what has just happened.
	until = until.Add(clockSlack)
	for e, err := range s.okta.Log(ctx, oktaclient.LogQuery{
		Since:  since.Add(-overlap),
		Until:  until,
		Filter: mfa.ChangeFilter(),
	}) {
		if err != nil {
			return err
		}
		s.takeEvent(mfa.EffectOf(e), e.Published.UnixMilli())
	}
	return nil
}

// takeEvent takes in one change. Who joined a group or was given a role has enrolled nothing: which policy applies,
// and who is an admin, is read from the groups and roles themselves.
func (s *scan) takeEvent(change mfa.Effect, at int64) {
	switch {
	case change.Roles:
		s.forgot = true
		s.mem.head.forget(change.Users, change.Groups)
	case change.Unclear && (s.kind == mfa.KindIncremental || s.again) &&
		at >= s.mem.head.Watermark.Add(-clockSlack).UnixMilli():
		s.whyFull = "an event in the System Log says that enrolments changed, and not whose"
		s.full()
	case len(change.Groups) > 0:
		s.doubt(change.Groups, at)
	default:
		for _, user := range change.Users {
			s.changed[user] = max(s.changed[user], at)
		}
	}
}

// forget drops what is remembered of the roles of users and groups.
func (h *head) forget(users, groups []string) {
	for _, id := range users {
		delete(h.Roles, id)
	}
	for _, id := range groups {
		delete(h.Groups, id)
	}
}
