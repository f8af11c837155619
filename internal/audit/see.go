package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/oktaclient"
)

// see reads what the organisation is: policies, role holders, people. In a full audit the role holders are read at once,
// before anything that takes long in a large organisation.
func (s *scan) see(ctx context.Context) error {
	s.job.live.Enter("looking around")
	var err error
	if s.org, err = s.lookAtOrg(ctx); err != nil {
		return fmt.Errorf("read the organisation: %w", err)
	}
	s.known.AsOf = s.okta.Now() // after the first answer, so that Okta's clock is known
	if err := s.journal.look(s.known.AsOf); err != nil {
		return err
	}
	if err := s.patiently(ctx, s.seePolicies); err != nil {
		return err
	}
	s.choose()
	s.byID, s.changed = map[string]*person{}, map[string]int64{}
	steps := []func(context.Context) error{s.seeLog, s.seeRoles, s.seeGroupRoles, s.seeMembers, s.list}
	if s.kind == mfa.KindFull && s.req.Scope() == mfa.Everybody {
		steps = []func(context.Context) error{s.seeRoles, s.adminsFirst, s.seeGroupRoles, s.adminsFirst, s.seeLog, s.seeMembers, s.list}
	}
	for _, step := range steps {
		if err := s.patiently(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// lookAtOrg asks what organisation this is. Its id is public: that nothing else of it may be seen is no reason to stop.
func (s *scan) lookAtOrg(ctx context.Context) (oktaclient.Org, error) {
	org, err := s.okta.Org(ctx)
	if err != nil && org.ID != "" && refused(err) {
		return org, nil
	}
	return org, err
}

// mostSignals bounds how many people's recent events are kept in memory.
const mostSignals = 200_000

// seePolicies reads the enrolment policies and the org's authenticators.
func (s *scan) seePolicies(ctx context.Context) error {
	policies, err := s.okta.EnrollmentPolicies(ctx)
	if err == nil {
		s.known.Rules = mfa.CompileRules(policies)
	} else if err := s.degrade(err, "what enrolment policies allow and require is not known"); err != nil {
		return fmt.Errorf("read enrolment policies: %w", err)
	}
	authenticators, err := s.okta.Authenticators(ctx)
	if err != nil {
		if err := s.degrade(err, "the organisation's authenticators are not known"); err != nil {
			return fmt.Errorf("read authenticators: %w", err)
		}
	}
	for _, a := range authenticators {
		if a.Status == "ACTIVE" && !slices.Contains(s.orgKeys, a.Key) {
			s.orgKeys = append(s.orgKeys, a.Key)
		}
	}
	slices.Sort(s.orgKeys)
	for i := range policies {
		policies[i].Updated = time.Time{} // a change of nothing that matters is no change
	}
	text, err := json.Marshal([]any{policies, s.orgKeys})
	if err != nil {
		return fmt.Errorf("encode policies: %w", err)
	}
	sum := sha256.Sum256(text)
	s.digest = hex.EncodeToString(sum[:8])
	return nil
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

// overlap is how far before the last look the System Log is read again: events may be stored late.
const overlap = 10 * time.Minute

// signalSpan is how far back recent events count.
const signalSpan = 7 * 24 * time.Hour

// seeLog reads the changes since the last audit and the recent signals. Without the log there are only full audits.
func (s *scan) seeLog(ctx context.Context) error {
	s.logOK = true
	if err := s.changes(ctx, s.okta.Now()); err != nil {
		if err := s.degrade(err, "the System Log cannot be read, so that every audit has to read everybody, and recent events are not known"); err != nil {
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
	s.known.Signals = mfa.NewSignals(mostSignals) // when this is begun anew, nothing counts twice
	for e, err := range s.okta.Log(ctx, oktaclient.LogQuery{Since: until.Add(-signalSpan), Until: until, Filter: mfa.SignalFilter()}) {
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
	for e, err := range s.okta.Log(ctx, oktaclient.LogQuery{Since: since.Add(-overlap), Until: until, Filter: mfa.ChangeFilter()}) {
		if err != nil {
			return err
		}
		s.takeEvent(mfa.EffectOf(e), e.Published.UnixMilli())
	}
	return nil
}

// takeEvent takes in one change. Who joined a group or was given a role has enrolled nothing: which policy applies, and who is
// an admin, is told from the groups and roles themselves.
func (s *scan) takeEvent(change mfa.Effect, at int64) {
	switch {
	case change.Roles:
		s.forgot = true
		s.mem.head.forget(change.Users, change.Groups)
	case change.Unclear && (s.kind == mfa.KindIncremental || s.again) && at >= s.mem.head.Watermark.Add(-clockSlack).UnixMilli():
		s.whyFull = "an event in the System Log says that enrolments changed, and not whose"
		s.full()
	case len(change.Groups) == 0:
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

// seeMembers reads who is in the groups that enrolment policies name, unless Okta says that nobody joined or left.
func (s *scan) seeMembers(ctx context.Context) error {
	defer func() { s.known.MembersRead = true }()
	if s.known.Rules == nil {
		return nil
	}
	for _, id := range s.known.Rules.Groups() {
		group, err := s.okta.Group(ctx, id)
		if errors.Is(err, oktaclient.ErrNotFound) {
			s.mem.members.Empty(id)
			continue
		}
		stamp := int64(0)
		if !group.MembershipUpdated.IsZero() {
			stamp = group.MembershipUpdated.UnixMilli()
		}
		if err == nil && stamp != 0 && stamp == s.mem.members.Changed(id) {
			continue
		}
		if err == nil {
			err = s.readMembers(ctx, id, stamp)
		}
		if err != nil {
			if err := s.degrade(err, "who is in the groups of enrolment policies is not known, so that policies cannot be told"); err != nil {
				return fmt.Errorf("read members of a policy's group: %w", err)
			}
			s.known.Rules = nil
			return nil
		}
	}
	return nil
}

func (s *scan) readMembers(ctx context.Context, group string, stamp int64) error {
	s.mem.members.Empty(group)
	var ids []string
	for member, err := range s.okta.GroupMembers(ctx, group) {
		if err != nil {
			return err
		}
		ids = append(ids, member.ID)
	}
	s.mem.members.Add(group, stamp, ids)
	return nil
}

// list lists the people in scope, and reads some of them already.
func (s *scan) list(ctx context.Context) (err error) {
	s.job.live.Enter("listing people")
	accounts, err := s.accounts(ctx)
	if err != nil {
		return err
	}
	early := s.readAhead(ctx)
	defer func() { err = errors.Join(err, early.end()) }()
	s.counted = map[string]int{}
	known := maps.Clone(s.byID) // the role holders, when they were read first
	clear(s.byID)
	interned := map[string]string{}
	intern := func(text *string) {
		if same, ok := interned[*text]; ok {
			*text = same
			return
		}
		interned[*text] = *text
	}
	for account, err := range accounts {
		if err != nil {
			return fmt.Errorf("list people: %w", err)
		}
		if mfa.CountedOnly(account.Status) {
			s.counted[account.Status]++
			continue
		}
		if account.Status == "DEPROVISIONED" {
			continue
		}
		for _, text := range []*string{&account.Status, &account.Department, &account.Title, &account.Manager, &account.ManagerID, &account.UserType} {
			intern(text)
		}
		p := &person{Account: account}
		if old := known[account.ID]; old != nil {
			p.tried, p.noFactors = old.tried, old.noFactors
		}
		s.byID[account.ID] = p
		s.job.live.Expect(len(s.byID))
		if s.wanted(p) {
			early.offer(p)
		}
	}
	s.people = slices.SortedFunc(maps.Values(s.byID), func(a, b *person) int { return strings.Compare(a.ID, b.ID) })
	return nil
}

// accounts is the list of the scope.
func (s *scan) accounts(ctx context.Context) (iter.Seq2[oktaclient.Account, error], error) {
	switch {
	case s.req.Search != "":
		return s.okta.FindAccounts(ctx, s.req.Search), nil
	case s.req.Group == "":
		return s.okta.Everybody(ctx), nil
	}
	group, err := s.FindGroup(ctx, s.req.Group)
	if err != nil {
		return nil, err
	}
	return s.okta.GroupMembers(ctx, group.ID), nil
}

// FindGroup finds a group by its id or its exact name. Two groups of one name are refused.
func (a *Auditor) FindGroup(ctx context.Context, idOrName string) (oktaclient.Group, error) {
	if strings.HasPrefix(idOrName, "00g") {
		group, err := a.okta.Group(ctx, idOrName)
		if err == nil || !errors.Is(err, oktaclient.ErrNotFound) && !errors.Is(err, oktaclient.ErrBadArgument) {
			return group, err
		}
	}
	var found []oktaclient.Group
	for group, err := range a.okta.Groups(ctx, "profile.name eq "+oktaclient.Quote(idOrName)) {
		if err != nil {
			return oktaclient.Group{}, fmt.Errorf("look the group up: %w", err)
		}
		if strings.EqualFold(group.Name, idOrName) {
			found = append(found, group)
		}
	}
	switch len(found) {
	case 0:
		return oktaclient.Group{}, noGroup("no such group: %q", clip(idOrName, 80))
	case 1:
		return found[0], nil
	}
	return oktaclient.Group{}, noGroup("no such group: %d groups are called %q", len(found), clip(idOrName, 80))
}
