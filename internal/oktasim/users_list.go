package oktasim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"
)

const codeQWithFilter errorCode = "E0000033" // 400 q combined with filter

// listUsers answers the three exclusive styles of GET /api/v1/users, and the plain list.
func (t *Tenant) listUsers(c *call) {
	q := c.query()
	search, filter, prefix := q.Get("search"), q.Get("filter"), q.Get("q")
	styles := 0
	for _, s := range []string{search, filter, prefix} {
		if s != "" {
			styles++
		}
	}
	switch {
	case styles > 1:
		c.fail(http.StatusBadRequest, codeQWithFilter, "Invalid request. Use only one of search, filter and q.")
	case q.Get("sortBy") != "" && search == "":
		c.fail(http.StatusBadRequest, codeCombination, "Invalid combination of parameters specified.",
			cause{ErrorSummary: "sortBy: only with search"})
	case prefix != "":
		t.lookupUsers(c, prefix)
	case search != "":
		t.searchUsers(c, search)
	default:
		t.filterUsers(c, filter)
	}
}

// lookupUsers is q: a prefix of first name, last name or email; no pages, no deactivated users.
func (t *Tenant) lookupUsers(c *call, prefix string) {
	limit, ok := c.limit(10, 200, true)
	if !ok {
		return
	}
	prefix = strings.ToLower(prefix)
	out := []any{}
	for _, id := range t.userOrder {
		u := t.users[id]
		if u.status == statusDeprovisioned {
			continue
		}
		for _, name := range []string{"firstName", "lastName", "email"} {
			if strings.HasPrefix(strings.ToLower(u.text(name)), prefix) {
				out = append(out, u.render(c, u.profile, false))
				break
			}
		}
		if len(out) == limit {
			break
		}
	}
	c.reply(http.StatusOK, out)
}

// filterProperties are what filter on users knows.
var filterProperties = map[string][]string{
	"id": {"eq"}, "status": {"eq"}, "profile.login": {"eq"}, "profile.email": {"eq"}, "profile.firstName": {"eq"},
	"profile.lastName": {"eq"}, "lastUpdated": {"eq", "gt", "ge", "lt", "le"},
}

// filterUsers is filter, and the plain list when there is none; the plain list leaves the deactivated out.
func (t *Tenant) filterUsers(c *call, text string) {
	var expr filterExpr
	opts := filterOptions{Properties: filterProperties, NoNot: true}
	if text != "" {
		var err error
		if expr, err = parseFilter(text); err == nil {
			err = expr.check(opts)
		}
		if err != nil {
			c.fail(http.StatusBadRequest, codeBadSearch, "Invalid search criteria.", cause{ErrorSummary: err.Error()})
			return
		}
	}
	ids := t.userOrder
	if few, ok := t.candidates(expr.root); ok {
		ids = few
	}
	t.pageUsers(c, ids, func(u *user) (userVersion, bool) {
		v := u.version(u.created)
		if text == "" {
			return v, u.status != statusDeprovisioned
		}
		return v, expr.match(u.lookup(v), opts)
	})
}

// searchOperators are what search knows; co works on four properties only.
var (
	searchOperators = []string{"eq", "ge", "gt", "le", "lt", "sw", "pr", "co"}
	searchTopLevel  = []string{"id", "status", "created", "activated", "statusChanged", "lastUpdated", "type.id",
		"realmId"}
	searchContains = []string{"profile.firstName", "profile.lastName", "profile.email", "profile.login"}
)

// checkSearch refuses what user search does not know.
func checkSearch(e filterExpr) error {
	if err := e.check(filterOptions{NoNot: true, Operators: searchOperators}); err != nil {
		return err
	}
	var problem error
	e.walk(func(term filterTerm) {
		if !strings.HasPrefix(term.Path, "profile.") && !slices.Contains(searchTopLevel, term.Path) {
			problem = fmt.Errorf("property %q is not searchable", term.Path)
		}
		if term.Op == "co" && !slices.Contains(searchContains, term.Path) {
			problem = fmt.Errorf("operator co is not supported on %q", term.Path)
		}
	})
	return problem
}

// searchUsers is search: served by an index that may lag, values compared without regard to case, deactivated users included.
func (t *Tenant) searchUsers(c *call, text string) {
	expr, err := parseFilter(text)
	if err == nil {
		err = checkSearch(expr)
	}
	if err != nil {
		c.fail(http.StatusBadRequest, codeBadSearch, "Invalid search criteria.", cause{ErrorSummary: err.Error()})
		return
	}
	opts := filterOptions{FoldValues: true}
	ids := t.userOrder
	if few, ok := t.candidates(expr.root); ok {
		ids = t.withLagging(few, c.now)
	}
	pick := func(u *user) (userVersion, bool) {
		v, ok := t.indexed(u, c.now)
		return v, ok && expr.match(u.lookup(v), opts)
	}
	if by := c.query().Get("sortBy"); by != "" {
		t.sortedUsers(c, ids, pick, by)
		return
	}
	t.pageUsers(c, ids, pick)
}

// lookup gives the values of a property as a filter sees them.
func (u *user) lookup(v userVersion) func(string) []string {
	return func(path string) []string {
		if name, ok := strings.CutPrefix(path, "profile."); ok {
			return texts(v.profile[name])
		}
		switch path {
		case "id":
			return []string{u.id}
		case "status":
			return []string{v.status}
		case "created":
			return []string{stampText(u.created)}
		case "lastUpdated":
			return []string{stampText(v.updated)}
		case "activated":
			return timeText(u.activated)
		case "statusChanged":
			return timeText(u.statusChanged)
		}
		return nil
	}
}

func timeText(at time.Time) []string {
	if at.IsZero() {
		return nil
	}
	return []string{stampText(at)}
}

// texts writes an attribute's value, or each of its elements, as text.
func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, texts(e)...)
		}
		return out
	case []string:
		return v
	}
	return []string{fmt.Sprint(v)}
}

// pageUsers answers one page of those users that pick takes, in the order of their ids.
func (t *Tenant) pageUsers(c *call, ids []string, pick func(*user) (userVersion, bool)) {
	limit, ok := c.limit(200, 200, true)
	if !ok {
		return
	}
	if after := c.query().Get("after"); after != "" {
		if c.cursorRejected() {
			return
		}
		if !sameShape(t.ownerID, after) {
			c.badCursor()
			return
		}
		ids = ids[sort.Search(len(ids), func(i int) bool { return ids[i] > after }):]
	}
	var page []foundUser
	next := ""
	for _, id := range ids {
		u := t.users[id]
		v, ok := pick(u)
		if !ok {
			continue
		}
		if len(page) == limit {
			next = page[limit-1].u.id
			break
		}
		page = append(page, foundUser{u, v})
	}
	replyManagementPage(c, page, next, func(f foundUser) any { return f.render(c) }, limit)
}

// foundUser is a user with the version of it that a list shows.
type foundUser struct {
	u *user
	v userVersion
}

func (f foundUser) render(c *call) any {
	shown := *f.u
	shown.status, shown.lastUpdated = f.v.status, f.v.updated
	return shown.render(c, f.v.profile, false)
}

// sortedUsers answers one page in the order of a property; the id breaks ties.
func (t *Tenant) sortedUsers(c *call, ids []string, pick func(*user) (userVersion, bool), by string) {
	sign := 1
	if strings.EqualFold(c.query().Get("sortOrder"), "desc") {
		sign = -1
	}
	type keyed struct {
		foundUser
		key string
	}
	var all []keyed
	for _, id := range ids {
		if v, ok := pick(t.users[id]); ok {
			f := foundUser{t.users[id], v}
			all = append(all, keyed{f, strings.ToLower(strings.Join(f.u.lookup(v)(by), " "))})
		}
	}
	slices.SortFunc(all, func(a, b keyed) int {
		return cmp.Or(sign*strings.Compare(a.key, b.key), strings.Compare(a.u.id, b.u.id))
	})
	managementPage(c, all, func(k keyed) string { return k.u.id }, func(k keyed) any { return k.render(c) }, 200, 200)
}

// candidates narrows an expression to the few users that can match it, by the lookup tables: ids in order. ok is false when
// the expression says nothing about id, login or email.
func (t *Tenant) candidates(n *filterNode) (ids []string, ok bool) {
	set, ok := t.narrow(n)
	if !ok {
		return nil, false
	}
	for id := range set {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, true
}

// withLagging adds the users that the index may know by an older login or e-mail than the lookup tables do.
func (t *Tenant) withLagging(ids []string, now time.Time) []string {
	for id, until := range t.lagging {
		if until.After(now) && t.users[id] != nil {
			ids = append(ids, id)
			continue
		}
		delete(t.lagging, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (t *Tenant) narrow(n *filterNode) (set map[string]bool, ok bool) {
	if n == nil {
		return nil, false
	}
	switch n.kind {
	case "term":
		return t.narrowTerm(n.term)
	case "and":
		for _, kid := range n.kids {
			if s, ok := t.narrow(kid); ok {
				return s, true
			}
		}
	case "or":
		set = map[string]bool{}
		for _, kid := range n.kids {
			s, ok := t.narrow(kid)
			if !ok {
				return nil, false
			}
			for id := range s {
				set[id] = true
			}
		}
		return set, len(n.kids) > 0
	}
	return nil, false
}

func (t *Tenant) narrowTerm(term filterTerm) (map[string]bool, bool) {
	if term.Op != "eq" {
		return nil, false
	}
	set := map[string]bool{}
	switch term.Path {
	case "id":
		if len(term.Value) != 20 {
			return set, true
		}
		if t.users[term.Value] == nil {
			return nil, false // search folds case, so another spelling may still match
		}
		set[term.Value] = true
	case "profile.login":
		if id, ok := t.byLogin[strings.ToLower(term.Value)]; ok {
			set[id] = true
		}
	case "profile.email":
		for _, id := range t.byEmail[strings.ToLower(term.Value)] {
			set[id] = true
		}
	default:
		return nil, false
	}
	return set, true
}
