package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/trouble"
)

// candidate is a column that could name the user.
type candidate struct {
	column int
	score  float64
	reason string
}

// Scores of headers for a column of addresses. What is less than clearWinner apart is decided by the cells.
const (
	scoreAddress   = 1.0
	scoreLogin     = 0.9
	scoreName      = 0.6
	scoreUnknown   = 0.5
	scoreSecondary = 0.2
	clearWinner    = 0.25
)

// who finds the column that names the user. Without one nothing can be read.
func (d *columns) who(given Mapping) error {
	if given.User != "" {
		d.callersUser()
		return nil
	}
	found := d.addressColumns()
	switch {
	case len(found) > 0:
		d.chooseUser(found)
		return nil
	}
	if logins := d.loginColumns(); len(logins) > 0 {
		best := logins[0]
		if len(logins) > 1 && logins[0].score-logins[1].score < 0.02 && !d.samePeople(logins[0].column, logins[1].column) {
			d.userDoubt(logins)
		}
		d.set(best.column, RoleUser, sureWeakName, "%s", best.reason)
		d.people = peopleByLogin
		return nil
	}
	// A column called Email is taken at its word: what is no address in it is a bad row, with a reason.
	for i := range d.list {
		if d.free(i) && d.about(i).Is(lexicon.Address) && d.cells(i).bools < max(d.cells(i).filled, 1) {
			d.set(i, RoleUser, sureWeakName, "the name %q is usual for it, but only %s of the cells are e-mail addresses",
				d.shown(i), percent(d.cells(i).share(d.cells(i).emails)))
			d.people = peopleByAddress
			return nil
		}
	}
	return d.noUser()
}

// callersUser reads the column that the caller named.
func (d *columns) callersUser() {
	i := d.with(RoleUser)[0]
	d.people = peopleByAddress
	if c := d.cells(i); c.share(c.emails) < halfOfCells && c.share(c.logins) >= mostCells {
		d.people = peopleByLogin
	}
}

// addressColumns are the columns of addresses that may be those of the user, the best first.
func (d *columns) addressColumns() []candidate {
	var found []candidate
	for i := range d.list {
		c, h := d.cells(i), d.about(i)
		share := c.share(c.emails)
		if !d.free(i) || share < halfOfCells {
			continue
		}
		var score float64
		switch {
		case h.Is(lexicon.Address):
			score = scoreAddress
		case h.Is(lexicon.Login):
			score = scoreLogin
		case h.Is(lexicon.Name):
			score = scoreName
		case h.Is(lexicon.Secondary):
			score = scoreSecondary
		case h.Is(lexicon.Other, lexicon.Access, lexicon.Description, lexicon.Organisation, lexicon.Application,
			lexicon.Scope, lexicon.Recommendation, lexicon.Previous):
			continue
		default:
			score = scoreUnknown
		}
		if !h.Exact && score > scoreUnknown {
			score -= 0.02 // a word beside may say more than is known
		}
		found = append(found, candidate{i, score,
			fmt.Sprintf("%s of the cells under %q are e-mail addresses", percent(share), d.shown(i))})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return compareFloat(b.score, a.score) })
	return found
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// loginColumns are the columns whose header says user and whose cells are logins.
func (d *columns) loginColumns() []candidate {
	var found []candidate
	for i := range d.list {
		c, h := d.cells(i), d.about(i)
		if !d.free(i) || !h.Is(lexicon.Login) || c.filled == 0 || c.share(c.logins+c.emails) < mostCells || c.logins == 0 ||
			c.share(c.kinds) >= mostCells {
			continue
		}
		score := 0.5
		name := strings.Join(h.Words, " ")
		for _, w := range []string{"login", "logon", "username", "user name", "samaccountname", "benutzername",
			"kennung", "identifiant"} {
			if strings.Contains(name, w) {
				score = 0.6
			}
		}
		found = append(found, candidate{i, score,
			fmt.Sprintf("the name %q is usual for it and the cells are logins; no column holds addresses of users", d.shown(i))})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return compareFloat(b.score, a.score) })
	return found
}

// chooseUser takes the best column of addresses, and doubts it where another one or the names beside speak against it.
func (d *columns) chooseUser(found []candidate) {
	best := found[0]
	for _, other := range found[1:] {
		if best.score-other.score >= clearWinner && best.score > scoreUnknown {
			continue
		}
		if d.samePeople(best.column, other.column) {
			// One person under two names: the fuller column leaves fewer rows without a user.
			if best.score-other.score < 0.11 && d.cells(other.column).emails > d.cells(best.column).emails {
				best = other
			}
			continue
		}
		d.userDoubt(found)
		break
	}
	confidence := sureBoth
	switch {
	case best.score <= scoreSecondary:
		d.userDoubt(found)
		confidence = notSure
	case best.score <= scoreName:
		confidence = sureCells
		d.checkUnknown(best.column, found)
	}
	d.checkNames(best.column)
	d.set(best.column, RoleUser, confidence, "%s", best.reason)
	d.people = peopleByAddress
}

// checkUnknown doubts addresses under a header that is not known, where another column names the user without addresses
// and the two do not belong together.
func (d *columns) checkUnknown(at int, found []candidate) {
	for i := range d.list {
		h := d.about(i)
		if i == at || !h.Is(lexicon.Login, lexicon.Name) || d.cells(i).filled == 0 {
			continue
		}
		if d.affinity(at, i) < halfOfCells {
			d.userDoubt(found)
			return
		}
	}
}

// checkNames doubts a column of addresses that belong to the persons of another column: the manager's, not the user's.
func (d *columns) checkNames(at int) {
	own, others, named := -1.0, -1.0, -1
	for i := range d.list {
		c := d.cells(i)
		if i == at || c.filled < 3 || c.share(c.names) < mostCells {
			continue
		}
		a := d.affinity(at, i)
		switch {
		case d.about(i).Is(lexicon.Name, lexicon.Login):
			own = max(own, a)
		case d.about(i).Is(lexicon.Other) && a > others:
			others, named = a, i
		}
	}
	if named >= 0 && own >= 0 && others >= mostCells && own < 0.3 {
		d.doubt(Doubt{
			Code:    DoubtUser,
			Columns: storedTexts(d.namesOf([]int{at, named})),
			Question: fmt.Sprintf("the addresses under %s seem to be those of the people under %s; do they name the user?",
				quoted(d.name(at)), quoted(d.name(named))),
			Answers: []Answer{answer("they name the user", Answers{Columns: Mapping{User: d.name(at)}})},
		})
	}
}

// affinity is the share of rows in which the address under one column fits the name or login under the other.
func (d *columns) affinity(address, name int) float64 {
	n, fit := 0, 0
	for _, p := range d.head.body[:min(len(d.head.body), 200)] {
		a, flaw := cleanAddress(p.cells[address])
		if flaw != "" || strings.TrimSpace(p.cells[name]) == "" {
			continue
		}
		n++
		if fits(a, p.cells[name]) {
			fit++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(fit) / float64(n)
}

// fits reports whether an address could be that of a name or login: they share a word of three letters.
func fits(address, name string) bool {
	local, _, _ := strings.Cut(lexicon.Fold(address), "@")
	other, _, _ := strings.Cut(lexicon.Fold(name), "@")
	if local == other {
		return true
	}
	flat := strings.Join(lexicon.Words(local), "")
	for _, w := range lexicon.Words(other) {
		if len(w) >= 3 && !isNumeric(w) && strings.Contains(flat, w) {
			return true
		}
	}
	for _, w := range lexicon.Words(local) {
		if len(w) >= 3 && !isNumeric(w) && strings.Contains(strings.Join(lexicon.Words(other), ""), w) {
			return true
		}
	}
	return false
}

// samePeople reports whether two columns name the same person in nearly every row.
func (d *columns) samePeople(a, b int) bool {
	n, same := 0, 0
	for _, p := range d.head.body[:min(len(d.head.body), 500)] {
		x, y := foldSpace(p.cells[a]), foldSpace(p.cells[b])
		if x == "" || y == "" {
			continue
		}
		n++
		if strings.EqualFold(x, y) || fits(x, y) {
			same++
		}
	}
	return n > 0 && float64(same) >= uniqueEnough*float64(n)
}

func (d *columns) userDoubt(found []candidate) {
	if slices.ContainsFunc(d.doubts, func(q Doubt) bool { return q.Code == DoubtUser }) {
		return
	}
	q := Doubt{Code: DoubtUser}
	var names []string
	for _, c := range found[:min(len(found), 5)] {
		names = append(names, d.name(c.column))
		q.Answers = append(q.Answers, answer(d.shown(c.column), Answers{Columns: Mapping{User: d.name(c.column)}}))
	}
	q.Columns = storedTexts(names)
	q.Question = fmt.Sprintf("%s could name the user; which column does?", quoted(names...))
	if len(names) == 1 {
		q.Question = fmt.Sprintf("do the addresses under %s name the user of the row, or another person?",
			quoted(names...))
	}
	d.doubt(q)
}

// noUser refuses a file without users, and names the columns with addresses that are of other people.
func (d *columns) noUser() error {
	var others []string
	for i := range d.list {
		if c := d.cells(i); c.share(c.emails) >= halfOfCells {
			others = append(others, d.name(i))
		}
	}
	e := &trouble.Error{
		Code: trouble.NoUserColumn,
		What: "no column names the user by e-mail or login; the file has " + d.head.names()[4:],
		Next: "name the column in the mapping (columns.user), or add a column Email",
	}
	if len(others) > 0 {
		e.What = fmt.Sprintf("the only addresses are under %s, which names another person than the one who has the access; "+
			"the file has %s", quoted(others...), d.head.names()[4:])
		e.Next = "export the report with the e-mail or login of each user; only if the addresses are those of the users " +
			"after all, name the column in columns.user"
	}
	return e
}
