package intake

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

const (
	headBlocks    = 4    // blocks looked at before the columns are decided
	headRecords   = 60   // records in which the header is looked for
	sampleRecords = 2000 // records looked at for the columns
)

// recordSource hands out the records of a table, whatever the file.
type recordSource interface {
	next(rec *record) (bool, error)
}

// peeked is a record of the sample, kept.
type peeked struct {
	line  int
	start int64
	cells []string
	flaw  flaw
}

// head is the beginning of a file: what is decided before the rows are read.
type head struct {
	delim    byte
	skip     int // bytes before the first record: a line such as sep=;
	lines    int // lines in skip
	header   []string
	meanings []lexicon.Heading // of the headers, with the groups above them
	line     int               // of the header
	behind   int               // index into peek of the first record behind the header
	spans    []Span
	doubt    *Doubt // about the line of the header
	peek     []peeked
	sample   []*shape
	body     []peeked // the records of the sample that fit the header
}

// delimiters are the signs that can separate fields, in the order of preference.
var delimiters = []byte{',', ';', '\t', '|', '^', '~', 0x1f, 0x01}

// open reads the head and returns a scanner that is at the first record behind the header.
func open(src *source, opts Options) (*scanner, *head, error) {
	buf, err := firstBlocks(src)
	if err != nil {
		return nil, nil, err
	}
	if len(bytes.TrimSpace(buf)) == 0 && src.eof {
		return nil, nil, emptyFile("the file is empty")
	}
	answers := opts.answers()
	if err := noSheet(opts.layers()); err != nil {
		return nil, nil, err
	}
	h := &head{}
	h.declaredDelimiter(buf)
	if answers.Delimiter != "" {
		delim, err := delimiterOf(answers.Delimiter)
		if err != nil {
			return nil, nil, err
		}
		h.delim = delim
	}
	candidates := delimiters
	if h.delim != 0 {
		candidates = []byte{h.delim}
	}
	best := -1.0
	for _, delim := range candidates {
		try := &head{delim: delim, skip: h.skip, lines: h.lines}
		try.peekAt(buf, src.eof, opts.MaxLine, headRecords)
		if score := try.find(0); score > best {
			best, h.delim = score, delim
		}
	}
	h.peekAt(buf, src.eof, opts.MaxLine, sampleRecords)
	if len(h.peek) == 0 { // one endless line, or nothing but blank lines
		scan := h.scanner(src, buf, opts.MaxLine)
		var rec record
		more, err := scan.next(&rec)
		if err != nil {
			return nil, nil, err
		}
		if !more {
			return nil, nil, emptyFile("the file holds only blank lines")
		}
		h.peek = []peeked{keep(&rec)}
	}
	h.find(answers.HeaderLine)
	if answers.HeaderLine > 0 && h.line != answers.HeaderLine {
		return nil, nil, &trouble.Error{
			Code: trouble.UnknownLine,
			What: fmt.Sprintf("line %d begins no record among the first of the file", answers.HeaderLine),
			Next: fmt.Sprintf("name the line with the column names; it looks like line %d", h.line),
		}
	}
	if err := h.usable(opts); err != nil {
		return nil, nil, err
	}
	h.measure(h.spread(src, opts.MaxLine))
	scan := h.scanner(src, buf, opts.MaxLine)
	var rec record
	for range h.behind {
		if _, err := scan.next(&rec); err != nil {
			return nil, nil, err
		}
	}
	return scan, h, nil
}

// firstBlocks reads what is looked at before the columns are decided.
func firstBlocks(src *source) ([]byte, error) {
	var buf []byte
	for range headBlocks {
		var err error
		if buf, err = src.next(buf); err != nil {
			return nil, err
		}
	}
	if !bytes.Contains(buf, []byte{'\n'}) && bytes.Contains(bytes.TrimRight(buf, "\r"), []byte{'\r'}) {
		src.crOnly = true
		for i, c := range buf {
			if c == '\r' {
				buf[i] = '\n'
			}
		}
	}
	return buf, nil
}

// scanner reads the file from its first record on; buf is what has been read of it so far.
func (h *head) scanner(src *source, buf []byte, max int) *scanner {
	return &scanner{
		src:   src,
		buf:   buf,
		pos:   h.skip,
		line:  1 + h.lines,
		delim: h.delim,
		max:   max,
	}
}

func emptyFile(what string) error {
	return &trouble.Error{Code: trouble.EmptyFile, What: what, Next: "export the report again"}
}

// delimiterOf reads the delimiter of an answer.
func delimiterOf(s string) (byte, error) {
	switch strings.ToLower(s) {
	case "comma":
		return ',', nil
	case "semicolon":
		return ';', nil
	case "tab", `\t`:
		return '\t', nil
	case "pipe":
		return '|', nil
	case "space":
		return ' ', nil
	}
	if len(s) != 1 || s[0] >= 0x80 || s[0] == '"' || s[0] == '\n' || s[0] == '\r' {
		return 0, &trouble.Error{
			Code: trouble.UnusableAnswer,
			What: fmt.Sprintf("%q is no delimiter", untrusted.New(s).Show(untrusted.Word)),
			Next: "send one sign, such as | or ;, or the word tab",
		}
	}
	return s[0], nil
}

// declaredDelimiter honours a first line such as sep=; that spreadsheets write for each other.
func (h *head) declaredDelimiter(buf []byte) {
	line, _, found := bytes.Cut(buf, []byte{'\n'})
	text := strings.Trim(strings.TrimRight(string(line[:min(len(line), 16)]), "\r"), `"`)
	if !found || len(text) != 5 || !strings.EqualFold(text[:4], "sep=") || bytes.IndexByte(delimiters, text[4]) < 0 {
		return
	}
	h.delim, h.skip, h.lines = text[4], len(line)+1, 1
}

// headScanner reads only what is in buf. When buf is not the whole file its last, cut line is left out.
func headScanner(buf []byte, skip int, delim byte, whole bool, max int) *scanner {
	if !whole {
		buf = buf[:bytes.LastIndexByte(buf, '\n')+1]
	}
	return &scanner{buf: buf, pos: min(skip, len(buf)), line: 1, delim: delim, max: max}
}

func (h *head) peekAt(buf []byte, whole bool, max, records int) {
	scan := headScanner(buf, h.skip, h.delim, whole, max)
	scan.line += h.lines
	var rec record
	h.peek = h.peek[:0]
	for len(h.peek) < records {
		if more, err := scan.next(&rec); err != nil || !more {
			return
		}
		h.peek = append(h.peek, keep(&rec))
	}
}

func keep(rec *record) peeked {
	p := peeked{
		line:  rec.line,
		start: rec.start,
		flaw:  rec.flaw,
		cells: make([]string, len(rec.fields)),
	}
	for i, f := range rec.fields {
		p.cells[i] = string(f)
	}
	return p
}

// usable refuses a head from which no columns can be taken, with the reason.
func (h *head) usable(opts Options) error {
	if len(h.header) == 1 && opts.answers().Delimiter == "" {
		text := h.peek[min(h.behind, len(h.peek))-1].cells[0]
		if sign := strings.IndexAny(text, ",;|\t^~:"); sign >= 0 && strings.Count(text, text[sign:sign+1]) >= 1 &&
			!strings.Contains(text, ": ") {
			return &trouble.Error{
				Code: trouble.OneColumn,
				What: fmt.Sprintf("the file has one column only; its lines hold the sign %q inside quotes or in differing "+
					"numbers", text[sign:sign+1]),
				Next: "export it with a comma, a semicolon, a tab or a vertical bar between fields, or name the sign in the " +
					"argument delimiter",
			}
		}
	}
	for _, name := range h.header {
		if _, flaw := cleanAddress(name); flaw == "" && strings.Contains(name, "@") {
			return &trouble.Error{
				Code: trouble.NoHeader,
				What: fmt.Sprintf("line %d holds data, and no line above it names the columns", h.line),
				Next: "put a line with column names above the rows, or name its line in the argument header_line",
			}
		}
	}
	return nil
}

// measure takes the shapes of the columns from the records behind the header, and from others further on in the file.
func (h *head) measure(others []peeked) {
	h.sample = make([]*shape, len(h.header))
	for i := range h.sample {
		h.sample[i] = &shape{distinct: map[string]*trait{}}
	}
	for _, p := range slices.Concat(h.peek[min(h.behind, len(h.peek)):], others) {
		if len(p.cells) != len(h.header) || p.flaw == flawMalformed || p.flaw == flawUnclosed || sameCells(p.cells,
			h.header) || isFooter(p.cells) {
			continue
		}
		h.body = append(h.body, p)
		for i, cell := range p.cells {
			h.sample[i].see(cell)
		}
	}
	for _, s := range h.sample {
		s.letters()
	}
}
