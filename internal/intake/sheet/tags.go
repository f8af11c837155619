package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxTag is the longest tag that is read, in bytes. Excel's are under a kilobyte.
const maxTag = 64 << 10

// errTag is a tag that does not end, or is too long to be one of a workbook's.
var errTag = errors.New("the XML of the sheet is damaged")

// tags reads the tags of an XML stream one after the other and skips the text between them. It allocates nothing per
// tag, which makes it about ten times as fast as a decoder of whole elements: a sheet of 500,000 rows has ten million.
type tags struct {
	r    *bufio.Reader
	long []byte // a tag that the reader's buffer does not hold whole
}

// tag is one tag. Its bytes are valid until the next one is read.
type tag struct {
	name  string // without the namespace's prefix; "" for names that no one asks for
	attrs []byte
	end   bool // </name>
	empty bool // <name/>
}

func newTags(r io.Reader) *tags { return &tags{r: bufio.NewReaderSize(r, 128<<10)} }

// next returns the next tag; io.EOF after the last one.
func (t *tags) next() (tag, error) {
	for {
		if _, err := t.until('<', false); err != nil {
			return tag{}, err
		}
		inside, err := t.inside()
		if err != nil {
			return tag{}, noEOF(err)
		}
		switch {
		case bytes.HasPrefix(inside, []byte("!--")):
			err = t.skipPast(inside, "--")
		case bytes.HasPrefix(inside, []byte("![CDATA[")):
			err = t.skipPast(inside, "]]")
		case len(inside) > 0 && (inside[0] == '?' || inside[0] == '!'):
		default:
			return split(inside), nil
		}
		if err != nil {
			return tag{}, noEOF(err)
		}
	}
}

// inside returns what is between < and >; a > within quotes does not end the tag.
func (t *tags) inside() ([]byte, error) {
	part, err := t.until('>', true)
	if err != nil || !openQuote(part) {
		return part, err
	}
	t.long = append(append(t.long[:0], part...), '>')
	for {
		if part, err = t.until('>', true); err != nil {
			return nil, err
		}
		if t.long = append(t.long, part...); !openQuote(t.long) {
			return t.long, nil
		}
		if t.long = append(t.long, '>'); len(t.long) > maxTag {
			return nil, errTag
		}
	}
}

// until reads up to a byte, which it drops. It returns what came before when that is wanted.
func (t *tags) until(stop byte, wanted bool) ([]byte, error) {
	part, err := t.r.ReadSlice(stop)
	if err == nil {
		return part[:len(part)-1], nil
	}
	var whole []byte
	for errors.Is(err, bufio.ErrBufferFull) {
		if wanted {
			return nil, errTag
		}
		part, err = t.r.ReadSlice(stop)
	}
	if err != nil {
		return nil, err
	}
	return append(whole, part[:len(part)-1]...), nil
}

// skipPast skips a comment or a section whose first part has been read and which ends with the given text and >.
func (t *tags) skipPast(first []byte, end string) error {
	for part := first; !bytes.HasSuffix(part, []byte(end)); {
		var err error
		if part, err = t.r.ReadSlice('>'); err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		part = bytes.TrimSuffix(part, []byte(">"))
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
	name := inside
	if i := bytes.IndexAny(inside, " \t\r\n"); i >= 0 {
		name, t.attrs = inside[:i], inside[i:]
	}
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	t.name = known(name)
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
	case "is":
		return "is"
	case "row":
		return "row"
	case "col":
		return "col"
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
