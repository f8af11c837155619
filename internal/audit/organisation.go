package audit

import (
	"context"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/oktaclient"
)

// readOrganisation reads what the organisation is: policies, System Log, role holders, members of groups, people. In a full
// audit of everyone the role holders are read at once, before anything that takes long in a large organisation.
func (s *scan) readOrganisation(ctx context.Context) error {
	s.job.live.Enter("looking around")
	var err error
	if s.org, err = s.readOrg(ctx); err != nil {
		return fmt.Errorf("read the organisation: %w", err)
	}
	s.known.AsOf = s.okta.Now() // after the first answer, so that Okta's clock is known
	if err := s.journal.look(s.known.AsOf); err != nil {
		return err
	}
	if err := s.withRetries(ctx, s.readPolicies); err != nil {
		return err
	}
	s.choose()
	s.byID, s.changed = map[string]*person{}, map[string]int64{}
	s.listed, s.doubtful = map[string]int64{}, map[string]bool{}
	if s.kind == mfa.KindFull && s.req.Scope() == mfa.Everybody {
		// Nothing is remembered that the log could make doubtful, so that role holders need not wait for it. Those who hold
		// a role through a group are known only after the groups: admins are read twice, each once.
		if err := s.inOrder(ctx, s.readRoles, s.readAdmins, s.readGroupRoles, s.readAdmins); err != nil {
			return err
		}
		return s.inOrder(ctx, s.readLog, s.readMembers, s.listPeople)
	}
	// The log comes first: it takes back what is remembered of roles and people, or makes the audit a full one, which
	// forgets the members of groups. Listing comes last: it reads people ahead, and needs the log to know who is due, the
	// roles to know who is an admin, and the members to know which policy applies.
	return s.inOrder(ctx, s.readLog, s.readRoles, s.readGroupRoles, s.readMembers, s.listPeople)
}

// inOrder carries out steps one after the other, each again while Okta is away.
func (s *scan) inOrder(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := s.withRetries(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// readOrg asks what organisation this is. Its id is public: that nothing else of it may be seen is no reason to stop.
func (s *scan) readOrg(ctx context.Context) (oktaclient.Org, error) {
	org, err := s.okta.Org(ctx)
	if err != nil && org.ID != "" && refused(err) {
		return org, nil
	}
	return org, err
}

// logKeeps is how long Okta keeps events, less what a long audit and a slow start may take.
const logKeeps = 85 * 24 * time.Hour

// choose decides between a full and an incremental audit.
func (s *scan) choose() {
	h := &s.mem.head
	switch {
	case h.Watermark.IsZero():
		s.whyFull = "no earlier audit is known"
	case h.Org != s.org.ID:
		s.whyFull = "the earlier audits are of another organisation"
	case s.known.AsOf.Sub(h.Watermark) > logKeeps:
		s.whyFull = fmt.Sprintf("the last audit ended on %s, longer ago than the System Log keeps", h.Watermark.Format(time.DateOnly))
	case h.Policies != s.digest:
		s.whyFull = "enrolment policies or authenticators changed since the last audit"
	}
	s.kind, s.primary = mfa.KindIncremental, h.Primary
	switch {
	case s.whyFull != "":
		s.full()
	case s.req.Full:
		// What is known of people outside the scope still holds, and is kept for the audits to come.
		s.kind, s.again, s.primary, s.whyFull = mfa.KindFull, true, s.mem.source(), "asked for"
		s.mem.members.Clear()
		s.mem.head.Roles, s.mem.head.Groups = nil, nil
	}
}

// full forgets what earlier audits read, but not what this one did.
func (s *scan) full() {
	s.kind, s.primary, s.again = mfa.KindFull, s.mem.source(), false
	for id := range s.mem.readings {
		if !s.mem.fresh[id] {
			delete(s.mem.readings, id)
		}
	}
	s.mem.members.Clear()
	s.mem.head.Roles, s.mem.head.Groups = nil, nil
}
