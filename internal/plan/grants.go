package plan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// valuesPerGrant is the most values that one grant may carry (Okta API: 1 to 1000).
const valuesPerGrant = 1000

// GrantRequest asks for the access that a report speaks of.
type GrantRequest struct {
	Report *intake.Report
	AppID  string
	Mode   Mode
	Group  string // when set, users are assigned through membership of this group
	Now    time.Time
}

// Item is one wish of a caller who brings ids: this user, these entitlement values of the application.
type Item struct {
	UserID string
	Values []string // entitlement value ids; empty when only the assignment is asked for
}

// ListRequest asks for access by ids instead of by report.
type ListRequest struct {
	Stage Stage // StageGrants or StageAssign
	AppID string
	Mode  Mode
	Items []Item
	Now   time.Time
}

// PlanGrants compares the access that a report wants with what the users have, and leaves one grant call per user who
// lacks something. Every row of the report gets a state.
func PlanGrants(ctx context.Context, okta *oktaclient.Client, req GrantRequest) (*Plan, error) {
	if err := req.Report.Refusal(); err != nil {
		return nil, err
	}
	org, err := okta.Org(ctx)
	if err != nil {
		return nil, fmt.Errorf("read organisation: %w", err)
	}
	live, err := ReadStructure(ctx, okta, req.AppID)
	if err != nil {
		return nil, err
	}
	b := newGrantsBuilder(org, live, StageGrants, req.Mode)
	if err := b.plan.from(req.Report); err != nil {
		return nil, err
	}
	if err := b.viaGroup(ctx, okta, req.Group); err != nil {
		return nil, err
	}
	if err := b.readReport(ctx, okta, req.Report); err != nil {
		return nil, err
	}
	_, denials := req.Report.LaterDenials(1)
	b.plan.warn(trouble.LaterDenied, denials,
		"values are permitted to a user by one row and denied by a later one; they are granted",
		"delete the rows that no longer hold and plan again, if the denial is meant")
	p, err := b.finish(ctx, okta)
	if err != nil {
		return nil, err
	}
	b.unseen.warn(p)
	p.warnOfReport(req.Report)
	p.endsOf(req.Report)
	return p.seal(req.Now)
}

// PlanList does the same for wishes that name users and values by id.
func PlanList(ctx context.Context, okta *oktaclient.Client, req ListRequest) (*Plan, error) {
	org, err := okta.Org(ctx)
	if err != nil {
		return nil, fmt.Errorf("read organisation: %w", err)
	}
	live := &Structure{}
	if req.Stage == StageAssign {
		live.App, err = ReadApp(ctx, okta, req.AppID)
	} else {
		live, err = ReadStructure(ctx, okta, req.AppID)
	}
	if err != nil {
		return nil, err
	}
	b := newGrantsBuilder(org, live, req.Stage, req.Mode)
	if err := b.readItems(ctx, okta, req.Items); err != nil {
		return nil, err
	}
	p, err := b.finish(ctx, okta)
	if err != nil {
		return nil, err
	}
	return p.seal(req.Now)
}

// wish is what the rows of one user ask for together.
type wish struct {
	person int
	userID string
	values []string // value ids, sorted, each once
	rows   []int    // indexes into Plan.Rows
}

type grantsBuilder struct {
	plan    *Plan
	live    *Structure
	owner   map[string]*oktaclient.Entitlement // by value id
	wishes  []*wish
	byUser  map[string]*wish
	unseen  *unseen
	loose   int
	expires int
}

func newGrantsBuilder(org oktaclient.Org, live *Structure, stage Stage, mode Mode) *grantsBuilder {
	if mode == "" {
		mode = ModeAdditive
	}
	b := &grantsBuilder{
		plan:   &Plan{Stage: stage, Mode: mode, OrgID: org.ID, App: live.App, Snapshot: live.digest()},
		live:   live,
		owner:  map[string]*oktaclient.Entitlement{},
		byUser: map[string]*wish{},
	}
	for i := range live.Entitlements {
		for _, v := range live.Entitlements[i].Values {
			b.owner[v.ID] = &live.Entitlements[i]
		}
	}
	return b
}

// viaGroup checks that membership of the group brings the application.
func (b *grantsBuilder) viaGroup(ctx context.Context, okta *oktaclient.Client, groupID string) error {
	if groupID == "" {
		return nil
	}
	group, err := okta.Group(ctx, groupID)
	if err != nil {
		return fmt.Errorf("read group: %w", err)
	}
	if group.Type != "OKTA_GROUP" {
		return &trouble.Error{
			Code: trouble.GroupNotEditable,
			What: "the group is of type " + group.Type + " and Okta lets no one add members to it",
			Next: "name a group of type OKTA_GROUP",
		}
	}
	for app, err := range okta.GroupApps(ctx, groupID) {
		if err != nil {
			return fmt.Errorf("list applications of the group: %w", err)
		}
		if app.ID == b.plan.App.ID {
			b.plan.Group = groupID
			return nil
		}
	}
	return &trouble.Error{
		Code: trouble.GroupWithoutApp,
		What: "membership of that group does not bring this application",
		Next: "assign the application to the group in the Admin Console, or leave assign_via_group out",
	}
}

// readReport turns rows into states and wishes.
func (b *grantsBuilder) readReport(ctx context.Context, okta *oktaclient.Client, r *intake.Report) error {
	people, err := b.findPeople(ctx, okta, r)
	if err != nil {
		return err
	}
	values := b.resolveValues(r)
	b.plan.Rows = make([]Row, len(r.Rows))
	for i, row := range r.Rows {
		out := &b.plan.Rows[i]
		*out = Row{Line: int(row.Line), Op: -1, Person: int(row.Person)}
		switch row.State {
		case intake.RowBad:
			out.State = BadRow
		case intake.RowDenied:
			out.State = DeniedAccess
		case intake.RowNoEntitlement:
			out.State = NoEntitlement
		case intake.RowExpired:
			out.State = ExpiredAccess
		case intake.RowNotYetValid:
			out.State = NotYetValid
		case intake.RowNotSelected:
			out.State = NotSelected
		case intake.RowInDoubt:
			return r.Refusal() // nothing is planned from a report with an open doubt
		case intake.RowWanted:
			b.wishRow(i, people[row.Person], values, r, row)
		}
	}
	return nil
}

func (b *grantsBuilder) wishRow(index int, match Match, values []string, r *intake.Report, row intake.Row) {
	out := &b.plan.Rows[index]
	if state := match.State(); state != Planned {
		out.State = state
		return
	}
	wanted := r.Accesses[row.Access]
	for _, v := range wanted {
		if reason := b.unseen.refused[v]; reason != "" {
			out.State, out.Reason = BadRow, reason
			return
		}
		if values[v] == "" {
			// A row is granted whole or not at all: half of what it says would look like all of it.
			out.State, out.Reason = UnresolvedValue, unresolved(r, v)
			return
		}
	}
	out.State = Planned
	w := b.wishOf(int(row.Person), match.Users[0].ID)
	w.rows = append(w.rows, index)
	for _, v := range wanted {
		w.want(values[v])
	}
}

// unresolved names a value that the application does not have.
func unresolved(r *intake.Report, v int32) string {
	value := r.Values[v]
	return fmt.Sprintf("%s %q", r.Entitlements[value.Entitlement].Name.Show(untrusted.Name),
		value.Text.Show(untrusted.Name))
}

// wishOf collects by Okta user, not by spelling: two e-mails of one user must end in one grant call.
func (b *grantsBuilder) wishOf(person int, userID string) *wish {
	w := b.byUser[userID]
	if w == nil {
		w = &wish{person: person, userID: userID}
		b.byUser[userID] = w
		b.wishes = append(b.wishes, w)
	}
	return w
}

func (w *wish) want(value string) {
	if at, found := slices.BinarySearch(w.values, value); !found {
		w.values = slices.Insert(w.values, at, value)
	}
}

// findPeople looks up everyone who has a row that could be granted.
func (b *grantsBuilder) findPeople(ctx context.Context, okta *oktaclient.Client, r *intake.Report) ([]Match, error) {
	needed := make([]bool, len(r.People))
	for _, row := range r.Rows {
		if row.State == intake.RowWanted {
			needed[row.Person] = true
		}
	}
	var names []string
	var places []int
	b.plan.People = make([]Person, len(r.People))
	for i, person := range r.People {
		b.plan.People[i].Email = untrusted.Stored{Text: person.Email}
		if needed[i] {
			names, places = append(names, person.Email.Raw()), append(places, i)
		}
	}
	found, err := FindPeople(ctx, okta, ByEmail, names)
	if err != nil {
		return nil, err
	}
	matches := make([]Match, len(r.People))
	for i, match := range found {
		matches[places[i]] = match
		if len(match.Users) == 1 {
			b.plan.People[places[i]].is(match.Users[0])
		}
	}
	return matches, nil
}

// resolveValues gives the value id for each value of the report, "" where the application has none.
func (b *grantsBuilder) resolveValues(r *intake.Report) []string {
	catalogue := newCatalogue(b.live)
	b.unseen = findUnseen(r, catalogue)
	ids := make([]string, len(r.Values))
	for i, value := range r.Values {
		entitlement, exactName, found := catalogue.entitlement(r.Entitlements[value.Entitlement].Name)
		if !found {
			continue
		}
		live, exact, found := catalogue.value(entitlement, value.Text)
		if !found {
			continue
		}
		ids[i] = live.ID
		if !exact || !exactName {
			b.loose++
		}
	}
	return ids
}

// readItems turns a list of ids into rows and wishes.
func (b *grantsBuilder) readItems(ctx context.Context, okta *oktaclient.Client, items []Item) error {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.UserID
	}
	matches, err := FindPeople(ctx, okta, ByID, names)
	if err != nil {
		return err
	}
	b.plan.Rows = make([]Row, len(items))
	for i, item := range items {
		b.plan.People = append(b.plan.People, Person{UserID: item.UserID})
		out := &b.plan.Rows[i]
		*out = Row{Line: i + 1, Op: -1, Person: i, State: matches[i].State()}
		if out.State != Planned {
			continue
		}
		b.plan.People[i].is(matches[i].Users[0])
		b.plan.People[i].Email = untrusted.Stored{Text: matches[i].Users[0].Email}
		if unknown := b.firstUnknown(item.Values); unknown != "" {
			out.State, out.Reason = UnresolvedValue, fmt.Sprintf("value id %q", clip(unknown, 40))
			continue
		}
		w := b.wishOf(i, item.UserID)
		w.rows = append(w.rows, i)
		for _, v := range item.Values {
			w.want(v)
		}
	}
	return nil
}

func (b *grantsBuilder) firstUnknown(values []string) string {
	for _, v := range values {
		if b.owner[v] == nil {
			return v
		}
	}
	return ""
}
