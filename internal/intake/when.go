package intake

import (
	"okta-entitlements-mcp/internal/intake/lexicon"
)

// dateAndID finds the column with the date of the access and the second identifier of the user.
func (d *columns) dateAndID(given Mapping) {
	if given.Date == "" {
		best, score := -1, 0.0
		for i := range d.list {
			if s := d.dateScore(i); d.free(i) && s > score {
				best, score = i, s
			}
		}
		if best >= 0 {
			d.set(best, RoleDate, score, "%s of the cells under %q are dates",
				percent(d.cells(best).share(d.cells(best).dates)), d.shown(best))
		}
	}
	if given.UserID == "" {
		best, score := -1, 0.0
		for i := range d.list {
			if s := d.idScore(i); d.free(i) && s > score {
				best, score = i, s
			}
		}
		if best >= 0 {
			d.set(best, RoleUserID, score, "%q holds a second identifier of the user", d.shown(best))
		}
	}
}

func (d *columns) dateScore(i int) float64 {
	h, c := d.about(i), d.cells(i)
	dates := c.share(c.dates)
	switch {
	case h.Is(lexicon.Date) && (dates >= halfOfCells || h.Exact && c.dates > 0):
		score := 0.9
		for _, w := range h.Words {
			switch w {
			case "access", "granted", "assigned", "grant", "assignment", "effective":
				score = sureBoth
			case "created", "time", "requested", "request":
				score = sureWeakName
			}
		}
		return score
	case h.Part == "" && dates >= uniqueEnough:
		for _, w := range h.Words {
			switch w {
			case "date", "day", "on", "at", "granted", "assigned", "time":
				return sureCells
			}
		}
		return notSure
	}
	return 0
}

// idScore judges a second identifier: an id of the user, or a login beside the address.
func (d *columns) idScore(i int) float64 {
	h, c := d.about(i), d.cells(i)
	if c.filled == 0 && !h.Exact {
		return 0
	}
	switch {
	case c.share(c.oktaIDs) >= mostCells:
		return sureBoth
	case c.share(c.emails) > halfOfCells || c.share(c.urls) > halfOfCells || c.share(c.guids) > halfOfCells && !h.Exact:
		return 0
	case h.Is(lexicon.ID) && (h.Has(lexicon.Login, lexicon.Name) || userID(h.Words)):
		return sureHeader
	case h.Is(lexicon.ID) && h.Exact && len(h.Words) == 1 && h.Words[0] == "id" &&
		(d.usersRepeat() || len(c.distinct) < c.filled):
		return 0.6 // a bare id that differs in every row numbers the rows
	case h.Is(lexicon.Login) && c.share(c.logins) >= halfOfCells:
		return 0.5
	}
	return 0
}

func userID(words []string) bool {
	for _, w := range words {
		switch w {
		case "user", "userid", "employee", "emp", "personnel", "person", "staff", "worker", "associate", "okta", "oktaid",
			"identity", "badge", "uid", "account",
			"external", "externalid", "personalnummer", "matricule", "matricula", "mitarbeiternummer", "personeelsnummer":
			return true
		}
	}
	return false
}

// usersRepeat reports whether some user has several rows in the sample.
func (d *columns) usersRepeat() bool {
	for _, i := range d.with(RoleUser) {
		return len(d.cells(i).distinct) < d.cells(i).filled
	}
	return false
}
