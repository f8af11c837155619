// Package planning makes plans from the reports of the inbox, for conversations and for the command line alike. It is the
// one place where a report, what people and callers say of it, and what saved mappings and known exports say of it meet.
package planning

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/intake/exports"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// Planner makes plans from reports.
type Planner struct {
	Okta     *oktaclient.Client
	Inbox    *intake.Inbox
	Plans    *plan.Store
	Mappings *mapping.Store
	Mode     plan.Mode // how grants are written
	// Await waits until Okta's lists show what the last run on an application wrote.
	Await func(ctx context.Context, appID string, stage plan.Stage) error
	Now   func() time.Time // time.Now when nil
}

// Request asks for a plan.
type Request struct {
	File    string            // as the inbox names it
	AppID   string            // 0oa and 17 more characters
	Stage   plan.Stage        // StageStructure or StageGrants
	Group   string            // assign_via_group
	Answers []intake.Answered // what is said of the report; the first that speaks of something counts
}

// Reading is a report as it was read for an application.
type Reading struct {
	Report  *intake.Report
	Applied exports.Choice // the mapping or export that was applied by itself; its name is empty when there is none
	Notes   []error        // what went wrong with mappings: a plan is as good without them

	answers []intake.Answered // of the caller
	all     []intake.Answered // these, and those of the mapping after them
	today   time.Time
}

func (p *Planner) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// Read reads a report for an application: with the caller's answers first, then those of the confirmed mapping or known
// export for its header. Doubts may be open. Names that Okta has settle what they can.
func (p *Planner) Read(ctx context.Context, file, appID string, answers []intake.Answered) (*Reading, error) {
	if file == "" || appID == "" {
		return nil, &trouble.Error{
			Code: trouble.MissingArgument,
			What: "planning needs a report and an application",
			Next: "send filename and app_id, or plan_id alone to apply a plan",
		}
	}
	r, err := p.read(ctx, file, appID, answers)
	if err != nil {
		return nil, err
	}
	if refusal := r.Applied.Refuse; refusal != nil && len(intake.Merged(r.answers).Columns.Entitlements) == 0 {
		return nil, refusal.Error()
	}
	if !slices.ContainsFunc(r.Report.Open(), func(d intake.Doubt) bool { return d.Okta }) {
		return r, nil
	}
	known, err := p.valueNames(ctx, appID)
	if err != nil {
		return nil, err
	}
	r.Report, err = p.Inbox.Read(ctx, file, intake.Options{Answers: r.all, Today: r.today, Known: known})
	return r, err
}

// Look reads a report to be looked at, without a call to Okta: with the answers, and with the known export for its header
// or the mapping that was confirmed for it and the application, which may be "".
func (p *Planner) Look(ctx context.Context, file, appID string, answers []intake.Answered) (*intake.Report, error) {
	r, err := p.read(ctx, file, appID, answers)
	if err != nil {
		return nil, err
	}
	return r.Report, nil
}

func (p *Planner) read(ctx context.Context, file, appID string, answers []intake.Answered) (*Reading, error) {
	r := &Reading{answers: given(answers), today: p.now().UTC()}
	r.all = r.answers
	name, err := p.Inbox.Find(file)
	if err != nil {
		return nil, err
	}
	r.choose(ctx, p, name, appID)
	if !reflect.ValueOf(r.Applied.Answered.Answers).IsZero() {
		r.all = append(slices.Clone(r.answers), r.Applied.Answered)
	}
	r.Report, err = p.Inbox.Read(ctx, file, intake.Options{Answers: r.all, Today: r.today})
	return r, err
}

// given leaves out answers that say nothing.
func given(answers []intake.Answered) []intake.Answered {
	return slices.DeleteFunc(slices.Clone(answers), func(a intake.Answered) bool { return reflect.ValueOf(a.Answers).IsZero() })
}

// choose finds the mapping or export for a report.
func (r *Reading) choose(ctx context.Context, p *Planner, file, appID string) {
	var damaged error
	r.Applied, damaged = exports.Choose(p.Mappings, p.header(ctx, file, r.answers), appID)
	if damaged != nil {
		r.Notes = append(r.Notes, damaged)
	}
	if r.Applied.Status == mapping.Confirmed {
		return
	}
	// A mapping may say where the header of its reports is, which is not seen without it.
	saved, _ := p.Mappings.List() // what cannot be read is noted
	for _, f := range saved {
		where := whereTheHeaderIs(f.Answers)
		if f.Status != mapping.Confirmed || f.Application.ID != appID || reflect.ValueOf(where.Answers).IsZero() {
			continue
		}
		header := p.header(ctx, file, append(slices.Clone(r.answers), where))
		if answered, fits := f.For(header); fits {
			r.Applied = exports.Choice{Name: f.Name, Title: f.Title, Status: f.Status, Answered: answered}
			return
		}
	}
}

func whereTheHeaderIs(a intake.Answers) intake.Answered {
	return intake.Answered{By: intake.ByMapping, Answers: intake.Answers{
		HeaderLine: a.HeaderLine,
		Delimiter:  a.Delimiter,
		Encoding:   a.Encoding,
		Sheet:      a.Sheet,
	}}
}

// header returns the column names of a report, none when they cannot be read: then reading the report says why.
func (p *Planner) header(ctx context.Context, file string, answers []intake.Answered) []string {
	page, err := p.Inbox.Page(ctx, file, "", 1, intake.Options{File: file, Answers: answers})
	if err != nil {
		return nil
	}
	header := make([]string, len(page.Columns))
	for i, c := range page.Columns {
		header[i] = c.Name.Raw()
	}
	return header
}

// valueNames lists what the application's values are called: a name with a comma that Okta has already is one name.
func (p *Planner) valueNames(ctx context.Context, appID string) ([]string, error) {
	var names []string
	for v, err := range p.Okta.EntitlementValues(ctx, appID) {
		if err != nil {
			return nil, fmt.Errorf("list the values of the application: %w", err)
		}
		names = append(names, v.Name.Raw())
	}
	return names, nil
}

// Plan reads a report and makes the plan; see Make.
func (p *Planner) Plan(ctx context.Context, req Request) (*plan.Plan, *Reading, error) {
	r, err := p.Read(ctx, req.File, req.AppID, req.Answers)
	if err != nil {
		return nil, nil, err
	}
	made, err := p.Make(ctx, req, r)
	return made, r, err
}

// Make makes the plan of a reading as Draft does, and saves it.
func (p *Planner) Make(ctx context.Context, req Request, r *Reading) (*plan.Plan, error) {
	made, err := p.Draft(ctx, req, r)
	if err != nil {
		return nil, err
	}
	if err := p.Plans.Save(made); err != nil {
		return nil, err
	}
	return made, nil
}

// Draft makes the plan of a reading, and proposes the answers that the reading needed as a mapping. It does not save the
// plan. While a doubt is open there is no plan.
func (p *Planner) Draft(ctx context.Context, req Request, r *Reading) (*plan.Plan, error) {
	if err := r.Report.Refusal(); err != nil {
		return nil, err
	}
	if len(r.Report.Entitlements) == 0 {
		return nil, &trouble.Error{
			Code: trouble.NoEntitlementColumn,
			What: "no column of the report was taken for an entitlement",
			Next: "analyze_csv_for_entitlements shows the columns; name the right ones with columns.entitlements",
		}
	}
	made, err := p.build(ctx, req, r)
	if err != nil {
		return nil, err
	}
	p.propose(ctx, made, r)
	return made, nil
}

func (p *Planner) build(ctx context.Context, req Request, r *Reading) (*plan.Plan, error) {
	if req.Stage == plan.StageStructure {
		return plan.PlanStructure(ctx, p.Okta, plan.StructureRequest{Report: r.Report, AppID: req.AppID, Now: r.today})
	}
	if err := p.Await(ctx, req.AppID, plan.StageGrants); err != nil {
		return nil, err
	}
	return plan.PlanGrants(ctx, p.Okta, plan.GrantRequest{
		Report: r.Report,
		AppID:  req.AppID,
		Mode:   p.Mode,
		Group:  req.Group,
		Now:    r.today,
	})
}

// propose keeps the answers of a caller, with those of the mapping that they were added to, until a person confirms the plan.
func (p *Planner) propose(ctx context.Context, made *plan.Plan, r *Reading) {
	header := make([]string, len(r.Report.Header)) // a mapping keeps and compares it
	for i, name := range r.Report.Header {
		header[i] = name.Raw()
	}
	_, err := p.Mappings.Propose(ctx, mapping.Proposal{
		Application: mapping.Application{ID: made.App.ID, Label: made.App.Label.String()},
		Header:      header,
		Answers:     r.all,
		Words:       r.Report.Reading.Words,
		Plan:        made.ID,
		At:          r.today,
	})
	if err != nil {
		r.Notes = append(r.Notes, err)
	}
}

// Confirmed makes the mapping that was proposed with a plan the one that is applied from now on. By is the way in which a
// person confirmed the plan: intake.ByForm or intake.ByTerminal.
func (p *Planner) Confirmed(ctx context.Context, planID string, by intake.By) error {
	_, err := p.Mappings.Confirm(ctx, planID, by, p.now())
	return err
}
