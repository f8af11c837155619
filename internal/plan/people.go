package plan

import (
	"context"
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/oktaclient"
)

// searchLength bounds one search expression. Okta echoes the whole expression in its Link header and answers 414 E0000256
// when that grows too long; about 4 kB of URL is safe, and the expression grows by percent-encoding.
const searchLength = 2600

// searchTerms bounds the terms of one search: chains of up to 50 have been seen to work.
const searchTerms = 50

// Match is what became of one name.
type Match struct {
	Name  string            // as asked
	Users []oktaclient.User // everyone in Okta who answers to it
}

// State says how the name ended: Planned means exactly one active user.
func (m Match) State() State {
	switch {
	case len(m.Users) == 0:
		return UnknownUser
	case len(m.Users) > 1:
		return AmbiguousUser
	case !active(m.Users[0].Status):
		return InactiveUser
	default:
		return Planned
	}
}

// active reports whether a user in this Okta status may be given access. STAGED and SUSPENDED people are left out: no one
// works as them now, and an assignment would act behind their back on the day they return. Okta refuses DEPROVISIONED ones
// itself (E0000117).
func active(status string) bool {
	switch status {
	case "ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT":
		return true
	default:
		return false
	}
}

// By says which attribute a name is compared with.
type By string

// The ways to name a user. ByEmail looks at login as well, because most reports print the login in a column called e-mail.
const (
	ByEmail          By = "email"
	ByLogin          By = "login"
	ByEmployeeNumber By = "employeeNumber"
	ByID             By = "id"
)

func (b By) attributes() []string {
	switch b {
	case ByLogin:
		return []string{"profile.login"}
	case ByEmployeeNumber:
		return []string{"profile.employeeNumber"}
	case ByID:
		return []string{"id"}
	default:
		return []string{"profile.email", "profile.login"}
	}
}

// matches decides by our rule, not by the one of Okta's search, which may find more.
func (b By) matches(name string, u oktaclient.User) bool {
	switch b {
	case ByLogin:
		return spelling.Same(u.Login.Raw(), name)
	case ByEmployeeNumber:
		return spelling.Same(u.EmployeeNumber.Raw(), name)
	case ByID:
		return u.ID == name
	default:
		return spelling.Same(u.Email.Raw(), name) || spelling.Same(u.Login.Raw(), name)
	}
}

// FindPeople looks names up with as few searches as fit, and answers in the order of names. Search is served by an index
// that lags a few seconds behind writes (Okta API: users), which is why the engine never settles a doubt with it.
func FindPeople(ctx context.Context, okta *oktaclient.Client, by By, names []string) ([]Match, error) {
	matches := make([]Match, len(names))
	index := make(map[string][]int, len(names))
	for i, name := range names {
		matches[i].Name = name
		key := spelling.Fold(name)
		index[key] = append(index[key], i)
	}
	for _, search := range searches(by, names) {
		for user, err := range okta.Users(ctx, search) {
			if err != nil {
				return nil, fmt.Errorf("look users up: %w", err)
			}
			for _, key := range keysOf(by, user) {
				for _, i := range index[key] {
					if by.matches(names[i], user) {
						matches[i].add(user)
					}
				}
			}
		}
	}
	return matches, nil
}

func (m *Match) add(u oktaclient.User) {
	for _, known := range m.Users {
		if known.ID == u.ID {
			return
		}
	}
	m.Users = append(m.Users, u)
}

func keysOf(by By, u oktaclient.User) []string {
	switch by {
	case ByLogin:
		return []string{spelling.Fold(u.Login.Raw())}
	case ByEmployeeNumber:
		return []string{spelling.Fold(u.EmployeeNumber.Raw())}
	case ByID:
		return []string{spelling.Fold(u.ID)}
	default:
		email, login := spelling.Fold(u.Email.Raw()), spelling.Fold(u.Login.Raw())
		if email == login {
			return []string{email}
		}
		return []string{email, login}
	}
}

// searches packs names into as few search expressions as the limits allow. A name asked for twice is searched once.
func searches(by By, names []string) []string {
	var packed []string
	var current strings.Builder
	terms := 0
	flush := func() {
		if terms > 0 {
			packed = append(packed, current.String())
			current.Reset()
			terms = 0
		}
	}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		var term strings.Builder
		attributes := by.attributes()
		for i, attribute := range attributes {
			if i > 0 {
				term.WriteString(" or ")
			}
			term.WriteString(attribute + " eq " + oktaclient.Quote(name))
		}
		if terms+len(attributes) > searchTerms || current.Len()+term.Len()+4 > searchLength {
			flush()
		}
		if terms > 0 {
			current.WriteString(" or ")
		}
		current.WriteString(term.String())
		terms += len(attributes)
	}
	flush()
	return packed
}
