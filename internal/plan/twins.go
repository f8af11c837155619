package plan

import (
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// unseen is what a plan knows of names that hold characters which show as nothing. Such a name may be another one's twin:
// equal to it for everyone who reads the plan. Twins are refused, since no one can say yes to one of them.
type unseen struct {
	refused []string // by value of the report: why it is refused, "" when it is not
	twins   []string // the names that are refused, as they are shown
	others  []string // names that hold such characters and have no twin
}

// findUnseen looks at the columns and values of a report beside those that the application has.
func findUnseen(r *intake.Report, c *catalogue) *unseen {
	u := &unseen{refused: make([]string, len(r.Values))}
	columns := newForms()
	for i := range r.Entitlements {
		columns.add(r.Entitlements[i].Name)
	}
	for i := range c.structure.Entitlements {
		columns.addLive(c.structure.Entitlements[i].Name, c.structure.Entitlements[i].ExternalValue)
	}
	values := make([]forms, len(r.Entitlements))
	for i := range values {
		values[i] = newForms()
		if live, _, found := c.entitlement(r.Entitlements[i].Name); found {
			for _, v := range live.Values {
				values[i].addLive(v.Name, v.ExternalValue)
			}
		}
	}
	for _, v := range r.Values {
		if v.Rows > 0 {
			values[v.Entitlement].add(v.Text)
		}
	}
	whole := make([]string, len(r.Entitlements))
	for i := range whole {
		whole[i] = u.judge(columns, r.Entitlements[i].Name, "column")
	}
	for i, v := range r.Values {
		if v.Rows == 0 {
			continue
		}
		u.refused[i] = whole[v.Entitlement]
		if own := u.judge(values[v.Entitlement], v.Text, "value"); own != "" {
			u.refused[i] = own
		}
	}
	return u
}

// forms are the distinct names that are seen as one.
type forms struct {
	all  map[string]map[string]bool // by what is seen: the folded names
	live map[string]bool            // folded names that the application has
}

func newForms() forms { return forms{map[string]map[string]bool{}, map[string]bool{}} }

func (f forms) add(name untrusted.Text) {
	seen := spelling.Seen(name.Raw())
	if f.all[seen] == nil {
		f.all[seen] = map[string]bool{}
	}
	f.all[seen][spelling.Fold(name.Raw())] = true
}

func (f forms) addLive(names ...untrusted.Text) {
	for _, name := range names {
		f.add(name)
		f.live[spelling.Fold(name.Raw())] = true
	}
}

// judge says why a name of the report is refused, "" when it is not, and takes note of it. A name without such characters
// is what people read, so it is refused only where it would be made beside a twin that the application has.
func (u *unseen) judge(f forms, name untrusted.Text, what string) string {
	folded, seen := spelling.Fold(name.Raw()), spelling.Seen(name.Raw())
	plain := folded == seen
	twin := false
	for other := range f.all[seen] {
		twin = twin || other != folded && (!plain || f.live[other] && !f.live[folded])
	}
	shown := fmt.Sprintf("%+q", clip(name.Raw(), 100))
	switch {
	case twin:
		u.twins = append(u.twins, shown)
		return fmt.Sprintf("the %s %s differs from another one only in characters that cannot be seen", what, shown)
	case !plain:
		u.others = append(u.others, shown)
	}
	return ""
}

func (u *unseen) warn(p *Plan) {
	p.warn(trouble.InvisibleTwins, len(u.twins),
		"names differ from another name only in characters that cannot be seen, and are left out: "+examples(u.twins),
		"type them again in the report, or correct the name in Okta, then plan again")
	p.warn(trouble.InvisibleCharacter, len(u.others),
		"names hold characters that cannot be seen: "+examples(u.others),
		"type them again in the report and plan again, unless they are meant")
}

func examples(names []string) string {
	const most = 3
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
