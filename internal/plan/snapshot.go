package plan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// Structure is what an application offers: its entitlements, each with all its values.
type Structure struct {
	App          oktaclient.App
	Entitlements []oktaclient.Entitlement
}

// ReadApp reads an application and refuses one on which nothing can be granted.
func ReadApp(ctx context.Context, okta *oktaclient.Client, appID string) (oktaclient.App, error) {
	app, err := okta.App(ctx, appID)
	if errors.Is(err, oktaclient.ErrNotFound) {
		return app, &trouble.Error{
			Code: trouble.AppNotFound,
			What: fmt.Sprintf("Okta has no application %q that this credential can see", appID),
			Next: "check app_id (it starts with 0oa and is in the address bar of the application's page in the " +
				"Admin Console)",
		}
	}
	if err != nil {
		return app, fmt.Errorf("read application: %w", err)
	}
	if app.Status != "ACTIVE" {
		return app, &trouble.Error{
			Code: trouble.AppInactive,
			What: fmt.Sprintf("the application is %s", app.Status),
			Next: "activate it in the Admin Console, then plan again",
		}
	}
	return app, nil
}

// ReadStructure reads an application with its entitlements and all their values: two paged lists, whatever their
// number.
func ReadStructure(ctx context.Context, okta *oktaclient.Client, appID string) (*Structure, error) {
	app, err := ReadApp(ctx, okta, appID)
	if err != nil {
		return nil, err
	}
	if err := optedIn(ctx, okta, app); err != nil {
		return nil, err
	}
	s := &Structure{App: app}
	place := map[string]int{}
	for e, err := range okta.Entitlements(ctx, appID) {
		if err != nil {
			return nil, fmt.Errorf("list entitlements: %w", err)
		}
		e.Values = nil
		place[e.ID] = len(s.Entitlements)
		s.Entitlements = append(s.Entitlements, e)
	}
	if len(s.Entitlements) == 0 {
		return s, nil
	}
	for v, err := range okta.EntitlementValues(ctx, appID) {
		if err != nil {
			return nil, fmt.Errorf("list entitlement values: %w", err)
		}
		if i, ok := place[v.EntitlementID]; ok {
			s.Entitlements[i].Values = append(s.Entitlements[i].Values, v)
		}
	}
	return s, nil
}

// optedIn asks emOptInStatus on the application and, where that is silent, the entitlement settings. Creating an
// entitlement on an application that is not opted in answers 404, which would read as "no such application".
func optedIn(ctx context.Context, okta *oktaclient.Client, app oktaclient.App) error {
	status := app.EMOptIn
	if status == "" && app.ORN != "" {
		settings, err := okta.EntitlementSettings(ctx, app.ORN)
		if err != nil {
			return fmt.Errorf("read entitlement settings: %w", err)
		}
		status = settings.Status
	}
	switch status {
	case "ENABLED", "OPTED_IN":
		return nil
	case "ENABLING", "OPTING_IN":
		return &trouble.Error{
			Code: trouble.EntitlementManagementStarting,
			What: "entitlement management is being switched on for this application",
			Next: "wait until Okta has finished (a few minutes), then plan again",
		}
	case "DISABLING", "OPTING_OUT":
		return &trouble.Error{
			Code: trouble.EntitlementManagementStopping,
			What: "entitlement management is being switched off for this application",
			Next: "switch it on again in the Admin Console once Okta has finished, then plan again",
		}
	default:
		return &trouble.Error{
			Code: trouble.EntitlementManagementOff,
			What: "entitlement management is off for this application",
			Next: "a super admin switches it on in the Admin Console: Applications, this application, General, " +
				"Identity Governance, Governance Engine: Enabled (provisioning must be off first), then plan again",
		}
	}
}

// digest names the part of the structure that a plan rests on.
func (s *Structure) digest() string {
	var lines []string
	for _, e := range s.Entitlements {
		lines = append(lines, "e\x00"+e.ID+"\x00"+e.ExternalValue.Raw())
		for _, v := range e.Values {
			lines = append(lines, "v\x00"+v.ID+"\x00"+v.ExternalValue.Raw())
		}
	}
	slices.Sort(lines)
	sum := sha256.New()
	for _, line := range lines {
		sum.Write([]byte(line))
		sum.Write([]byte{'\n'})
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Holding is what one user has on one application: the union of the grants in force, and what of it forbids a change.
type Holding struct {
	Values   []string // value ids in force, sorted, each once
	Denied   bool     // a DENY grant is in force
	Fragile  string   // why replacing the base grant would lose something, empty when it would not
	Expiring []string // value ids that only expiring grants give, sorted
}

// Has reports whether the user has a value.
func (h *Holding) Has(valueID string) bool {
	if h == nil {
		return false
	}
	_, found := slices.BinarySearch(h.Values, valueID)
	return found
}

// add takes one grant in. Only active grants are ever listed (Okta API: GET /grants).
func (h *Holding) add(g oktaclient.Grant) {
	if g.Action == "DENY" {
		h.Denied = true
		return
	}
	switch {
	case g.CollectionID != "":
		h.Fragile = "a grant of a collection"
	case !g.Expires.IsZero():
		h.Fragile = "a grant that expires"
	case g.Type != oktaclient.GrantCustom && g.Type != oktaclient.GrantEntitlement:
		h.Fragile = "a grant of type " + g.Type
	}
	for _, e := range g.Entitlements {
		for _, v := range e.Values {
			h.take(v, !g.Expires.IsZero())
		}
	}
}

func (h *Holding) take(value string, expires bool) {
	at, found := slices.BinarySearch(h.Values, value)
	lasting := found
	if soon, known := slices.BinarySearch(h.Expiring, value); known {
		lasting = false
		if !expires {
			h.Expiring = slices.Delete(h.Expiring, soon, soon+1)
		}
	}
	if !found {
		h.Values = slices.Insert(h.Values, at, value)
	}
	if expires && !lasting {
		if soon, known := slices.BinarySearch(h.Expiring, value); !known {
			h.Expiring = slices.Insert(h.Expiring, soon, value)
		}
	}
}

// HoldingOf sums grants up.
func HoldingOf(grants []oktaclient.Grant) *Holding {
	h := &Holding{}
	for _, g := range grants {
		h.add(g)
	}
	return h
}

// Page sizes that oktaclient asks for; they decide when reading one user at a time is cheaper than reading the whole
// list.
const (
	appUserPage = 500
	grantPage   = 200
)

// readers bounds the reads that planning keeps under way at once. Pace decides when each is sent.
const readers = 8

// ReadHoldings returns what each of these users has on the application.
func ReadHoldings(ctx context.Context, okta *oktaclient.Client, appID string,
	userIDs []string) (map[string]*Holding, error) {
	grants, err := ReadGrants(ctx, okta, appID, userIDs)
	if err != nil {
		return nil, err
	}
	holdings := make(map[string]*Holding, len(userIDs))
	for _, id := range userIDs {
		holdings[id] = HoldingOf(grants[id])
	}
	return holdings, nil
}

// ReadGrants returns the grants in force of each of these users on the application. It reads the application's grants
// page by page, and turns to one question per user as soon as the pages would cost more, so it never costs more than
// twice the cheaper way.
func ReadGrants(ctx context.Context, okta *oktaclient.Client, appID string,
	userIDs []string) (map[string][]oktaclient.Grant, error) {
	grants := make(map[string][]oktaclient.Grant, len(userIDs))
	for _, id := range userIDs {
		grants[id] = nil
	}
	budget := len(grants) * grantPage
	seen := 0
	for g, err := range okta.Grants(ctx, appID, "") {
		if err != nil {
			return nil, fmt.Errorf("list grants: %w", err)
		}
		if seen++; seen > budget {
			return readGrantsOneByOne(ctx, okta, appID, grants)
		}
		if _, wanted := grants[g.UserID]; wanted {
			grants[g.UserID] = append(grants[g.UserID], g)
		}
	}
	return grants, nil
}

func readGrantsOneByOne(ctx context.Context, okta *oktaclient.Client, appID string,
	users map[string][]oktaclient.Grant) (map[string][]oktaclient.Grant, error) {
	var mu sync.Mutex
	read := make(map[string][]oktaclient.Grant, len(users))
	err := each(ctx, users, func(ctx context.Context, id string) error {
		grants, err := GrantsOf(ctx, okta, appID, id)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		read[id] = grants
		return nil
	})
	return read, err
}

// GrantsOf returns the grants in force of one user on the application.
func GrantsOf(ctx context.Context, okta *oktaclient.Client, appID, userID string) ([]oktaclient.Grant, error) {
	var grants []oktaclient.Grant
	for g, err := range okta.Grants(ctx, appID, userID) {
		if err != nil {
			return nil, fmt.Errorf("list grants of user %s: %w", userID, err)
		}
		grants = append(grants, g)
	}
	return grants, nil
}

// ReadAssigned returns which of these users are assigned to the application, by the same rule of cost as ReadHoldings.
func ReadAssigned(ctx context.Context, okta *oktaclient.Client, appID string,
	userIDs []string) (map[string]bool, error) {
	wanted := make(map[string]bool, len(userIDs))
	for _, id := range userIDs {
		wanted[id] = false
	}
	budget := len(wanted) * appUserPage
	seen := 0
	for u, err := range okta.AppUsers(ctx, appID) {
		if err != nil {
			return nil, fmt.Errorf("list application users: %w", err)
		}
		if seen++; seen > budget {
			return readAssignedOneByOne(ctx, okta, appID, wanted)
		}
		if _, ok := wanted[u.ID]; ok {
			wanted[u.ID] = true
		}
	}
	return wanted, nil
}

func readAssignedOneByOne(ctx context.Context, okta *oktaclient.Client, appID string,
	users map[string]bool) (map[string]bool, error) {
	var mu sync.Mutex
	read := make(map[string]bool, len(users))
	err := each(ctx, users, func(ctx context.Context, id string) error {
		_, err := okta.AppUser(ctx, appID, id)
		if err != nil && !errors.Is(err, oktaclient.ErrNotFound) {
			return fmt.Errorf("read assignment of user %s: %w", id, err)
		}
		mu.Lock()
		defer mu.Unlock()
		read[id] = err == nil
		return nil
	})
	return read, err
}

func each[V any](ctx context.Context, users map[string]V, do func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for id := range users {
		group.Go(func() error { return do(ctx, id) })
	}
	return group.Wait()
}
