package trail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/trail"
)

// together appends entries that all wait for another process while it has the lock, so that they are one group.
func together(t *testing.T, dir string, entries ...trail.Entry) (seqs []int64, errs []error) {
	t.Helper()
	seqs, errs = make([]int64, len(entries)), make([]error, len(entries))
	synctest.Test(t, func(t *testing.T) {
		tr := open(t, dir)
		lock, err := durable.TryLock(filepath.Join(dir, "trail.lock"))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i, e := range entries {
			wg.Go(func() { seqs[i], errs[i] = tr.Append(context.Background(), e) })
			synctest.Wait()
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	})
	return seqs, errs
}

func several(n int) []trail.Entry {
	var list []trail.Entry
	for i := range n {
		list = append(list, entry(10+i))
	}
	return list
}

// grouped makes a trail of two entries and then a group, and returns the head before the group as well.
func grouped(t *testing.T, entries ...trail.Entry) (before, all, headBefore, headAfter []byte) {
	t.Helper()
	dir := memoryDir(t)
	before, headBefore = written(t, dir, 2)
	seqs, errs := together(t, dir, entries...)
	for i, seq := range seqs {
		if errs[i] != nil || seq != int64(3+i) {
			t.Fatalf("entry %d of the group: number %d, %v", i, seq, errs[i])
		}
	}
	all, headAfter = files(t, dir)
	if strings.Count(string(all), `"group":3,`) != len(entries)-1 {
		t.Fatalf("not one group:\n%s", all)
	}
	return before, all, headBefore, headAfter
}

func TestEntriesThatComeTogetherAreOneGroupAndVerify(t *testing.T) {
	_, all, _, head := grouped(t, several(5)...)
	if sum, err := verify(t, t.TempDir(), all, head); err != nil || sum.Entries != 7 || sum.Pending != 0 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// A crash can leave any beginning of a group, with the head still at the entry before. None of it was acknowledged.
func TestAGroupTornAtAnyByteIsSettled(t *testing.T) {
	before, all, headBefore, _ := grouped(t, trail.Entry{Step: "a"}, trail.Entry{Step: "b"})
	group := all[len(before):]
	for cut := range len(group) + 1 {
		dir := memoryDir(t)
		put(t, dir, all[:len(before)+cut], headBefore)
		whole := int64(bytes.Count(group[:cut], []byte("\n")))
		torn := cut > 0 && group[cut-1] != '\n'
		sum, err := trail.VerifyDir(t.Context(), dir)
		var bad *trail.VerifyError
		if torn != (errors.As(err, &bad) && bad.What == trail.Torn) || !torn && int64(sum.Pending) != whole {
			t.Fatalf("cut %d: verify says %+v, %v", cut, sum, err)
		}
		want := 3 + whole
		if torn {
			want++
		}
		if cut%20 == 0 {
			if seq, err := open(t, dir).Append(t.Context(), entry(9)); err != nil || seq != want {
				t.Fatalf("cut %d: entry %d, %v; want %d", cut, seq, err, want)
			}
		} else {
			open(t, dir)
			want--
		}
		if sum, err := trail.VerifyDir(t.Context(), dir); err != nil || sum.Entries != want || sum.Pending != 0 {
			t.Fatalf("cut %d: %+v, %v", cut, sum, err)
		}
		after, _ := files(t, dir)
		if kept := bytes.LastIndexByte(all[:len(before)+cut], '\n') + 1; !bytes.Equal(after[:kept], all[:kept]) {
			t.Fatalf("cut %d: whole lines were changed", cut)
		}
	}
}

// A disk may write the blocks of a group in any order.
func TestAGroupWithAHoleIsMarked(t *testing.T) {
	before, all, headBefore, _ := grouped(t, several(4)...)
	lines := bytes.SplitAfter(all[len(before):], []byte("\n"))
	for hole := range 3 { // something of the group follows each
		dir := memoryDir(t)
		damaged := bytes.Clone(all)
		at := len(before)
		for _, line := range lines[:hole] {
			at += len(line)
		}
		copy(damaged[at+10:], make([]byte, len(lines[hole]))) // into the next line
		put(t, dir, damaged, headBefore)
		seq, err := open(t, dir).Append(t.Context(), entry(9))
		if want := int64(3 + hole + 1); err != nil || seq != want { // behind the whole ones and the mark
			t.Fatalf("hole in line %d: entry %d, %v; want %d", hole, seq, err, want)
		}
		if _, err := trail.VerifyDir(t.Context(), dir); err != nil {
			t.Errorf("hole in line %d: %v", hole, err)
		}
		if after, _ := files(t, dir); !bytes.Contains(after, []byte(trail.TornStep)) {
			t.Errorf("hole in line %d: what was there is not in the trail", hole)
		}
	}
}

// Only one group may follow the head. A head that was put back further is found out.
func TestAHeadThatIsTwoWritesOldIsRefused(t *testing.T) {
	dir := memoryDir(t)
	_, headOfTwo := written(t, dir, 2)
	together(t, dir, several(3)...)
	_, headOfFive := files(t, dir)
	together(t, dir, several(3)...)
	all, headOfEight := files(t, dir)
	lines := bytes.SplitAfter(all, []byte("\n"))
	between := headAt(t, lines[5])
	for name, c := range map[string]struct {
		head []byte
		fine bool
	}{
		"the last group is not noted": {headOfFive, true},
		"all is noted":                {headOfEight, true},
		"two groups are not noted":    {headOfTwo, false},
		"the head is inside a group":  {between, false},
	} {
		put(t, dir, all, c.head)
		_, err := trail.VerifyDir(t.Context(), dir)
		var bad *trail.VerifyError
		if c.fine != (err == nil) || err != nil && (!errors.As(err, &bad) || bad.What != trail.HeadLost) {
			t.Errorf("%s: verify says %v", name, err)
		}
		if _, err := trail.Open(t.Context(), dir); c.fine != (err == nil) {
			t.Errorf("%s: open says %v", name, err)
		}
	}
}

func headAt(t *testing.T, line []byte) []byte {
	t.Helper()
	var e trail.Entry
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, "{\"seq\":%d,\"hash\":\"%s\"}\n", e.Seq, e.Hash)
}

func TestAnEntryThatIsRefusedDoesNotFailItsGroup(t *testing.T) {
	dir := memoryDir(t)
	large := trail.Entry{Arguments: map[string]any{"x": strings.Repeat("x", 70<<10)}}
	seqs, errs := together(t, dir, large, entry(1), large, entry(2), trail.Entry{Arguments: map[string]any{"x": func() {}}})
	for i, want := range []int64{0, 1, 0, 2, 0} {
		if seqs[i] != want || (errs[i] == nil) != (want > 0) {
			t.Errorf("entry %d: number %d, %v; want %d", i, seqs[i], errs[i], want)
		}
	}
	if sum, err := trail.VerifyDir(t.Context(), dir); err != nil || sum.Entries != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// Large entries come in several groups: what a crash tears must fit into the entry that marks it.
func TestAGroupIsBounded(t *testing.T) {
	dir := memoryDir(t)
	var entries []trail.Entry
	for range 200 {
		entries = append(entries, trail.Entry{Step: strings.Repeat("x", 600)})
	}
	seqs, errs := together(t, dir, entries...)
	for i := range seqs {
		if seqs[i] != int64(i+1) || errs[i] != nil {
			t.Fatalf("entry %d: number %d, %v", i, seqs[i], errs[i])
		}
	}
	lines, _ := files(t, dir)
	largest, size := 0, 0
	for line := range bytes.Lines(lines) {
		if !bytes.Contains(line, []byte(`"group":`)) {
			size = 0
		}
		size += len(line)
		largest = max(largest, size)
	}
	if largest > 64<<10+1 || largest < 32<<10 {
		t.Errorf("the largest group has %d bytes", largest)
	}
}

// The context of one caller ends its own wait and no other's, whether it leads or follows.
func TestACallerThatGivesUpDoesNotFailTheOthers(t *testing.T) {
	for leaving := range 3 {
		dir := memoryDir(t)
		synctest.Test(t, func(t *testing.T) {
			tr := open(t, dir)
			lock, err := durable.TryLock(filepath.Join(dir, "trail.lock"))
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			var errs [3]error
			ctx, leave := context.WithCancel(t.Context())
			for i := range errs {
				mine := t.Context()
				if i == leaving {
					mine = ctx
				}
				wg.Go(func() { _, errs[i] = tr.Append(mine, entry(i)) })
				synctest.Wait()
			}
			leave()
			synctest.Wait()
			if !errors.Is(errs[leaving], context.Canceled) {
				t.Errorf("caller %d leaves: %v", leaving, errs[leaving])
			}
			if err := lock.Unlock(); err != nil {
				t.Fatal(err)
			}
			wg.Wait()
			for i, err := range errs {
				if i != leaving && err != nil {
					t.Errorf("caller %d leaves, caller %d gets %v", leaving, i, err)
				}
			}
		})
		if sum, err := trail.VerifyDir(t.Context(), dir); err != nil || sum.Entries != 2 {
			t.Errorf("caller %d leaves: %+v, %v", leaving, sum, err)
		}
	}
}
