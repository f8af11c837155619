package trail_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"okta-entitlements-mcp/internal/trail"
)

// TestATrailThatWasCheckedIsRefusedOnceItIsTamperedWith holds the quick check against the one that reads all: between two
// checks the trail grows, or something is done to it.
func TestATrailThatWasCheckedIsRefusedOnceItIsTamperedWith(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	refused := 0
	for range 6 {
		dir := memoryDir(t)
		tr := open(t, dir)
		for range 30 {
			for i := range r.IntN(3) {
				if _, err := tr.Append(t.Context(), entry(i)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := tr.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			lines, head := files(t, dir)
			if len(lines) == 0 {
				continue
			}
			bad, name, changed := tamper(lines, uint(r.Uint32()), uint(r.Uint32()), byte(r.Uint32()))
			badHead := head
			if list := bytes.SplitAfter(lines, []byte("\n")); r.IntN(4) == 0 {
				badHead, name, bad = headAt(t, list[r.IntN(len(list)-1)]), "head of another entry", lines
				changed = false
			}
			put(t, dir, bad, badHead)
			whole, want := trail.VerifyDir(t.Context(), dir)
			sum, err := tr.Verify(t.Context())
			if changed && err == nil || fmt.Sprint(err) != fmt.Sprint(want) || err == nil && sum != whole {
				t.Fatalf("%s: %+v, %v; reading all says %+v, %v", name, sum, err, whole, want)
			}
			if err != nil {
				refused++
			}
			put(t, dir, lines, head)
		}
	}
	if refused < 50 {
		t.Errorf("%d of the tampered trails were refused", refused)
	}
}
