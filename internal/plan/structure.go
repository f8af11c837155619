package plan

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// Limits of Okta's entitlement API. The Admin Console refuses external values above 1024 characters though the API
// takes 2000; a value that no one can edit by hand is no help, so the smaller bound holds.
const (
	maxName          = 255
	maxExternalValue = 1024
	valuesPerCall    = 100 // PATCH /entitlements/{id} takes 1 to 100 operations
)

// StructureRequest asks for the entitlements and values that a report speaks of.
type StructureRequest struct {
	Report *intake.Report
	AppID  string
	Now    time.Time
}

// PlanStructure compares what a report needs with what the application has. It only adds.
func PlanStructure(ctx context.Context, okta *oktaclient.Client, req StructureRequest) (*Plan, error) {
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
	p := &Plan{Stage: StageStructure, OrgID: org.ID, App: live.App, Snapshot: live.digest()}
	if err := p.from(req.Report); err != nil {
		return nil, err
	}
	builder := structureBuilder{plan: p, catalogue: newCatalogue(live), report: req.Report}
	builder.unseen = findUnseen(req.Report, builder.catalogue)
	builder.build()
	return p.seal(req.Now)
}

type structureBuilder struct {
	plan      *Plan
	catalogue *catalogue
	report    *intake.Report
	unseen    *unseen
	loose     int
	overlong  int
	folded    int
}

func (b *structureBuilder) build() {
	for i, column := range b.report.Entitlements {
		b.column(int32(i), column)
	}
	b.warn()
}

func (b *structureBuilder) column(index int32, column intake.EntitlementColumn) {
	live, exact, found := b.catalogue.entitlement(column.Name)
	if found && !exact {
		b.loose++
	}
	missing := b.missing(index, live)
	if len(missing) == 0 {
		return
	}
	if found {
		b.addValues(live.ID, live.ExternalValue, missing, -1)
		return
	}
	if tooLong(column.Name.Raw(), maxName) {
		b.overlong++
		return
	}
	first := missing[:min(len(missing), valuesPerCall)]
	b.plan.Ops = append(b.plan.Ops, Op{
		Kind:  KindCreateEntitlement,
		Needs: -1,
		Entitlement: &oktaclient.NewEntitlement{
			AppID:         b.plan.App.ID,
			Name:          untrusted.Stored{Text: column.Name},
			ExternalValue: untrusted.Stored{Text: column.Name},
			Description:   untrusted.NewStored("Created from the access report " + clip(b.report.File, 200)),
			// Several values per user are allowed from the start, since an import accumulates and the type cannot be changed
			// later.
			MultiValue: true, Values: first,
		},
	})
	b.addValues("", column.Name, missing[len(first):], len(b.plan.Ops)-1)
}

// missing lists the values of a column that the application does not have, each once in its first spelling.
func (b *structureBuilder) missing(column int32, live *oktaclient.Entitlement) []oktaclient.NewValue {
	var missing []oktaclient.NewValue
	taken := map[string]bool{}
	for i, value := range b.report.Values {
		if value.Entitlement != column || value.Rows == 0 || b.unseen.refused[i] != "" {
			continue
		}
		if live != nil {
			if _, exact, found := b.catalogue.value(live, value.Text); found {
				if !exact {
					b.loose++
				}
				continue
			}
		}
		switch folded := spelling.Fold(value.Text.Raw()); {
		case tooLong(value.Text.Raw(), maxExternalValue):
			b.overlong++
		case taken[folded]:
			b.folded++
		default:
			taken[folded] = true
			missing = append(missing, oktaclient.NewValue{
				Name:          untrusted.NewStored(clip(value.Text.Raw(), maxName)),
				ExternalValue: untrusted.Stored{Text: value.Text},
			})
		}
	}
	return missing
}

func (b *structureBuilder) addValues(entitlementID string, attribute untrusted.Text,
	values []oktaclient.NewValue, needs int) {
	for start := 0; start < len(values); start += valuesPerCall {
		b.plan.Ops = append(b.plan.Ops, Op{
			Kind:          KindAddValues,
			Needs:         needs,
			EntitlementID: entitlementID,
			Attribute:     untrusted.Stored{Text: attribute},
			Values:        values[start:min(start+valuesPerCall, len(values))],
		})
	}
}

func (b *structureBuilder) warn() {
	p := b.plan
	b.unseen.warn(p)
	p.warn(trouble.MatchedLoosely, b.loose,
		"names or values match Okta's only when letter case and spaces are ignored; Okta's spelling is used", "")
	p.warn(trouble.SpellingsFolded, b.folded,
		"values differ from another value of the report only in letter case or spaces; they become one value in "+
			"its first spelling",
		"correct the report if they are meant to be different")
	p.warn(trouble.OverLong, b.overlong, "names or values are longer than Okta's Admin Console allows and "+
		"are left out", "shorten them in the report and plan again")
	p.warnOfReport(b.report)
}

func tooLong(s string, max int) bool { return utf8.RuneCountInString(s) > max }

func clip(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	return string([]rune(s)[:max])
}

// MustHaveEntitlements returns a plan_stale error unless every entitlement that the plan adds values to is still there.
func (s *Structure) MustHaveEntitlements(p *Plan) error {
	known := map[string]bool{}
	for _, e := range s.Entitlements {
		known[e.ID] = true
	}
	for i := range p.Ops {
		if id := p.Ops[i].EntitlementID; id != "" && !known[id] {
			return Stale("an entitlement that the plan adds values to was deleted")
		}
	}
	return nil
}

// Stale returns the refusal of a plan that no longer fits Okta, saying what changed. Its code is trouble.PlanStale.
func Stale(what string) error {
	return &trouble.Error{
		Code: trouble.PlanStale,
		What: "the plan is stale: " + what,
		Next: "plan again from the same report; what was done is found and not done twice",
	}
}

// MustHave returns a plan_stale error unless every one of these value ids is still there.
func (s *Structure) MustHave(valueIDs []string) error {
	known := map[string]bool{}
	for _, e := range s.Entitlements {
		for _, v := range e.Values {
			known[v.ID] = true
		}
	}
	for _, id := range valueIDs {
		if !known[id] {
			return Stale("entitlement value " + id + " was deleted")
		}
	}
	return nil
}
