package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/oktaclient"
)

// readPolicies reads the enrolment policies and the org's authenticators.
func (s *scan) readPolicies(ctx context.Context) error {
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

// readMembers reads who is in the groups that enrolment policies name, unless Okta says that no one joined or left.
func (s *scan) readMembers(ctx context.Context) error {
	defer func() { s.known.MembersRead = true }()
	if s.known.Rules == nil {
		return nil
	}
	return s.readGroups(ctx, s.known.Rules.Groups())
}

// readMembersAgain reads those groups again whose list may have been older than their stamp, and those that an event names.
func (s *scan) readMembersAgain(ctx context.Context) error {
	if s.known.Rules == nil || len(s.doubtful) == 0 {
		return nil
	}
	named := func(id string) bool { return !s.doubtful[id] }
	return s.readGroups(ctx, slices.DeleteFunc(slices.Clone(s.known.Rules.Groups()), named))
}

func (s *scan) readGroups(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := s.readGroup(ctx, id); err != nil {
			if err := s.degrade(err, "who is in the groups of enrolment policies is not known, "+
				"so that the policy of a person is not known"); err != nil {
				return fmt.Errorf("read members of a policy's group: %w", err)
			}
			s.known.Rules = nil
			return nil
		}
	}
	return nil
}

// memberLag is how old the stamp of a group must be for its list of members to be remembered under it. Recorded at Okta: the list
// lags seconds behind the stamp, and stamps have whole seconds, so that two changes within one have the same.
const memberLag = time.Minute

func (s *scan) readGroup(ctx context.Context, id string) error {
	group, err := s.okta.Group(ctx, id)
	if errors.Is(err, oktaclient.ErrNotFound) {
		s.mem.members.Empty(id)
		delete(s.doubtful, id)
		return nil
	}
	if err != nil {
		return err
	}
	stamp := int64(0)
	if !group.MembershipUpdated.IsZero() {
		stamp = group.MembershipUpdated.UnixMilli()
	}
	if stamp != 0 && stamp == s.mem.members.Changed(id) {
		return nil
	}
	s.mem.members.Empty(id)
	s.listed[id] = s.okta.Now().UnixMilli()
	var ids []string
	for member, err := range s.okta.GroupMembers(ctx, id) {
		if err != nil {
			return err
		}
		ids = append(ids, member.ID)
	}
	delete(s.doubtful, id)
	if s.listed[id]-stamp < memberLag.Milliseconds() {
		stamp, s.doubtful[id] = 0, true // used, and not remembered
	}
	s.mem.members.Add(id, stamp, ids)
	return nil
}

// doubt makes the members of groups be read again that an event names, unless they were listed well after it. Who holds roles
// through such a group is read again, too.
func (s *scan) doubt(groups []string, at int64) {
	for _, id := range groups {
		if at < s.listed[id]-memberLag.Milliseconds() {
			continue
		}
		s.mem.members.Forget(id)
		s.doubtful[id] = true
		s.forgot = s.forgot || len(s.mem.head.Groups[id]) > 0
	}
}
