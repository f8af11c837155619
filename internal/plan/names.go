package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// stored keeps a text of the report or of Okta as it is.
func stored(raw string) untrusted.Stored { return untrusted.Stored{Text: untrusted.New(raw)} }

// from records which report the plan comes from and how it was understood.
func (p *Plan) from(r *intake.Report) error {
	mapping, err := asSaved(r.Mapping)
	if err != nil {
		return fmt.Errorf("keep the columns of the report: %w", err)
	}
	reading, err := asSaved(r.Reading)
	if err != nil {
		return fmt.Errorf("keep the reading of the report: %w", err)
	}
	p.File, p.SHA256, p.Mapping, p.Reading = r.File, r.SHA256, mapping, reading
	return nil
}

// SettledBy lists the doubts about the report that a giver of answers settled, each as its code and, after a colon, its
// column: unknown_word: Decision.
func (p *Plan) SettledBy(by intake.By) []string {
	if p.Reading == nil {
		return nil
	}
	var list []string
	for _, s := range p.Reading.Settled {
		if s.By != by {
			continue
		}
		text := s.Code
		if !s.Column.IsZero() {
			text += ": " + s.Column.Show(untrusted.Name)
		}
		list = append(list, text)
	}
	return list
}

// asSaved returns what will be read back from the plan's file. Bytes that are no UTF-8 come back as U+FFFD, which is
// written in another way than such bytes are: the digest of the plan in memory must be that of the plan in the file.
func asSaved[T any](of T) (*T, error) {
	text, err := json.Marshal(of)
	if err != nil {
		return nil, err
	}
	back := new(T)
	return back, json.Unmarshal(text, back)
}

// is notes which Okta user a person is.
func (p *Person) is(u oktaclient.User) {
	p.UserID, p.Status, p.Login = u.ID, u.Status, untrusted.Stored{Text: u.Login}
}

// nameValues lists the values that the operations name by id, with their names. A value that the application does not list
// any more has none.
func (p *Plan) nameValues(live *Structure) {
	named := map[string]Value{}
	for i := range p.Ops {
		for _, ids := range [][]string{p.Ops[i].Adds, p.Ops[i].Had, p.Ops[i].Revokes} {
			for _, id := range ids {
				named[id] = Value{}
			}
		}
	}
	if len(named) == 0 {
		return
	}
	for i := range live.Entitlements {
		e := &live.Entitlements[i]
		for _, v := range e.Values {
			if _, used := named[v.ID]; used {
				named[v.ID] = Value{ID: v.ID, Entitlement: untrusted.Stored{Text: e.Name}, Name: untrusted.Stored{Text: v.Name}}
			}
		}
	}
	maps.DeleteFunc(named, func(_ string, v Value) bool { return v.ID == "" })
	p.Values = slices.SortedFunc(maps.Values(named), func(a, b Value) int { return cmp.Compare(a.ID, b.ID) })
}
