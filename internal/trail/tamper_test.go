package trail_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"okta-entitlements-mcp/internal/trail"
)

// tamper does one of the things that must be found out, and reports whether anything changed at all.
func tamper(lines []byte, how, where uint, with byte) (bad []byte, name string, changed bool) {
	list := bytes.SplitAfter(lines, []byte("\n"))
	list = list[:len(list)-1]
	n := uint(len(list))
	switch how % 6 {
	case 0:
		bad = bytes.Clone(lines)
		bad[where%uint(len(bad))] = with
		name = "byte changed"
	case 1:
		bad, name = bytes.Join(slices.Delete(slices.Clone(list), int(where%n), int(where%n)+1), nil), "line removed"
	case 2:
		swapped := slices.Clone(list)
		i, j := where%n, uint(with)%n
		swapped[i], swapped[j] = swapped[j], swapped[i]
		bad, name = bytes.Join(swapped, nil), "lines swapped"
	case 3:
		bad, name = lines[:where%uint(len(lines))], "tail cut"
	case 4:
		bad, name = bytes.Join(slices.Insert(slices.Clone(list), int(uint(with)%(n+1)), list[where%n]), nil), "line doubled"
	case 5:
		at := int(where % uint(len(lines)+1))
		bad, name = slices.Insert(bytes.Clone(lines), at, with), "byte inserted"
	}
	return bad, name, !bytes.Equal(bad, lines)
}

func refused(t testing.TB, dir string, lines, head []byte, what string) {
	t.Helper()
	_, err := verify(t, dir, lines, head)
	var bad *trail.VerifyError
	if !errors.As(err, &bad) || bad.Line < 1 || bad.Seq < 1 || bad.What == "" {
		t.Errorf("%s: verify says %v, want a refusal with its place", what, err)
	}
}

func TestAnyByteChangedIsRefused(t *testing.T) {
	dir := t.TempDir()
	lines, head := written(t, dir, 2)
	whole := headOf(t, dir, lines, head)
	for i := range lines {
		for _, b := range []byte{lines[i] ^ 1, lines[i] ^ 0x20, '\n', ' ', 0, lines[i] + 1} {
			if b == lines[i] {
				continue
			}
			bad := bytes.Clone(lines)
			bad[i] = b
			if _, err := trail.Verify(bytes.NewReader(bad), whole); err == nil {
				t.Fatalf("byte %d changed from %q to %q is accepted", i, lines[i], b)
			}
		}
	}
	for i := range head {
		bad := bytes.Clone(head)
		bad[i] ^= 1
		refused(t, dir, lines, bad, "head changed")
	}
}

func headOf(t testing.TB, dir string, lines, head []byte) trail.Head {
	t.Helper()
	sum, err := verify(t, dir, lines, head)
	if err != nil {
		t.Fatal(err)
	}
	return trail.Head{Seq: sum.Entries, Hash: sum.Hash}
}

func TestRandomTrailsTamperedWithAreRefused(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	done := map[string]int{}
	for range 8 {
		dir := t.TempDir()
		lines, head := written(t, dir, 1+r.IntN(12))
		for range 60 {
			bad, name, changed := tamper(lines, uint(r.Uint32()), uint(r.Uint32()), byte(r.Uint32()))
			if changed {
				refused(t, dir, bad, head, name)
				done[name]++
			}
		}
	}
	if len(done) != 6 {
		t.Errorf("kinds of tampering that happened: %v, want six", done)
	}
}

func TestVerifySaysWhatIsWrongAndWhere(t *testing.T) {
	dir := t.TempDir()
	lines, head := written(t, dir, 4)
	list := bytes.SplitAfter(lines, []byte("\n"))[:4]
	join := func(order ...int) []byte {
		var b []byte
		for _, i := range order {
			b = append(b, list[i]...)
		}
		return b
	}
	for name, test := range map[string]struct {
		lines []byte
		line  int
		what  string
	}{
		"changed":        {bytes.Replace(lines, []byte("step 2"), []byte("step 7"), 1), 3, trail.Changed},
		"removed":        {join(0, 2, 3), 2, trail.Removed},
		"first removed":  {join(1, 2, 3), 1, trail.Removed},
		"swapped":        {join(0, 2, 1, 3), 2, trail.Reordered},
		"doubled":        {join(0, 1, 1, 2, 3), 3, trail.Reordered},
		"tail cut":       {join(0, 1), 3, trail.Truncated},
		"all cut":        {nil, 1, trail.Truncated},
		"last line torn": {lines[:len(lines)-1], 4, trail.Torn},
	} {
		_, err := verify(t, dir, test.lines, head)
		var bad *trail.VerifyError
		if !errors.As(err, &bad) || bad.Line != test.line || bad.What != test.what {
			t.Errorf("%s: %v, want line %d %s", name, err, test.line, test.what)
		}
	}
}

func FuzzTamperedTrailIsRefused(f *testing.F) {
	dir := f.TempDir()
	lines, head := written(f, dir, 5)
	whole := headOf(f, dir, lines, head)
	for how := range uint(6) {
		f.Add(how, uint(0), byte('x'))
		f.Add(how, uint(700), byte(3))
		f.Add(how, uint(len(lines)-1), byte('\n'))
	}
	f.Fuzz(func(t *testing.T, how, where uint, with byte) {
		bad, name, changed := tamper(lines, how, where, with)
		if _, err := trail.Verify(bytes.NewReader(bad), whole); changed == (err == nil) {
			t.Errorf("%s (changed %v): %v", name, changed, err)
		}
	})
}

// Whatever is in the files, verifying ends with an answer.
func FuzzVerifyReadsAnything(f *testing.F) {
	lines, _ := written(f, f.TempDir(), 2)
	f.Add(lines, int64(2), "x")
	f.Add([]byte("{}\n"), int64(0), "")
	f.Add([]byte("\n\n"), int64(-1), trail.Genesis)
	f.Fuzz(func(t *testing.T, text []byte, seq int64, hash string) {
		sum, err := trail.Verify(bytes.NewReader(text), trail.Head{Seq: seq, Hash: hash})
		if err == nil && sum.Entries != int64(bytes.Count(text, []byte("\n"))) {
			t.Errorf("%+v for %d lines", sum, bytes.Count(text, []byte("\n")))
		}
	})
}
