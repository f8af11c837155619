package tools

import (
	"context"
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// maxUsersPerCall is how many users one call may name.
const maxUsersPerCall = 200

// UserItem is one Okta user. Names and addresses are written by people: untrusted.
type UserItem struct {
	ID             string `json:"id"`
	Status         string `json:"status"`
	Login          string `json:"login" jsonschema:"Untrusted text from Okta"`
	Email          string `json:"email" jsonschema:"Untrusted text from Okta"`
	Name           string `json:"name,omitempty" jsonschema:"Untrusted text from Okta"`
	EmployeeNumber string `json:"employee_number,omitempty" jsonschema:"Untrusted text from Okta"`
}

func userItem(u oktaclient.User) UserItem {
	return UserItem{
		ID:             u.ID,
		Status:         u.Status,
		Login:          u.Login.Show(untrusted.Name),
		Email:          u.Email.Show(untrusted.Name),
		Name:           u.FullName().Show(untrusted.Name),
		EmployeeNumber: u.EmployeeNumber.Show(untrusted.Name),
	}
}

// UserSearchIn asks for one user.
type UserSearchIn struct {
	Query string `json:"query" jsonschema:"E-mail, login, employee number or Okta id (00u…) of one user, whole and exact"`
	By    string `json:"by,omitempty"`
}

func (UserSearchIn) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"by": {
			About: "What query is; default: by its form. email looks at logins too",
			OneOf: []string{"email", "login", "employeeNumber", "id"},
		},
	}
}

// UserSearchOut is what became of the question.
type UserSearchOut struct {
	Result string     `json:"result" jsonschema:"found, not_found, ambiguous or inactive"`
	Users  []UserItem `json:"users,omitempty"`
	More   int        `json:"more_users,omitempty" jsonschema:"Users beyond those shown who answer to the same name"`
	Next   string     `json:"next_step"`
}

var specUserSearch = Spec{
	Name:   "okta_user_search",
	Title:  "Find one Okta user",
	Effect: ReadsOkta,
	Description: "Finds one user by exact e-mail, login, employee number or Okta id. Keeps found, not found, " +
		"ambiguous and inactive apart. " +
		"The search index lags a few seconds behind changes. For several users use okta_batch_user_search, which " +
		"needs far fewer calls.",
}

// shownMatches is how many of the users who share one name are shown: enough to see what is wrong.
const shownMatches = 10

func userSearch(ctx context.Context, d *Deps, _ *Call, in UserSearchIn) (UserSearchOut, error) {
	query := strings.TrimSpace(in.Query)
	if query == "" {
		return UserSearchOut{}, &trouble.Error{
			Code: trouble.MissingArgument,
			What: "query is empty",
			Next: "send an e-mail, login, employee number or id",
		}
	}
	matches, err := plan.FindPeople(ctx, d.Okta, guessBy(query, in.By), []string{query})
	if err != nil {
		return UserSearchOut{}, err
	}
	out := UserSearchOut{
		Result: wordFor(matches[0].State()),
		Next:   "use the id with okta_batch_assign_users or okta_batch_create_grants",
	}
	shown := matches[0].Users[:min(len(matches[0].Users), shownMatches)]
	for _, u := range shown {
		out.Users = append(out.Users, userItem(u))
	}
	out.More = len(matches[0].Users) - len(shown)
	if out.Result != "found" {
		out.Next = matches[0].State().Explain()
	}
	return out, nil
}

// guessBy says what a name is by its form, unless the caller said so.
func guessBy(query, by string) plan.By {
	switch {
	case by != "":
		return plan.By(by)
	case strings.HasPrefix(query, "00u") && len(query) == 20:
		return plan.ByID
	case strings.Contains(query, "@"):
		return plan.ByEmail
	case strings.IndexFunc(query, func(r rune) bool { return r < '0' || r > '9' }) < 0:
		return plan.ByEmployeeNumber
	default:
		return plan.ByLogin
	}
}

func wordFor(s plan.State) string {
	switch s {
	case plan.UnknownUser:
		return "not_found"
	case plan.AmbiguousUser:
		return "ambiguous"
	case plan.InactiveUser:
		return "inactive"
	default:
		return "found"
	}
}

// BatchUserSearchIn asks for many users at once.
type BatchUserSearchIn struct {
	Names []string `json:"names" jsonschema:"E-mails, logins, employee numbers or Okta ids, all of one kind, at most 200"`
	By    string   `json:"by,omitempty"`
}

func (BatchUserSearchIn) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"by": {
			About: "What the names are; default: by the form of the first. email looks at logins too",
			OneOf: []string{"email", "login", "employeeNumber", "id"},
		},
	}
}

// BatchUserSearchOut keeps the four ends apart.
type BatchUserSearchOut struct {
	Asked     int         `json:"asked"`
	Found     []FoundUser `json:"found,omitempty"`
	NotFound  []string    `json:"not_found,omitempty" jsonschema:"As asked"`
	Ambiguous []FoundUser `json:"ambiguous,omitempty" jsonschema:"Several users answer to one name"`
	Inactive  []FoundUser `json:"inactive,omitempty"`
	Next      string      `json:"next_step"`
}

// FoundUser is a name with a user who answers to it, kept short because there can be 200.
type FoundUser struct {
	Name   string `json:"name" jsonschema:"As asked"`
	ID     string `json:"id"`
	Status string `json:"status"`
	More   int    `json:"more_users,omitempty" jsonschema:"Users beyond those shown who answer to the same name"`
}

var specBatchUserSearch = Spec{
	Name:   "okta_batch_user_search",
	Title:  "Find many Okta users",
	Effect: ReadsOkta,
	Description: "Finds up to 200 users in a few calls, by e-mail, login, employee number or Okta id. Keeps " +
		"found, not found, ambiguous and inactive apart. " +
		"Not needed before execute_user_grants, which looks users up itself.",
}

func batchUserSearch(ctx context.Context, d *Deps, _ *Call, in BatchUserSearchIn) (BatchUserSearchOut, error) {
	if err := countBetween(len(in.Names), "names"); err != nil {
		return BatchUserSearchOut{}, err
	}
	names := make([]string, len(in.Names))
	for i, name := range in.Names {
		names[i] = strings.TrimSpace(name)
	}
	matches, err := plan.FindPeople(ctx, d.Okta, guessBy(names[0], in.By), names)
	if err != nil {
		return BatchUserSearchOut{}, err
	}
	out := BatchUserSearchOut{
		Asked: len(names),
		Next:  "use the ids with okta_batch_assign_users or okta_batch_create_grants",
	}
	for _, m := range matches {
		out.add(m)
	}
	return out, nil
}

func (out *BatchUserSearchOut) add(m plan.Match) {
	name := untrusted.New(m.Name).Show(untrusted.Line)
	switch m.State() {
	case plan.UnknownUser:
		out.NotFound = append(out.NotFound, name)
	case plan.AmbiguousUser:
		const shown = 3
		for _, u := range m.Users[:min(len(m.Users), shown)] {
			out.Ambiguous = append(out.Ambiguous, FoundUser{
				Name:   name,
				ID:     u.ID,
				Status: u.Status,
				More:   max(0, len(m.Users)-shown),
			})
		}
	case plan.InactiveUser:
		out.Inactive = append(out.Inactive, FoundUser{
			Name:   name,
			ID:     m.Users[0].ID,
			Status: m.Users[0].Status,
		})
	default:
		out.Found = append(out.Found, FoundUser{Name: name, ID: m.Users[0].ID, Status: m.Users[0].Status})
	}
}

func countBetween(n int, what string) error {
	if n < 1 || n > maxUsersPerCall {
		return &trouble.Error{
			Code: trouble.WrongCount,
			What: fmt.Sprintf("%s has %d entries", what, n),
			Next: fmt.Sprintf("send 1 to %d per call; for more use a report and execute_user_grants", maxUsersPerCall),
		}
	}
	return nil
}
