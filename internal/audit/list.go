package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// listPeople lists the people in scope, and reads some of them already.
func (s *scan) listPeople(ctx context.Context) (err error) {
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
	statuses, texts := map[string]string{}, map[untrusted.Text]untrusted.Text{}
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
		intern(statuses, &account.Status)
		for _, text := range []*untrusted.Text{
			&account.Department, &account.Title, &account.Manager, &account.ManagerID, &account.UserType,
		} {
			intern(texts, text)
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

// intern replaces a text by an equal one that was seen before, so that many people share its memory.
func intern[T comparable](seen map[T]T, text *T) {
	if same, ok := seen[*text]; ok {
		*text = same
		return
	}
	seen[*text] = *text
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
		if spelling.Same(group.Name.Raw(), idOrName) {
			found = append(found, group)
		}
	}
	switch len(found) {
	case 0:
		return oktaclient.Group{}, noGroup("no such group: %q", untrusted.New(idOrName))
	case 1:
		return found[0], nil
	}
	return oktaclient.Group{}, noGroup("no such group: %d groups are called %q", len(found), untrusted.New(idOrName))
}
