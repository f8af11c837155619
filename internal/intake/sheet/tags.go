package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxTag is the longest tag that is read, in bytes. Excel's are under a kilobyte.
const maxTag = 64 << 10

// errTag is a tag that does not end, or is too long to be one of a workbook's.
var errTag = errors.New("the XML of the sheet is damaged")

// tags reads the tags of an XML stream one after the other, and the text between them where it is asked for. It allocates
// nothing per tag, which makes it about ten times as fast as a decoder of whole elements: a sheet of 500,000 rows has
// twenty million.
type tags struct {
	r    io.Reader
	buf  []byte // what is read and not yet looked at
	room []byte // the memory of buf
	done error  // io.EOF, or why reading ended

	keep bool   // text between tags is kept
	text []byte // the text kept so far, as it is in the file
}

// tag is one tag. Its bytes are valid until the next one is read.
type tag struct {
	name  string // without the namespace's prefix; "" for names that no one asks for
	attrs []byte
	end   bool // </name>
	empty bool // <name/>
}

func newTags(r io.Reader) *tags { return &tags{r: r, room: make([]byte, 2*maxTag)} }

// next returns the next tag; io.EOF after the last one.
func (t *tags) next() (tag, error) {
	for {
		if err := t.toTag(); err != nil {
			return tag{}, err
		}
		inside, err := t.inside()
		if err != nil {
			return tag{}, noEOF(err)
		}
		switch {
		case len(inside) == 0 || inside[0] != '!' && inside[0] != '?':
			return split(inside), nil
		case inside[0] == '?':
			if err := known8(inside); err != nil {
				return tag{}, err
			}
		case bytes.HasPrefix(inside, []byte("!--")):
			err = t.section(inside[3:], "--", false)
		case bytes.HasPrefix(inside, []byte("![CDATA[")):
			err = t.section(inside[8:], "]]", t.keep)
		}
		if err != nil {
			return tag{}, noEOF(err)
		}
	}
}

// fill reads on. It fails when nothing is left, or when the buffer is full.
func (t *tags) fill() error {
	if t.done != nil {
		return t.done
	}
	if len(t.buf) == len(t.room) {
		return errTag
	}
	n := copy(t.room, t.buf)
	more, err := t.r.Read(t.room[n:])
	t.buf, t.done = t.room[:n+more], err
	return nil
}

// toTag goes behind the next <.
func (t *tags) toTag() error {
	for {
		i := bytes.IndexByte(t.buf, '<')
		before := t.buf[:max(i, 0)]
		if i < 0 {
			before = t.buf
		}
		if t.keep {
			t.text = append(t.text, before...)
		}
		if i >= 0 {
			t.buf = t.buf[i+1:]
			return nil
		}
		t.buf = nil
		if err := t.fill(); err != nil {
			return err
		}
	}
}

// inside returns what is between < and >; a > within quotes does not end the tag.
func (t *tags) inside() ([]byte, error) {
	from := 0
	for {
		i := bytes.IndexByte(t.buf[from:], '>')
		if i < 0 {
			from = len(t.buf)
			if err := t.fill(); err != nil {
				return nil, err
			}
			continue
		}
		from += i + 1
		inside := t.buf[:from-1]
		mark := len(inside) > 0 && inside[0] == '!' // quotes mean nothing in comments
		if mark || !openQuote(inside) {
			t.buf = t.buf[from:]
			return inside, nil
		}
	}
}

// section goes behind a comment or a CDATA section whose first part was read. Text of a section that is wanted is kept
// as other text is, with its & written out.
func (t *tags) section(first []byte, end string, wanted bool) error {
	part := first
	for {
		whole := bytes.HasSuffix(part, []byte(end))
		if whole {
			part = part[:len(part)-len(end)]
		}
		if wanted {
			t.text = append(t.text, bytes.ReplaceAll(part, []byte{'&'}, []byte("&amp;"))...)
		}
		if whole {
			return nil
		}
		if wanted {
			t.text = append(t.text, '>')
		}
		i := bytes.IndexByte(t.buf, '>')
		for i < 0 {
			if err := t.fill(); err != nil {
				return err
			}
			i = bytes.IndexByte(t.buf, '>')
		}
		part, t.buf = t.buf[:i], t.buf[i+1:]
	}
}

// begin keeps text from here on.
func (t *tags) begin() { t.keep = true }

// take returns the text that was kept, with its references written out, and forgets it. It is valid until the next tag.
func (t *tags) take() ([]byte, error) {
	text := t.text
	t.keep, t.text = false, t.text[:0]
	if !utf8.Valid(text) {
		return nil, errTag
	}
	if bytes.IndexByte(text, '\r') >= 0 { // XML reads every line break as \n
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte{'\r'}, []byte{'\n'})
	}
	if bytes.IndexByte(text, '&') < 0 {
		return text, nil
	}
	var out []byte
	for {
		before, rest, found := bytes.Cut(text, []byte{'&'})
		out = append(out, before...)
		if !found {
			return out, nil
		}
		name, after, ends := bytes.Cut(rest, []byte{';'})
		r, ok := reference(string(name[:min(len(name), 12)]))
		if !ends || !ok {
			return nil, errTag
		}
		out, text = utf8.AppendRune(out, r), after
	}
}

// reference returns the character that a reference such as &amp; or &#233; stands for.
func reference(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	number, isNumber := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(number, "x"); isHex {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(number, base, 32)
	if !isNumber || err != nil || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// known8 refuses a declaration of an encoding other than UTF-8.
func known8(declaration []byte) error {
	t := tag{attrs: declaration}
	if i := bytes.IndexByte(declaration, ' '); i >= 0 {
		t.attrs = declaration[i:]
	}
	e := string(t.attr("encoding"))
	if bytes.HasPrefix(declaration, []byte("?xml ")) && e != "" && !strings.EqualFold(e, "utf-8") &&
		!strings.EqualFold(e, "us-ascii") {
		return fmt.Errorf("its XML is encoded as %.40q and not as UTF-8", e)
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return errTag
	}
	return err
}

func openQuote(s []byte) bool {
	quote := byte(0)
	for _, c := range s {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return quote != 0
}

func split(inside []byte) tag {
	var t tag
	if len(inside) > 0 && inside[0] == '/' {
		t.end, inside = true, inside[1:]
	}
	if n := len(inside); n > 0 && inside[n-1] == '/' {
		t.empty, inside = true, inside[:n-1]
	}
	name, prefix := inside, -1
	for i, c := range inside {
		if c == ':' {
			prefix = i
		}
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			name, t.attrs = inside[:i], inside[i:]
			break
		}
	}
	t.name = known(name[prefix+1:])
	return t
}

// known returns the names that are asked for without allocating.
func known(name []byte) string {
	switch string(name) {
	case "c":
		return "c"
	case "v":
		return "v"
	case "f":
		return "f"
	case "t":
		return "t"
	case "is":
		return "is"
	case "si":
		return "si"
	case "row":
		return "row"
	case "col":
		return "col"
	case "rPh":
		return "rPh"
	case "sst":
		return "sst"
	case "mergeCell":
		return "mergeCell"
	case "sheetData":
		return "sheetData"
	case "worksheet":
		return "worksheet"
	}
	return ""
}

// attr returns the value of an attribute, nil when the tag lacks it.
func (t *tag) attr(name string) []byte {
	rest := t.attrs
	for {
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:i])
		rest = bytes.TrimLeft(rest[i+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : end+1]
		}
		rest = rest[end+2:]
	}
}

// yes reports a boolean attribute that is set.
func (t *tag) yes(name string) bool {
	v := string(t.attr(name))
	return v == "1" || v == "true"
}
