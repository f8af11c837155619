package intake

import (
	"fmt"
	"slices"

	"okta-entitlements-mcp/internal/intake/lexicon"

	"okta-entitlements-mcp/internal/untrusted"
)

// whether looks at one column that has no role yet: can it take a row's access away? Such columns get a role even when
// another one decides already, because any column that refuses, refuses.
func (d *columns) whether(i int) {
	h, c := d.about(i), d.cells(i)
	wordy := c.share(c.deciding)
	if h.Is(lexicon.Login, lexicon.Name) && c.filled > 0 && c.share(c.kinds) >= nearlyAll && c.emails == 0 {
		d.set(i, RoleKind, sureWeakName, "the cells under %q say what kind of thing each row is about", d.shown(i))
		return
	}
	if h.Is(lexicon.Action, lexicon.Application) && c.share(c.dates) >= halfOfCells {
		d.set(i, RoleAttribute, sureHeader, "the cells under %q are dates", d.shown(i))
		return
	}
	switch h.Part {
	case lexicon.Recommendation, lexicon.Previous:
		d.set(i, RoleAdvice, sureHeader, "%q is a recommendation or an earlier decision, and decides nothing", d.shown(i))
		d.advice = append(d.advice, i)
	case lexicon.Decision:
		d.decision(i, RoleFilter, wordy)
	case lexicon.State:
		switch {
		case c.filled > 0 && c.share(c.jobs) >= nearlyAll && c.refusals == 0:
			d.set(i, RoleAttribute, sureHeader, "the cells are kinds of employment")
		case c.share(c.verdicts) >= mostCells && c.verdicts > c.states:
			d.set(i, RoleFilter, sureBoth, "%s of the cells under %q approve or refuse", percent(c.share(c.verdicts)),
				d.shown(i))
		default:
			d.decision(i, RoleState, wordy)
		}
	case lexicon.Active:
		d.decision(i, RoleState, wordy)
	case lexicon.Blocked:
		if c.share(c.dates) >= halfOfCells && c.filled > 0 {
			d.set(i, RoleBlocked, sureBoth, "a date under %q says that the access has ended", d.shown(i))
			return
		}
		if h.NotHeld() && c.solid() > 0 && wordy < halfOfCells {
			d.unheld(i, wordy) // Roles to remove
			return
		}
		d.decision(i, RoleBlocked, max(wordy, c.share(c.empties)))
	case lexicon.Unheld:
		d.unheld(i, wordy)
	case lexicon.Ended:
		d.set(i, RoleBlocked, sureHeader, "a date under %q says that the access has ended", d.shown(i))
	case lexicon.From, lexicon.Until:
		d.validity(i, h.Part)
	case lexicon.Review:
		d.review(i)
	case lexicon.Kind:
		if c.kinds > 0 {
			d.set(i, RoleKind, sureHeader, "%q says what kind of thing each row is about; only people are read", d.shown(i))
		}
	case lexicon.Action:
		if !d.isMatrixCell(i) {
			d.set(i, RoleAction, sureHeader, "the name %q is usual for the kind of action", d.shown(i))
		}
	case lexicon.Application:
		if c.deciding < c.filled || c.filled == 0 {
			d.set(i, RoleApplication, sureHeader, "%q says to which application or environment a row belongs", d.shown(i))
		}
	default:
		d.byCells(i, wordy)
	}
}

// decision gives a column whose header says that it decides its role, or doubts it when the cells say something else.
func (d *columns) decision(i int, role Role, wordy float64) {
	h, c := d.about(i), d.cells(i)
	if h.Either && c.filled > 0 && c.bools == c.filled && !h.Has(lexicon.Flag) && !d.yesNo(h) {
		d.mayDecide(i, "the name asks two opposite things, and its cells answer yes or no")
		return
	}
	if !h.Exact && !h.Either && d.matrixLike(i) {
		return // Delete Records, with marks, among other headings with marks
	}
	if role == RoleFilter && !d.explicit && c.solid() > 1 && c.deciding == 0 && !d.hasAccessHeader() {
		return // Granted, above names of roles
	}
	if c.filled > 0 && (c.share(c.dates) >= halfOfCells || wordy < halfOfCells && len(c.distinct) > fewWords) {
		d.mayDecide(i, fmt.Sprintf("the name %s says yes or no, and the cells, such as %s, do not", quoted(d.name(i)),
			quoted(c.order[0])))
		return
	}
	reason := "the name %q is usual for it and %s of the cells say yes or no"
	d.set(i, role, sureBoth, reason, d.shown(i), percent(wordy))
}

// unheld reads a column such as Removed Roles or Conflicting Role. Names in it are access that the user does not hold;
// yes and no in it decide.
func (d *columns) unheld(i int, wordy float64) {
	h, c := d.about(i), d.cells(i)
	switch {
	case d.matrixLike(i):
	case c.filled > 0 && h.Has(lexicon.Blocked, lexicon.Ended) && (wordy >= halfOfCells || c.share(c.dates) >= halfOfCells):
		d.set(i, RoleBlocked, sureWeakName, "yes or a date under %q says that the access is gone", d.shown(i))
	case c.filled > 0 && wordy >= halfOfCells:
		d.mayDecide(i, "its cells answer yes or no")
	default:
		d.set(i, RoleAttribute, sureHeader, "%q names access that the user does not hold", d.shown(i))
	}
}

// hasAccessHeader reports a file in which a header says access.
func (d *columns) hasAccessHeader() bool {
	return slices.ContainsFunc(d.indexes(), func(i int) bool { return d.about(i).Is(lexicon.Access, lexicon.Weak) })
}

// yesNo reports a header that names the answers yes and no themselves.
func (d *columns) yesNo(h *lexicon.Heading) bool {
	return slices.ContainsFunc(h.Words, func(w string) bool { return lexicon.Load().Says(w, lexicon.No) })
}

// mayDecide doubts a column that could take access away and is not understood. Until it is settled it describes.
func (d *columns) mayDecide(i int, why string) {
	d.set(i, RoleAttribute, notSure, "in doubt: it may decide")
	q, c := mayDecideDoubt(d.name(i), why), d.cells(i)
	if c.filled > 0 && c.bools == c.filled { // SoD conflict, Not approved: a yes is bad news
		q.Answers = append(q.Answers, answer("it refuses: a yes takes the access away",
			Answers{Columns: Mapping{Others: map[string]Role{d.name(i): RoleBlocked}}}))
	}
	d.doubt(q)
}

func mayDecideDoubt(name, why string) Doubt {
	return Doubt{
		Code:     DoubtMayDecide,
		Column:   untrusted.NewStored(name),
		Question: fmt.Sprintf("does %s decide who has access? %s", quoted(name), why),
		Answers: []Answer{answer("it decides: a row without a clear yes grants nothing",
			Answers{Columns: Mapping{Filter: name}, Words: othersRefuse(name).Words}),
			answer("it only describes", Answers{Columns: Mapping{Attributes: []string{name}}})},
	}
}

// review reads how far a review has come. That is no decision, unless the cells hold decisions.
func (d *columns) review(i int) {
	c := d.cells(i)
	switch {
	case c.process == c.filled || c.deciding == 0 || d.openOnly(c) && d.decides(i):
		d.set(i, RoleAttribute, sureHeader, "%q says how far a review has come, which is no access and no decision",
			d.shown(i))
	case c.bools == c.filled && slices.ContainsFunc(d.indexes(), func(j int) bool {
		return d.about(j).Is(lexicon.Decision) &&
			d.cells(j).verdicts > 0
	}):
		d.set(i, RoleAttribute, sureHeader, "%q says whether a review took place, and another column holds "+
			"its decisions", d.shown(i))
	case c.bools == c.filled:
		d.mayDecide(i, "it says whether a review took place")
	default:
		d.set(i, RoleState, sureWeakName, "the cells under %q hold decisions of a review", d.shown(i))
	}
}

// openOnly reports cells that say how far a review has come, pending among them, and decide nothing.
func (d *columns) openOnly(c *shape) bool {
	for _, t := range c.distinct {
		if !t.has[isProcess] && !t.senses[lexicon.Open] || t.senses[lexicon.Grants] ||
			t.senses[lexicon.Refuses] && !t.has[isProcess] {
			return false
		}
	}
	return true
}

// decides reports whether another column holds the decisions.
func (d *columns) decides(i int) bool {
	for j := range d.list {
		if c := d.cells(j); j != i && d.about(j).Is(lexicon.Decision) && c.filled > 0 &&
			c.share(c.bools+c.verdicts) >= mostCells {
			return true
		}
	}
	return false
}

// validity reads a column with the first or the last day.
func (d *columns) validity(i int, part lexicon.Part) {
	c := d.cells(i)
	role, what := RoleValidFrom, "first"
	if part == lexicon.Until {
		role, what = RoleValidUntil, "last"
	}
	switch {
	case c.bools == c.filled && c.filled > 0 && d.about(i).Exact && part == lexicon.Until:
		d.set(i, RoleBlocked, sureWeakName, "yes under %q says that the access has ended", d.shown(i))
	case slices.Contains(d.namesToRoles(), role):
		d.set(i, RoleAttribute, notSure, "in doubt: another column holds the %s day", what)
		d.doubt(Doubt{
			Code:     DoubtMayDecide,
			Column:   untrusted.NewStored(d.name(i)),
			Question: fmt.Sprintf("%s may limit the access too; which column holds the %s day?", quoted(d.name(i)), what),
			Answers:  []Answer{answer("it only describes", Answers{Columns: Mapping{Attributes: []string{d.name(i)}}})},
		})
	default:
		d.set(i, role, sureHeader, "%q holds the %s day of the access", d.shown(i), what)
	}
}

// namesToRoles are the roles that are taken.
func (d *columns) namesToRoles() []Role {
	var all []Role
	for _, c := range d.list {
		all = append(all, c.Role)
	}
	return all
}

// byCells judges a column whose header says nothing of decisions by its cells.
func (d *columns) byCells(i int, wordy float64) {
	h, c := d.about(i), d.cells(i)
	if c.filled == 0 {
		return
	}
	few := len(c.distinct) <= fewWords
	part := h.Part
	if h.Is(lexicon.Date, lexicon.OtherDate) && c.dates == 0 || h.Is(lexicon.Scope) && c.deciding == c.filled {
		part = "" // the word means something else in another language
	}
	if d.matrixLike(i) {
		return
	}
	if limit := lexicon.Load().EndsWith(h); limit != "" && c.share(c.dates) >= halfOfCells {
		d.validity(i, limit)
		return
	}
	if c.distinct["+"] != nil && c.distinct["-"] != nil && len(c.distinct) == 2 {
		d.mayDecide(i, "its cells are plus and minus signs")
		return
	}
	access := h.Is(lexicon.Access, lexicon.Weak, lexicon.Faint)
	described := h.Is(lexicon.Organisation, lexicon.ID, lexicon.Name, lexicon.Address, lexicon.Login, lexicon.Secondary,
		lexicon.OtherDate, lexicon.Date)
	switch {
	case access && c.filled > 0 && c.vias > 0 && c.vias+c.deciding >= c.filled:
		if c.refusals > 0 {
			d.mayDecide(i, fmt.Sprintf("its cells say how the access came, and some say no, such as %s", quoted(c.refusal())))
			return
		}
		d.set(i, RoleAttribute, sureCells, "the cells under %q say how the access came, and name none", d.shown(i))
	case access && few && c.share(c.bools+c.verdicts) >= nearlyAll &&
		(c.bools < c.filled || h.Is(lexicon.Weak) && !d.matrixLike(i)):
		if h.Has(lexicon.Flag) {
			d.set(i, RoleAttribute, sureHeader, "%q answers yes or no about the access and names none", d.shown(i))
			return
		}
		d.set(i, RoleFilter, sureWeakName, "%s of the cells under %q say permitted or denied", percent(wordy), d.shown(i))
	case h.Is(lexicon.Flag):
		if c.refusals > 0 {
			d.mayDecide(i, fmt.Sprintf("some cells say no in words, such as %s", quoted(c.refusal())))
			return
		}
		d.set(i, RoleAttribute, sureHeader, "%q describes the user or the row, it is no access", d.shown(i))
	case h.Has(lexicon.Decision) && c.share(c.bools+c.verdicts) >= nearlyAll && c.share(c.dates) == 0:
		d.set(i, RoleFilter, sureWeakName, "%s of the cells under %q say yes or no", percent(wordy), d.shown(i))
	case described && c.bools == c.filled && c.yes < c.filled && c.numbers < c.filled:
		d.mayDecide(i, "its cells answer yes or no")
	case described && few && wordy >= nearlyAll && c.refusals > 0:
		d.mayDecide(i, fmt.Sprintf("its cells say yes and no in words, such as %s", quoted(c.refusal())))
	case h.Approval() && c.dates > 0 && c.filled < c.rows && !d.decides(i):
		d.mayDecide(i, "some rows have a day of approval and others have none")
	case access || described:
		return
	case part == "" && c.codes() && c.bools < c.filled:
		d.mayDecide(i, "its cells are single letters")
	case (part == "" || part == lexicon.Description) && len(c.distinct) > 1 && c.signals == c.filled:
		d.mayDecide(i, "its cells are colours of a traffic light")
	case few && c.neutral == 0 && c.removals+c.actions == c.filled && c.verdicts+c.states < 2*c.filled &&
		part == "" && c.bools == 0:
		d.set(i, RoleAction, sureCells, "%s of the cells name an action such as grant or revoke", percent(1))
	case few && c.bools < c.filled && c.share(c.verdicts+c.bools) >= nearlyAll && part == "":
		d.set(i, RoleFilter, sureCells, "%s of the cells approve or refuse", percent(wordy))
	case few && c.bools < c.filled && wordy >= nearlyAll && part == "":
		d.set(i, RoleState, sureCells, "%s of the cells name states such as active or expired", percent(wordy))
	case c.bools == c.filled && (part == "" || part == lexicon.Description) && !d.matrixLike(i):
		if c.yes < c.filled || c.filled < c.rows { // all yes decides nothing
			d.mayDecide(i, "its cells answer yes or no")
			return
		}
		d.set(i, RoleAttribute, sureCells, "every cell says yes, which makes no difference")
	case c.refusals > 0 && part == "" && c.onlyLevels():
		return
	case c.refusals > 0 && (part == "" || part == lexicon.Description || part == lexicon.PairName):
		d.mayDecide(i, fmt.Sprintf("some cells say no in words, such as %s", quoted(c.refusal())))
	}
}

// refusal returns a cell that says no in words.
func (s *shape) refusal() string {
	for _, cell := range s.order {
		if s.distinct[cell].has[isRefusal] {
			return cell
		}
	}
	return ""
}

// adviceOnly doubts a file in which only a recommendation or an earlier decision says yes or no.
func (d *columns) adviceOnly() {
	if len(d.advice) == 0 || len(d.with(RoleFilter)) > 0 || len(d.with(RoleEntitlement)) == 0 {
		return
	}
	for _, i := range d.advice {
		c := d.cells(i)
		if c.deciding == 0 {
			continue
		}
		name := d.name(i)
		d.doubt(Doubt{
			Code:   DoubtAdvice,
			Column: untrusted.NewStored(name),
			Question: fmt.Sprintf("only %s says yes or no, and that is no decision of this review; what do "+
				"its rows mean?", quoted(name)),
			Answers: []Answer{answer("it only describes: every row grants",
				Answers{Columns: Mapping{Attributes: []string{name}}}),
				answer("it decides", Answers{Columns: Mapping{Filter: name}})},
		})
	}
}
