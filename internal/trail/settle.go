package trail

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	usualLine = 4 << 10                        // bytes of the end that nearly always hold the last line
	reach     = maxLine + 2*(maxEntry+1) + 100 // what a crash can have left behind the head's line, and that line
)

// settle compares the end of the file with the head, and repairs what a crash can leave there.
func (t *Trail) settle(f *os.File, head Head) (end, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return end{}, err
	}
	if size == 0 {
		if head.Seq != 0 {
			return end{}, foreignEnd(Entry{}, head)
		}
		return end{head: head}, nil
	}
	for _, n := range []int64{usualLine, reach} {
		last, err := readTail(f, size, n)
		if err != nil {
			return end{}, err
		}
		if last.endsWith(head) {
			return end{head: head, size: size}, nil
		}
		if n == reach || last.from == 0 {
			return t.settleTail(f, last, head)
		}
	}
	return end{}, errors.New("the end of the trail was not looked at") // not reached: the second look is the last
}

// tail is the end of the file from an offset, where a line begins.
type tail struct {
	from int64
	text []byte
}

// readTail reads the last bytes of the file, without the line that is cut in two.
func readTail(f *os.File, size, n int64) (tail, error) {
	n = min(n, size)
	t := tail{from: size - n, text: make([]byte, n)}
	if got, err := f.ReadAt(t.text, t.from); int64(got) < n {
		return tail{}, fmt.Errorf("read the end of the trail: %w", err)
	}
	if t.from > 0 {
		cut := bytes.IndexByte(t.text, '\n') + 1
		if cut == 0 {
			cut = len(t.text)
		}
		t.from, t.text = t.from+int64(cut), t.text[cut:]
	}
	return t, nil
}

// split returns the whole lines, without their newlines, and what follows the last newline.
func (t tail) split() (lines [][]byte, torn []byte) {
	lines = bytes.Split(t.text, []byte{'\n'})
	return lines[:len(lines)-1], lines[len(lines)-1]
}

func (t tail) endsWith(head Head) bool {
	lines, torn := t.split()
	return len(torn) == 0 && len(lines) > 0 && head.names(lines[len(lines)-1])
}

// names reports whether a line is the entry that the head names.
func (h Head) names(line []byte) bool {
	e, err := parse(line)
	return err == nil && e.Seq == h.Seq && e.Hash == h.Hash
}

// behind returns what follows the line that the head names.
func (t tail) behind(head Head) (tail, bool) {
	if head.Seq == 0 {
		return t, t.from == 0
	}
	lines, torn := t.split()
	for at := len(t.text) - len(torn); len(lines) > 0; {
		line := lines[len(lines)-1]
		if head.names(line) {
			return tail{from: t.from + int64(at), text: t.text[at:]}, true
		}
		at -= len(line) + 1
		lines = lines[:len(lines)-1]
	}
	return tail{}, false
}

// settleTail keeps the whole entries of one group that the head does not name yet, and repairs what follows them. The
// head is on disk before the next group is begun, so whatever a crash damages is behind the entry that it names.
func (t *Trail) settleTail(f *os.File, last tail, head Head) (end, error) {
	rest, found := last.behind(head)
	if !found {
		return end{}, last.foreign(head)
	}
	at := end{head: head, size: rest.from}
	for len(rest.text) > 0 {
		line, more, whole := bytes.Cut(rest.text, []byte{'\n'})
		e, damage := parse(line)
		if !whole || damage != nil {
			return t.repair(f, at, rest.text, head)
		}
		if !e.follows(at.head, head) {
			return end{}, foreignEnd(e, head)
		}
		at.head = Head{Seq: e.Seq, Hash: e.Hash}
		at.size += int64(len(line)) + 1
		rest.text = more
	}
	return at, t.writeHead(at.head)
}

// follows reports whether an entry is the one right after another and may stand behind the noted head: it is the first one
// there, or one of the group that the first began.
func (e Entry) follows(before, noted Head) bool {
	group := noted.Seq + 1
	if before.Seq == noted.Seq {
		group = 0
	}
	return e.Seq == before.Seq+1 && e.Prev == before.Hash && e.Group == group && e.Seq <= noted.Seq+maxGroup
}

// foreign says what is wrong with an end in which the entry that the head names is not found.
func (t tail) foreign(head Head) error {
	lines, torn := t.split()
	var good []byte // the line before the one that is in question
	if n := len(lines); len(torn) > 0 && n > 0 {
		good = lines[n-1]
	} else if n > 0 {
		if last, damage := parse(lines[n-1]); damage == nil {
			return foreignEnd(last, head)
		}
	}
	prev, damage := parse(good)
	cutOff := len(lines) == 0 && t.from == 0 || damage == nil && prev.Seq < head.Seq
	if len(torn) > 0 && cutOff {
		return notAsWritten(head, Truncated)
	}
	return notAsWritten(head, Changed)
}

func notAsWritten(head Head, what string) error {
	return &VerifyError{
		Line: int(head.Seq),
		Seq:  head.Seq,
		What: what,
		Note: "the end of the trail is not as it was written; run: trail verify",
	}
}

func foreignEnd(last Entry, head Head) error {
	e := &VerifyError{Line: int(last.Seq) + 1, Seq: last.Seq + 1, What: Changed}
	switch {
	case last.Seq < head.Seq:
		e.What, e.Note = Truncated, fmt.Sprintf("the trail ends here, but %d entries were written", head.Seq)
	case last.Seq > head.Seq+1:
		e.What, e.Note = HeadLost, fmt.Sprintf("%s names entry %d", headName, head.Seq)
	default:
		e.Line, e.Seq, e.Note = int(last.Seq), last.Seq, "the last entry is not the one that was written"
	}
	return e
}

// repair completes the torn line at the end, or puts an entry with its bytes in its place. Noted is what the head file
// says. Several lines are torn only where a group was being written: a later one of them must be of it.
func (t *Trail) repair(f *os.File, at end, torn []byte, noted Head) (end, error) {
	if e, err := parse(torn); err == nil && e.follows(at.head, noted) {
		return t.replace(f, at, torn, torn, Head{Seq: e.Seq, Hash: e.Hash})
	}
	if several(torn) && !hasOneOf(torn, noted) {
		return end{}, notAsWritten(noted, Changed)
	}
	if len(torn) > maxEntry+1 {
		return end{}, &VerifyError{
			Line: int(at.head.Seq) + 1,
			Seq:  at.head.Seq + 1,
			What: Torn,
			Note: "what is there is too long to be an entry",
		}
	}
	e := Entry{Step: TornStep, Outcome: "torn line marked", Arguments: map[string]any{
		"bytes": len(torn), "torn": base64.StdEncoding.EncodeToString(torn)}}
	line, err := e.seal(at.head, 0)
	if err != nil {
		return end{}, err
	}
	return t.replace(f, at, torn, line, Head{Seq: e.Seq, Hash: e.Hash})
}

func several(text []byte) bool {
	i := bytes.IndexByte(text, '\n')
	return i >= 0 && i < len(text)-1
}

// hasOneOf reports whether one of the whole lines is an entry of the group that was begun behind a head.
func hasOneOf(text []byte, noted Head) bool {
	lines, _ := tail{text: text}.split()
	for _, line := range lines {
		if e, err := parse(line); err == nil && e.Group == noted.Seq+1 {
			return true
		}
	}
	return false
}

// replace writes line over torn, and puts torn back when that fails. The line is longer than what it covers, so one write
// does it, and a crash in between leaves a torn line again. Several lines are cut off first: with half of the new line
// over them they would look like what no crash explains.
func (t *Trail) replace(f *os.File, at end, torn, line []byte, head Head) (end, error) {
	text := append(append([]byte(nil), line...), '\n')
	var err error
	if several(torn) {
		err = errors.Join(f.Truncate(at.size), f.Sync())
	}
	if err == nil {
		_, err = f.WriteAt(text, at.size)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		_, back := f.WriteAt(torn, at.size)
		return end{}, errors.Join(fmt.Errorf("repair torn line: %w", err), back, f.Truncate(at.size+int64(len(torn))), f.Sync())
	}
	return end{head: head, size: at.size + int64(len(text))}, t.writeHead(head)
}
