package trail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/trail"
)

func open(t testing.TB, dir string) *trail.Trail {
	t.Helper()
	tr, err := trail.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// memoryDir is a temporary directory, in memory where the system has a place for that, for tests that fsync a lot.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "trail-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func entry(i int) trail.Entry {
	return trail.Entry{Actor: "admin@acme.example.com", Client: "claude <1.0>",
		Tool: "execute_user_grants", Step: fmt.Sprint("step ", i), PlanID: "plan-1",
		Arguments: map[string]any{"filename": "rapport é\u2028.csv", "limit": 9007199254740993,
			"nested": map[string]any{"b": []any{1.5, nil, true}, "a": "bad \xff"}},
		Decision: "allow", Rule: "additive", OktaRequestIDs: []string{"req1", "req2"}, Outcome: "granted"}
}

// written makes a trail of n entries and returns its two files.
func written(t testing.TB, dir string, n int) (lines, head []byte) {
	t.Helper()
	tr := open(t, dir)
	for i := range n {
		if _, err := tr.Append(context.Background(), entry(i)); err != nil {
			t.Fatal(err)
		}
	}
	return files(t, dir)
}

func files(t testing.TB, dir string) (lines, head []byte) {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(dir, "trail.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	head, err = os.ReadFile(filepath.Join(dir, "trail.head"))
	if err != nil {
		t.Fatal(err)
	}
	return lines, head
}

// verify checks a trail made of the given bytes.
func verify(t testing.TB, dir string, lines, head []byte) (trail.Summary, error) {
	t.Helper()
	put(t, dir, lines, head)
	return trail.VerifyDir(context.Background(), dir)
}

func put(t testing.TB, dir string, lines, head []byte) {
	t.Helper()
	for name, content := range map[string][]byte{"trail.jsonl": lines, "trail.head": head} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsAppendedIsVerified(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "trail")
	if sum, err := trail.VerifyDir(t.Context(), t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no trail: %+v, %v, want not exist", sum, err)
	}
	open(t, dir)
	if sum, err := trail.VerifyDir(t.Context(), dir); err != nil || sum.Entries != 0 || sum.Hash != trail.Genesis {
		t.Errorf("empty trail: %+v, %v", sum, err)
	}
	lines, _ := written(t, dir, 5)
	sum, err := trail.VerifyDir(t.Context(), dir)
	if err != nil || sum.Entries != 5 || sum.Pending != 0 || sum.First.IsZero() || sum.Last.Before(sum.First) ||
		!bytes.Contains(lines, []byte(sum.Hash)) {
		t.Errorf("summary %+v, %v", sum, err)
	}
	if n := bytes.Count(lines, []byte("\n")); n != 5 || !bytes.Contains(lines,
		[]byte("9007199254740993")) || !bytes.Contains(lines, []byte("claude <1.0>")) {
		t.Errorf("%d lines:\n%s", n, lines)
	}
}

func TestEntriesTooLargeOrUnencodableAreRefusedAndLeaveTheTrailWhole(t *testing.T) {
	dir := t.TempDir()
	before, _ := written(t, dir, 2)
	tr := open(t, dir)
	for _, arguments := range []map[string]any{{"x": strings.Repeat("x", 70<<10)}, {"x": func() {}}} {
		if _, err := tr.Append(t.Context(), trail.Entry{Arguments: arguments}); err == nil {
			t.Errorf("%T was appended", arguments["x"])
		}
	}
	if after, _ := files(t, dir); !bytes.Equal(before, after) {
		t.Error("a refused entry changed the trail")
	}
}

func TestSeveralWritersShareOneTrail(t *testing.T) {
	dir := t.TempDir()
	const writers, each = 4, 10
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[int64]bool{}
	for range writers {
		tr := open(t, dir)
		for range 2 {
			wg.Go(func() {
				for i := range each {
					seq, err := tr.Append(context.Background(), entry(i))
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					seen[seq] = true
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	sum, err := trail.VerifyDir(t.Context(), dir)
	if err != nil || sum.Entries != writers*2*each || len(seen) != writers*2*each {
		t.Errorf("%+v, %v, %d numbers given; want %d", sum, err, len(seen), writers*2*each)
	}
}

func TestAppendWaitsForOtherWritersNoLongerThanItsContext(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tr.Append(ctx, entry(0)); err != nil {
		t.Errorf("no one to wait for: %v, want the entry written all the same", err)
	}
}

// A crash can leave any part of the last line, with the head still at the entry before.
func TestATornLastLineIsMarkedAndACompleteOneKept(t *testing.T) {
	source := t.TempDir()
	lines, _ := written(t, source, 2)
	_, headOfTwo := files(t, source)
	more, _ := written3(t, source)
	third := more[len(lines):]
	for cut := 0; cut <= len(third); cut++ {
		if cut > 3 && cut < len(third)-3 && cut%23 != 0 {
			continue
		}
		dir := t.TempDir()
		put(t, dir, append(bytes.Clone(lines), third[:cut]...), headOfTwo)
		_, before := trail.VerifyDir(t.Context(), dir)
		var bad *trail.VerifyError
		if torn := cut > 0 && cut < len(third); torn != (errors.As(before, &bad) && bad.What == trail.Torn) {
			t.Errorf("cut %d: verify says %v", cut, before)
		}
		seq, err := open(t, dir).Append(t.Context(), entry(9))
		want := int64(4) // the third kept or marked, then ours
		if cut == 0 {
			want = 3
		}
		if err != nil || seq != want {
			t.Fatalf("cut %d: entry %d, %v, want %d", cut, seq, err, want)
		}
		if sum, err := trail.VerifyDir(t.Context(), dir); err != nil || sum.Entries != want {
			t.Errorf("cut %d: %+v, %v", cut, sum, err)
		}
		after, _ := files(t, dir)
		marked := bytes.Contains(after, []byte(trail.TornStep))
		if complete := cut >= len(third)-1; cut > 0 && (complete != bytes.Contains(after, third) || complete == marked) {
			t.Errorf("cut %d of %d: marked %v, kept %v", cut, len(third), marked, bytes.Contains(after, third))
		}
	}
}

func written3(t *testing.T, dir string) (lines, head []byte) {
	t.Helper()
	if _, err := open(t, dir).Append(t.Context(), entry(2)); err != nil {
		t.Fatal(err)
	}
	return files(t, dir)
}

func TestALineOfNoughtsLeftByAPowerFailureIsMarked(t *testing.T) {
	for _, n := range []int{0, 2} {
		for _, junk := range []string{"\x00\x00\x00\x00", "\x00\x00\n", "\n", "{\"seq\":3}\n"} {
			dir := t.TempDir()
			lines, head := written(t, dir, n)
			put(t, dir, append(bytes.Clone(lines), junk...), head)
			open(t, dir)
			sum, err := trail.VerifyDir(t.Context(), dir)
			if after, _ := files(t, dir); err != nil || sum.Entries != int64(n+1) ||
				!bytes.Contains(after, []byte(trail.TornStep)) {
				t.Errorf("%d entries and %q: %+v, %v", n, junk, sum, err)
			}
		}
	}
}

func TestAnEndThatNoCrashExplainsIsNotWrittenTo(t *testing.T) {
	source := t.TempDir()
	one, headOne := written(t, source, 1)
	all, headAll := written(t, source, 2) // three entries now
	last := all[bytes.LastIndexByte(all[:len(all)-1], '\n')+1:]
	for name, test := range map[string]struct {
		lines, head []byte
		what        string
	}{
		"tail cut":      {all[:len(all)-len(last)], headAll, trail.Truncated},
		"last line cut": {all[:len(all)-5], headAll, trail.Truncated},
		"all cut":       {nil, headAll, trail.Truncated},
		"newline cut":   {all[:len(all)-1], headAll, trail.Truncated},
		"last entry changed": {bytes.Replace(all, last,
			bytes.Replace(last, []byte("granted"), []byte("refused"), 1), 1), headAll, trail.Changed},
		"head put back":    {all, headOne, trail.HeadLost},
		"head of another":  {one, bytes.Replace(headOne, []byte(`hash":"`), []byte(`hash":"0`), 1), trail.Changed},
		"head of nonsense": {one, []byte("{}"), trail.HeadLost},
		"two torn lines":   {append(bytes.Clone(one), "x\ny\n"...), headOne, trail.Changed},
	} {
		dir := t.TempDir()
		put(t, dir, test.lines, test.head)
		_, err := trail.Open(t.Context(), dir)
		var bad *trail.VerifyError
		if !errors.As(err, &bad) || bad.What != test.what {
			t.Errorf("%s: %v, want %s", name, err, test.what)
		}
		if lines, head := files(t, dir); !bytes.Equal(lines, test.lines) || !bytes.Equal(head, test.head) {
			t.Errorf("%s: the evidence was changed", name)
		}
	}
	for _, gone := range []string{"trail.jsonl", "trail.head"} {
		dir := t.TempDir()
		put(t, dir, all, headAll)
		if err := os.Remove(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
		_, err := trail.Open(t.Context(), dir)
		_, verifyErr := trail.VerifyDir(t.Context(), dir)
		var a, b *trail.VerifyError
		if !errors.As(err, &a) || !errors.As(verifyErr, &b) {
			t.Errorf("%s removed: open says %v, verify says %v", gone, err, verifyErr)
		}
	}
}

func TestReduceDropsSecretsAndShortensPeople(t *testing.T) {
	in := map[string]any{"api_token": "00HUNTER2", "nested": map[string]any{"Client-Secret": "HUNTER2",
		"to": []string{"ann.smith@acme.example.com"}},
		"text": "mail Bob <bob@acme.example.com>, émile@acme.example.com and @none", "n": 3, "when": time.Unix(0, 0).UTC(),
		"long": strings.Repeat("x", 300), "many": make([]any, 50), "jane@acme.example.com": true}
	want := map[string]any{"api_token": "[secret]", "nested": map[string]any{"Client-Secret": "[secret]",
		"to": []any{"a***@acme.example.com"}},
		"text": "mail Bob <b***@acme.example.com>, é***@acme.example.com and @none", "n": 3, "when": "1970-01-01T00:00:00Z",
		"long": strings.Repeat("x", 200) + "...", "many": append(make([]any, 20), "and 30 more"),
		"j***@acme.example.com": true}
	if got := trail.Reduce(in); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if in["api_token"] != "00HUNTER2" {
		t.Error("the caller's arguments were changed")
	}
}
