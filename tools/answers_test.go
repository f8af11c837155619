package tools_test

import (
	"testing"

	"okta-entitlements-mcp/tools"
)

// TestNoAnswerShowsATextAsItWasRead walks the types of all answers: a Stored in one of them would give a model the text
// as it was read, without a line of code that says so.
func TestNoAnswerShowsATextAsItWasRead(t *testing.T) {
	catalog, err := tools.Catalog(newRig(t, rigOptions{}).deps)
	if err != nil {
		t.Fatal(err)
	}
	types := tools.AnswerTypes(catalog)
	if len(types) < 25 {
		t.Errorf("only %d tools", len(types))
	}
	for name, answer := range types {
		if where := tools.RawTextIn(answer); where != "" {
			t.Errorf("the answer of %s has a text as it was read: %s", name, where)
		}
	}
}
