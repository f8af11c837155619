package durable

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
)

// LongestLine is the longest line, in bytes, that ReadLines reads: a group's members are one line of a cache.
const LongestLine = 64 << 20

// ErrTorn marks a last line without its newline: a crash ended its append, so it was never acknowledged.
var ErrTorn = errors.New("the last line is torn")

// ErrLongLine marks a line that is longer than its reader allows.
var ErrLongLine = errors.New("the line is too long")

// Line is one line of a file, without its newline. Text is valid until the next one is read.
type Line struct {
	Number int // from 1
	Text   []byte
}

// LineReader reads lines and says honestly how a file ends.
type LineReader struct {
	in      *bufio.Reader
	longest int
	number  int
	long    []byte // a line that is longer than the buffer
}

// NewLineReader reads lines of at most so many bytes.
func NewLineReader(r io.Reader, longest int) *LineReader {
	return &LineReader{in: bufio.NewReaderSize(r, min(longest+1, 64<<10)), longest: longest}
}

// Next returns the next line; io.EOF after the last. With ErrTorn comes what follows the last newline, with ErrLongLine
// the beginning of the line; reading may go on behind it.
func (l *LineReader) Next() (Line, error) {
	l.number++
	l.long = l.long[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		whole := part
		if len(l.long) > 0 || errors.Is(err, bufio.ErrBufferFull) {
			l.long = append(l.long, part...)
			whole = l.long
		}
		line := Line{Number: l.number, Text: whole}
		switch {
		case err == nil && len(whole)-1 > l.longest, err != nil && len(whole) > l.longest:
			return line, ErrLongLine
		case err == nil:
			line.Text = whole[:len(whole)-1]
			return line, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(whole) == 0:
			return Line{}, io.EOF
		case errors.Is(err, io.EOF):
			return line, ErrTorn
		default:
			return Line{}, err
		}
	}
}

// All yields every whole line, then the error that ended reading, if one did. A torn last line is left out, because it
// was never acknowledged.
func (l *LineReader) All() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for {
			line, err := l.Next()
			if errors.Is(err, io.EOF) || errors.Is(err, ErrTorn) {
				return
			}
			if err != nil {
				yield(line, fmt.Errorf("read line %d: %w", l.number, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

// ReadLines yields the whole lines of a file as LineReader.All does. A file that does not exist has no lines.
func ReadLines(path string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(Line{}, err)
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		for line, err := range NewLineReader(f, LongestLine).All() {
			if !yield(line, err) {
				return
			}
		}
	}
}
