package oktasim

import "slices"

// State is everything that the tenant holds, as GET /_sim/state shows it.
type State struct {
	OrgID        string       `json:"orgId"`
	Users        []UserState  `json:"users"`
	Groups       []GroupState `json:"groups"`
	Apps         []AppState   `json:"apps"`
	Entitlements any          `json:"entitlements"`
	Bundles      any          `json:"bundles"`
	Grants       any          `json:"grants"`
	Factors      any          `json:"factors"`
	Policies     any          `json:"policies"`

	Roles map[string][]string `json:"roles"` // types of admin roles by the id of the user or group that holds them
}

// UserState is one user.
type UserState struct {
	ID        string `json:"id"`
	Login     string `json:"login"`
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Status    string `json:"status"`
}

// GroupState is one group. The group that everyone is in shows no members.
type GroupState struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Members []string `json:"members"`
}

// AppState is one application with its assignments.
type AppState struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Label   string         `json:"label"`
	Status  string         `json:"status"`
	ORN     string         `json:"orn"`
	EMOptIn string         `json:"emOptInStatus"`
	Users   []AppUserState `json:"users"`
	Groups  []string       `json:"groups"`
}

// AppUserState is one assignment.
type AppUserState struct {
	ID    string `json:"id"`
	Scope string `json:"scope"`
}

// State returns a copy of everything, users by id and the rest in the order of their making.
func (t *Tenant) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := State{OrgID: t.orgID, Users: []UserState{}, Groups: []GroupState{}, Apps: []AppState{}}
	for _, id := range t.userOrder {
		u := t.users[id]
		s.Users = append(s.Users, UserState{u.id, u.login(), u.email(), u.text("firstName"), u.text("lastName"), u.status})
	}
	for _, id := range t.groupOrder {
		g := t.groups[id]
		gs := GroupState{g.id, g.name, g.kind, []string{}}
		if id != t.everyoneID {
			gs.Members = sortedIDs(&g.members)
		}
		s.Groups = append(s.Groups, gs)
	}
	for _, id := range t.appOrder {
		s.Apps = append(s.Apps, t.appState(t.apps[id]))
	}
	governance, _ := t.gov.state().(map[string]any)
	s.Entitlements, s.Bundles, s.Grants = governance["entitlements"], governance["bundles"], governance["grants"]
	s.Factors, s.Policies = t.mfaState()
	s.Roles = map[string][]string{}
	for _, held := range []map[string][]*role{t.admins.byUser, t.admins.byGroup} {
		for id, roles := range held {
			for _, r := range roles {
				s.Roles[id] = append(s.Roles[id], r.kind)
			}
		}
	}
	return s
}

func (t *Tenant) appState(a *app) AppState {
	s := AppState{a.id, a.name, a.label, a.status, a.orn(t), a.em, []AppUserState{}, sortedIDs(&a.groups)}
	for _, id := range sortedIDs(&a.users) {
		au, _ := a.users.get(id)
		s.Users = append(s.Users, AppUserState{id, au.scope})
	}
	return s
}

func sortedIDs[V any](r *roster[V]) []string {
	ids := make([]string, 0, r.size())
	for _, m := range r.order {
		ids = append(ids, m.id)
	}
	slices.Sort(ids)
	return ids
}
