package intake

import (
	"bytes"
	"fmt"

	"okta-entitlements-mcp/internal/trouble"
)

// flaw says what is wrong with the quoting of a record.
type flaw uint8

const (
	flawNone      flaw = iota
	flawStray          // a quote inside an unquoted field; the text is taken literally
	flawMalformed      // text between a closing quote and the delimiter; the record was cut at its first line break
	flawUnclosed       // a quote that never closes; the record was cut at its first line break
)

// record is one record of the file. Its fields are valid until the next call of scanner.next.
type record struct {
	line   int   // 1-based line on which it starts
	start  int64 // offset of its first byte in the decoded text
	fields [][]byte
	flaw   flaw
}

// scanner splits decoded text into records, as encoding/csv with LazyQuotes off does, with these differences:
//   - a quote inside an unquoted field is literal text, marked flawStray, where encoding/csv gives up;
//   - text after a closing quote marks the record flawMalformed, and the next line begins a new record;
//   - a quote that is not closed by the end of the file, or within the longest record allowed, marks the record
//     flawUnclosed, and the next line begins a new record, so that one stray quote does not swallow the rest;
//   - records may differ in their number of fields.
//
// Blank lines are no records, but they count as lines.
type scanner struct {
	src   *source
	buf   []byte
	pos   int   // next byte of buf to look at
	base  int64 // offset of buf[0] in the decoded text
	line  int   // line of buf[pos]
	max   int   // longest record in bytes
	delim byte
	marks marks // of the block of buf at hand

	fields  [][]byte
	scratch []byte
}

// fill drops what has been consumed and appends a block. It reports whether there may be more to look at.
func (s *scanner) fill() (bool, error) {
	if s.src == nil || s.src.eof {
		return false, nil
	}
	if s.pos > 0 {
		s.base += int64(s.pos)
		s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
		s.pos = 0
	}
	var err error
	s.marks = marks{}
	s.buf, err = s.src.next(s.buf)
	return err == nil, err
}

func (s *scanner) atEOF() bool { return s.src == nil || s.src.eof }

// next reads one record into rec. It reports false at the end of the text.
func (s *scanner) next(rec *record) (bool, error) {
	if s.plain(rec) {
		return true, nil
	}
	return s.careful(rec)
}

// careful reads any record.
func (s *scanner) careful(rec *record) (bool, error) {
	for {
		end, width := bytes.IndexByte(s.buf[s.pos:], '\n'), 1
		if end < 0 {
			if len(s.buf)-s.pos > s.max {
				return false, s.tooLong()
			}
			more, err := s.fill()
			if err != nil {
				return false, err
			}
			if more {
				continue
			}
			if end, width = len(s.buf)-s.pos, 0; end == 0 {
				return false, nil
			}
		}
		if end > s.max {
			return false, s.tooLong()
		}
		text := s.buf[s.pos : s.pos+end]
		if end > 0 && text[end-1] == '\r' {
			text = text[:end-1]
		}
		if len(text) == 0 {
			s.pos += end + width
			s.line++
			continue
		}
		rec.line, rec.start, rec.flaw = s.line, s.base+int64(s.pos), flawNone
		if bytes.IndexByte(text, '"') >= 0 {
			return true, s.quoted(rec)
		}
		s.split(text)
		rec.fields = s.fields
		s.pos += end + width
		s.line++
		return true, nil
	}
}

func (s *scanner) tooLong() error {
	return &trouble.Error{
		Code: trouble.LineTooLong,
		What: fmt.Sprintf("line %d is longer than %d bytes", s.line, s.max),
		Next: "check that the file is CSV with one record per line",
	}
}

// split cuts a line without quotes.
func (s *scanner) split(text []byte) {
	fields := s.fields[:0]
	for {
		i := bytes.IndexByte(text, s.delim)
		if i < 0 {
			break
		}
		fields = append(fields, text[:i])
		text = text[i+1:]
	}
	s.fields = append(fields, text)
}

// quoted reads a record whose first line has a quote in it. It starts over after each fill; a record is never longer
// than a few blocks, so the work stays linear.
func (s *scanner) quoted(rec *record) error {
	for {
		end, bad := s.tryQuoted()
		if end < 0 && !s.atEOF() && len(s.buf)-s.pos <= s.max {
			if _, err := s.fill(); err != nil {
				return err
			}
			continue
		}
		if end < 0 || end-s.pos > s.max+1 {
			end, bad = s.cutAtLine(), flawUnclosed
		}
		rec.fields, rec.flaw = s.fields, bad
		s.line += bytes.Count(s.buf[s.pos:end], []byte{'\n'})
		s.pos = end
		return nil
	}
}

// cutAtLine takes the first line as a record of one field and returns where it ends.
func (s *scanner) cutAtLine() int {
	end := bytes.IndexByte(s.buf[s.pos:], '\n')
	if end < 0 {
		s.fields = append(s.fields[:0], s.buf[s.pos:])
		return len(s.buf)
	}
	s.fields = append(s.fields[:0], s.buf[s.pos:s.pos+end])
	return s.pos + end + 1
}

// tryQuoted parses one record at s.pos and returns the position behind it, or -1 when the buffer ends first.
func (s *scanner) tryQuoted() (int, flaw) {
	s.fields, s.scratch = s.fields[:0], s.scratch[:0]
	p, bad := s.pos, flawNone
	for {
		if p < len(s.buf) && s.buf[p] == '"' {
			next, ok := s.quotedField(p + 1)
			if next < 0 {
				return -1, flawUnclosed
			}
			if !ok {
				return s.cutAtLine(), flawMalformed
			}
			p = next
		} else {
			start := p
			for p < len(s.buf) && s.buf[p] != s.delim && s.buf[p] != '\n' {
				if s.buf[p] == '"' {
					bad = flawStray
				}
				p++
			}
			if p == len(s.buf) && !s.atEOF() {
				return -1, flawUnclosed
			}
			field := s.buf[start:p]
			if n := len(field); (p == len(s.buf) || s.buf[p] == '\n') && n > 0 && field[n-1] == '\r' {
				field = field[:n-1]
			}
			s.fields = append(s.fields, field)
		}
		if p == len(s.buf) {
			return p, bad
		}
		if s.buf[p] == '\n' {
			return p + 1, bad
		}
		p++ // the delimiter
	}
}

// quotedField reads from behind the opening quote and returns the position of the delimiter or line break behind the
// field (or the end of the text). It returns -1 when the buffer ends first, and false when other text follows the
// quote.
func (s *scanner) quotedField(p int) (int, bool) {
	from, piece := len(s.scratch), p
	copied := false
	for {
		i := bytes.IndexByte(s.buf[p:], '"')
		if i < 0 {
			return -1, false
		}
		p += i
		if p+2 >= len(s.buf) && !s.atEOF() { // two bytes of look-ahead: an escaped quote, or CR LF
			return -1, false
		}
		if p+1 < len(s.buf) && s.buf[p+1] == '"' {
			s.scratch = append(s.scratch, s.buf[piece:p+1]...)
			copied = true
			p += 2
			piece = p
			continue
		}
		break
	}
	field := s.buf[piece:p]
	if copied {
		s.scratch = append(s.scratch, field...)
		field = s.scratch[from:]
	}
	if bytes.Contains(field, []byte("\r\n")) {
		field = bytes.ReplaceAll(field, []byte("\r\n"), []byte("\n"))
	}
	s.fields = append(s.fields, field)
	p++
	switch {
	case p == len(s.buf), s.buf[p] == s.delim, s.buf[p] == '\n':
		return p, true
	case s.buf[p] == '\r' && (p+1 == len(s.buf) || s.buf[p+1] == '\n'):
		return p + 1, true
	}
	return p, false
}
