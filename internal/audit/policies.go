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
			err = s.readMembersOf(ctx, id, stamp)
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

func (s *scan) readMembersOf(ctx context.Context, group string, stamp int64) error {
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
