package plan

import (
	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// catalogue finds entitlements and values of an application by the words of a report.
type catalogue struct {
	structure    *Structure
	entitlements nameIndex
	values       map[string]nameIndex // by entitlement id
}

// nameIndex maps spellings to positions. An exact external value wins over an exact name, and that over a folded match;
// a folded match that several things answer to is no match.
type nameIndex struct {
	external, name, folded map[string]int
}

const ambiguous = -1

func newNameIndex() nameIndex {
	return nameIndex{map[string]int{}, map[string]int{}, map[string]int{}}
}

func (x nameIndex) put(i int, external, name string) {
	x.external[external] = i
	if _, taken := x.name[name]; !taken {
		x.name[name] = i
	}
	for _, folded := range []string{spelling.Fold(external), spelling.Fold(name)} {
		if other, taken := x.folded[folded]; taken && other != i {
			x.folded[folded] = ambiguous
			continue
		}
		x.folded[folded] = i
	}
}

// find returns the position, and whether the spelling was taken as it is.
func (x nameIndex) find(text string) (at int, exact, found bool) {
	if i, ok := x.external[text]; ok {
		return i, true, true
	}
	if i, ok := x.name[text]; ok {
		return i, true, true
	}
	if i, ok := x.folded[spelling.Fold(text)]; ok && i != ambiguous {
		return i, false, true
	}
	return 0, false, false
}

func newCatalogue(s *Structure) *catalogue {
	c := &catalogue{structure: s, entitlements: newNameIndex(), values: map[string]nameIndex{}}
	for i, e := range s.Entitlements {
		c.entitlements.put(i, e.ExternalValue.Raw(), e.Name.Raw())
		values := newNameIndex()
		for j, v := range e.Values {
			values.put(j, v.ExternalValue.Raw(), v.Name.Raw())
		}
		c.values[e.ID] = values
	}
	return c
}

func (c *catalogue) entitlement(name untrusted.Text) (e *oktaclient.Entitlement, exact, found bool) {
	i, exact, found := c.entitlements.find(name.Raw())
	if !found {
		return nil, false, false
	}
	return &c.structure.Entitlements[i], exact, true
}

func (c *catalogue) value(e *oktaclient.Entitlement, text untrusted.Text) (v oktaclient.EntitlementValue, exact, found bool) {
	i, exact, found := c.values[e.ID].find(text.Raw())
	if !found {
		return v, false, false
	}
	return e.Values[i], exact, true
}
