package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// readRoles reads who holds admin roles in person. What earlier audits learned of a holder holds until the System
// Log says otherwise.
func (s *scan) readRoles(ctx context.Context) error {
	s.job.live.Enter("looking for admins")
	s.forgot = false
	s.known.Roles = &mfa.Roles{Known: true, Direct: map[string][]string{}, Via: map[string][]string{}}
	var holders []string
	for id, err := range s.okta.RoleHolders(ctx) {
		if err != nil {
			if err := s.degrade(err, "who holds admin roles is not known, so that admins are not known from others"); err != nil {
				return fmt.Errorf("list role holders: %w", err)
			}
			s.known.Roles.Known = false
			return nil
		}
		holders = append(holders, id)
	}
	found, err := s.askEach(ctx, holders, s.mem.head.Roles, s.rolesOf)
	if err != nil {
		return fmt.Errorf("read admin roles: %w", err)
	}
	s.mem.head.Roles = map[string][]string{}
	for id, roles := range found {
		if len(roles) > 0 {
			s.known.Roles.Direct[id] = roles
		}
		if !slices.Contains(roles, roleUnreadable) {
			s.mem.head.Roles[id] = roles
		}
	}
	return nil
}

// roleUnreadable is in place of the roles of a known holder which Okta refuses or fails to show. Such a person counts as an
// admin all the same.
const roleUnreadable = "UNREADABLE"

// rolesOf asks for the roles that someone holds in person. Those that come through a group are left to the groups:
// they go with the membership, of which no event of roles tells.
func (s *scan) rolesOf(ctx context.Context, user string) ([]oktaclient.Role, error) {
	roles, err := s.okta.UserRoles(ctx, user)
	if err != nil && refused(err) {
		s.say("which admin roles some role holders have could not be read: Okta refuses it to this credential")
		return []oktaclient.Role{{Type: roleUnreadable}}, nil
	}
	if err != nil && transient(err) {
		if _, away := s.readOrg(ctx); away == nil { // it is this person alone
			s.say("which admin roles some role holders have could not be read: Okta fails to answer")
			return []oktaclient.Role{{Type: roleUnreadable}}, nil
		}
	}
	return slices.DeleteFunc(roles, func(r oktaclient.Role) bool { return r.Assignment == "GROUP" }), err
}

// readGroupRoles reads which groups hold admin roles, and who is in them. Okta's list of role holders is not
// documented to hold those of groups.
func (s *scan) readGroupRoles(ctx context.Context) error {
	if !s.known.Roles.Known {
		return nil
	}
	const without = "admin roles that people hold through groups are not known"
	s.known.Roles.Via = map[string][]string{}
	var ids []string
	for group, err := range s.okta.Groups(ctx, "") {
		if err != nil {
			return s.wrapDegraded(err, without, "list groups")
		}
		ids = append(ids, group.ID)
	}
	found, err := s.askEach(ctx, ids, s.mem.head.Groups, s.okta.GroupRoles)
	if err != nil {
		return s.wrapDegraded(err, without, "read roles of groups")
	}
	s.mem.head.Groups = found
	for _, id := range ids {
		roles := found[id]
		if len(roles) == 0 {
			continue
		}
		for member, err := range s.okta.GroupMembers(ctx, id) {
			if err != nil {
				return s.wrapDegraded(err, without, "list members of a group with roles")
			}
			s.known.Roles.Via[member.ID] = append(s.known.Roles.Via[member.ID], roles...)
		}
	}
	return nil
}

// askEach asks for the roles of each id that is not known, several at a time. Someone who is gone has none.
func (s *scan) askEach(ctx context.Context, ids []string, known map[string][]string,
	ask func(context.Context, string) ([]oktaclient.Role, error)) (map[string][]string, error) {
	answers := make([][]string, len(ids))
	workers, working := errgroup.WithContext(ctx)
	workers.SetLimit(s.opts.Workers)
	for i, id := range ids {
		if roles, ok := known[id]; ok {
			answers[i] = roles
			continue
		}
		workers.Go(func() error {
			roles, err := ask(working, id)
			if errors.Is(err, oktaclient.ErrNotFound) {
				return nil
			}
			answers[i] = typesOf(roles)
			return err
		})
	}
	if err := workers.Wait(); err != nil {
		return nil, err
	}
	found := make(map[string][]string, len(ids))
	for i, id := range ids {
		found[id] = answers[i]
	}
	return found, nil
}

// readAdmins reads the role holders that are known so far, and shows how they stand.
func (s *scan) readAdmins(ctx context.Context) error {
	if !s.known.Roles.Known {
		return nil
	}
	s.job.live.Enter("reading admins")
	var admins []*person
	for _, id := range s.known.Roles.UserIDs() { // of an earlier attempt, too: what was read then is not read again
		p := s.byID[id]
		if p == nil {
			account, err := s.okta.Account(ctx, id)
			switch {
			case errors.Is(err, oktaclient.ErrNotFound):
				continue
			case err != nil && (refused(err) || transient(err)):
				continue // everyone is listed later, and read then
			case err != nil:
				return fmt.Errorf("read an admin: %w", err)
			}
			p = &person{Account: account}
			s.byID[id] = p
		}
		if !mfa.CountedOnly(p.Status) && p.Status != "DEPROVISIONED" {
			admins = append(admins, p)
		}
	}
	s.job.live.Expect(len(admins))
	if err := s.readThese(ctx, admins); err != nil {
		return err
	}
	t := mfa.NewCounter()
	for _, p := range admins {
		f := s.finding(p)
		t.Count(&f)
	}
	t.Close(0)
	s.job.showAdmins(t.Tally)
	return nil
}

// typesOf names the roles that are in force. A custom role goes by its label.
func typesOf(roles []oktaclient.Role) []string {
	types := []string{}
	for _, r := range roles {
		name := r.Type
		if name == "CUSTOM" && !r.Label.IsZero() {
			name = "CUSTOM " + r.Label.Show(untrusted.Name)
		}
		if (r.Status == "ACTIVE" || r.Status == "") && !slices.Contains(types, name) {
			types = append(types, name)
		}
	}
	slices.Sort(types)
	return types
}
