package intake

import (
	"fmt"

	"okta-entitlements-mcp/internal/untrusted"
)

// user finds the column that names the user. Without one nothing can be read.
func (d *decider) user() error {
	d.best(RoleUser, d.userScore)
	for i := range d.columns {
		if d.columns[i].Role == RoleUser {
			return nil
		}
	}
	return &Error{Code: CodeNoUserColumn, Msg: "no column names the user by e-mail; " + "the file has " + d.names()[4:],
		Next: "name the column in the mapping (user), or add a column Email"}
}

func (d *decider) userScore(i int) (float64, string) {
	name, cells := d.head.header[i], &d.head.sampleOf()[i]
	byName, emails := userHeaders[headerKey(name)], cells.share(cells.emails)
	if byName == 0 {
		if anyToken(name, wordSet("manager supervisor approver owner requester requestor reviewer sponsor delegate alternate personal secondary recovery private by")) != "" {
			return 0, ""
		}
		if anyToken(name, wordSet("email mail login upn")) != "" {
			byName = 0.6
		}
	}
	if byName == 0 && emails < 0.5 {
		return 0, ""
	}
	// A name such as Account or User_ID is only believed when the cells are addresses.
	if byName < 0.8 && emails < 0.2 {
		return 0, ""
	}
	score := 0.45*byName + 0.54*emails
	switch {
	case byName >= 0.8 && emails >= 0.5:
		return score, fmt.Sprintf("the name %q is usual for it and %s of the cells are e-mail addresses", untrusted.Clean(name, 60), percent(emails))
	case byName >= 0.8:
		return score, fmt.Sprintf("the name %q is usual for it, but only %s of the cells are e-mail addresses", untrusted.Clean(name, 60), percent(emails))
	}
	return score, percent(emails) + " of the cells are e-mail addresses"
}

// sampleOf returns one entry per header column, empty ones when the sample could not be read.
func (h *head) sampleOf() []sampleColumn {
	for len(h.sample) < len(h.header) {
		h.sample = append(h.sample, sampleColumn{})
	}
	return h.sample
}

func (d *decider) userIDScore(i int) (float64, string) {
	name, cells := d.head.header[i], &d.head.sampleOf()[i]
	byName, okta := userIDHeaders[headerKey(name)], cells.share(cells.oktaIDs)
	switch {
	case okta >= 0.8:
		return 0.9 + 0.09*byName, percent(okta) + " of the cells are Okta user ids"
	case byName == 0 || cells.share(cells.emails) > 0.5:
		return 0, ""
	// A bare id that differs in every row may number the rows; then it says nothing of the user.
	case byName < 0.7 && headerKey(name) == "id" && len(cells.distinct) == cells.filled && d.usersRepeat():
		return 0, ""
	}
	return 0.9 * byName, fmt.Sprintf("the name %q is usual for a second identifier", untrusted.Clean(name, 60))
}

// usersRepeat reports whether some user has several rows in the sample.
func (d *decider) usersRepeat() bool {
	for i := range d.columns {
		if c := &d.head.sampleOf()[i]; d.columns[i].Role == RoleUser {
			return len(c.distinct) < c.filled
		}
	}
	return false
}

func (d *decider) filterScore(i int) (float64, string) {
	name, cells := d.head.header[i], &d.head.sampleOf()[i]
	byName, words, strong := filterHeaders[headerKey(name)], cells.share(cells.access), cells.share(cells.strong)
	switch {
	case actionHeaders[headerKey(name)] > 0:
		return 0, "" // Grant and Revoke are actions there
	case byName >= 0.9 && cells.share(cells.dates) < 0.5:
		return 0.8*byName + 0.19*words, fmt.Sprintf("the name %q is usual for it and %s of the cells say permitted or denied", untrusted.Clean(name, 60), percent(words))
	case byName >= 0.6 && words >= 0.8, byName > 0 && cells.share(cells.decision) >= 0.8:
		return 0.5*byName + 0.45*words, fmt.Sprintf("%s of the cells under %q say permitted or denied", percent(words), untrusted.Clean(name, 60))
	case strong >= 0.95 && len(cells.distinct) <= 6:
		return 0.6 * strong, percent(strong) + " of the cells say permitted or denied"
	}
	return 0, ""
}

func (d *decider) dateScore(i int) (float64, string) {
	name, cells := d.head.header[i], &d.head.sampleOf()[i]
	byName, dates := dateHeaders[headerKey(name)], cells.share(cells.dates)
	if dates < 0.5 && (byName < 1 || dates == 0) {
		return 0, ""
	}
	key := headerKey(name)
	if byName == 0 {
		if attributeHeaders[key] || anyToken(name, wordSet("birth birthday hire hired end expiry expires expiration termination last login until to due review reviewed seen used")) != "" {
			return 0, "" // a date, but not that of the access
		}
		if dates < 0.9 {
			return 0, ""
		}
		byName = 0.3
		if anyToken(name, wordSet("date time timestamp day on at granted assigned")) != "" {
			byName = 0.7
		}
	}
	return 0.5*byName + 0.49*dates, fmt.Sprintf("%s of the cells under %q are dates", percent(dates), untrusted.Clean(name, 60))
}

func (d *decider) actionScore(i int) (float64, string) {
	name, cells := d.head.header[i], &d.head.sampleOf()[i]
	byName, actions := actionHeaders[headerKey(name)], cells.share(cells.actions)
	switch {
	case byName > 0:
		return 0.9 * byName, fmt.Sprintf("the name %q is usual for the kind of action", untrusted.Clean(name, 60))
	case actions >= 0.95 && len(cells.distinct) <= 12 && anyToken(name, entitlementTokens) == "" && !attributeHeaders[headerKey(name)]:
		return 0.5 * actions, percent(actions) + " of the cells name an action such as grant or revoke"
	}
	return 0, ""
}

// rest decides between attribute, entitlement and ignored.
func (d *decider) rest(i int, entitlementsGiven bool) {
	name, cells := d.head.header[i], &d.head.sampleOf()[i]
	key, shown := headerKey(name), untrusted.Clean(name, 60)
	attribute := anyToken(name, attributeTokens)
	access := anyToken(name, entitlementTokens)
	if access == "" && entitlementTokens[key] {
		access = key
	}
	switch {
	case key == "":
		d.set(i, RoleIgnored, 0.9, "the column has no name")
	case attributeHeaders[key]:
		d.set(i, RoleAttribute, 0.95, fmt.Sprintf("%q describes the user or the row, it is no access", shown))
	case attribute != "":
		d.set(i, RoleAttribute, 0.9, fmt.Sprintf("the word %q in the name says that it describes the user or the row", attribute))
	case cells.share(cells.emails) >= 0.5:
		d.set(i, RoleAttribute, 0.8, "the cells are e-mail addresses, and another column names the user")
	case cells.share(cells.dates) >= 0.8:
		d.set(i, RoleAttribute, 0.8, "the cells are dates, and another column holds the date of the access, or none is sure")
	case userHeaders[key] > 0 || userIDHeaders[key] > 0:
		d.set(i, RoleAttribute, 0.7, "a further name of the user")
	case filterHeaders[key] >= 0.8 || access == "" && cells.share(cells.access) >= 0.8:
		d.set(i, RoleAttribute, 0.7, "the cells answer yes or no, which is no access; another column decides, or name this one as the filter")
	case actionHeaders[key] > 0 || dateHeaders[key] > 0:
		d.set(i, RoleAttribute, 0.7, "another column was taken for this")
	case entitlementsGiven:
		d.set(i, RoleIgnored, 1, "the caller named the entitlement columns, and this is none of them")
	case cells.filled == 0 && access == "":
		d.set(i, RoleIgnored, 0.8, "the first rows have nothing in it")
	case access != "" && (endsWithID(name) || cells.share(cells.numbers) > 0.8) && d.namesAccessToo(i):
		d.set(i, RoleAttribute, 0.7, "an identifier of access that another column names in words")
	case access != "":
		d.set(i, RoleEntitlement, 0.95, fmt.Sprintf("the word %q in the name stands for access; %d distinct cells in the first %d rows", access, len(cells.distinct), d.head.rows))
	default:
		d.byContent(i, cells)
	}
}

func endsWithID(name string) bool {
	tokens := headerTokens(name)
	last := tokens[len(tokens)-1]
	return last == "id" || last == "ids" || last == "code" || last == "number" || last == "count"
}

// namesAccessToo reports whether another column has an access word in its name and text in its cells.
func (d *decider) namesAccessToo(i int) bool {
	for j := range d.columns {
		c := &d.head.sampleOf()[j]
		name := d.head.header[j]
		if j != i && (d.columns[j].Role == "" || d.columns[j].Role == RoleEntitlement) && anyToken(name, entitlementTokens) != "" &&
			anyToken(name, attributeTokens) == "" && c.share(c.numbers) < 0.5 && !endsWithID(name) {
			return true
		}
	}
	return false
}

// byContent judges a column whose name says nothing: text that repeats is taken for access.
func (d *decider) byContent(i int, cells *sampleColumn) {
	distinct := len(cells.distinct)
	switch {
	case cells.share(cells.numbers) > 0.8:
		d.set(i, RoleIgnored, 0.7, "the cells are numbers")
	case distinct == 1 && cells.filled > 3:
		d.set(i, RoleIgnored, 0.6, "every row says the same; name it in the mapping if it is access")
	case distinct > 200 || cells.filled >= 6 && distinct*10 > cells.filled*7:
		d.set(i, RoleIgnored, 0.7, fmt.Sprintf("%d distinct cells in %d rows are too many for access; name it in the mapping if it is", distinct, cells.filled))
	default:
		d.set(i, RoleEntitlement, 0.5, fmt.Sprintf("text that repeats (%d distinct cells in %d rows), and the name means nothing else", distinct, cells.filled))
	}
}
