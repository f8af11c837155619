package plan_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
)

const someID = "plan_0123456789abcdef0123456789abcdef"

func TestADeclinedPlanIsKnownToTheNextStart(t *testing.T) {
	dir := t.TempDir()
	store, err := plan.NewStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := store.Declined(someID); d != nil || err != nil {
		t.Fatalf("before: %+v %v", d, err)
	}
	first := plan.Declined{Answer: plan.AnswerDecline, Client: "c 1", Time: time.Unix(1_800_000_000, 0).UTC()}
	for _, d := range []plan.Declined{first, {Answer: plan.AnswerCancel}} {
		if err := store.Decline(someID, d); err != nil {
			t.Fatal(err)
		}
	}
	again, err := plan.NewStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := again.Declined(someID); err != nil || d == nil || *d != first {
		t.Errorf("after: %+v %v, want the first answer", d, err)
	}
}

// TestADamagedRecordOfADeclineCounts: what it says is lost, that it is there is not.
func TestADamagedRecordOfADeclineCounts(t *testing.T) {
	for _, text := range []string{"", "{", "null", "{}", "\x00\x00"} {
		dir := t.TempDir()
		store, err := plan.NewStore(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, someID+".declined"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if d, err := store.Declined(someID); d == nil || err != nil {
			t.Errorf("%q: %+v %v", text, d, err)
		}
	}
}

func TestADeclineThatCannotBeKeptIsAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plans")
	store, err := plan.NewStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	err = store.Decline(someID, plan.Declined{Answer: plan.AnswerDecline})
	if trouble.CodeOf(err) != trouble.StateNotWritable {
		t.Errorf("%v, want state_not_writable", err)
	}
	for _, id := range []string{"", "plan_x", "../" + someID} {
		if _, err := store.Declined(id); trouble.CodeOf(err) != trouble.PlanIDMalformed {
			t.Errorf("%q: %v", id, err)
		}
		if err := store.Decline(id, plan.Declined{}); trouble.CodeOf(err) != trouble.PlanIDMalformed {
			t.Errorf("%q: %v", id, err)
		}
	}
}
