package intake

import (
	"bytes"
	"strings"
)

const (
	headBlocks    = 4    // blocks looked at before the columns are decided
	sampleRecords = 2000 // data records looked at for that
)

// head is the beginning of a file: what is decided before the rows are read.
type head struct {
	delim  byte
	skip   int // bytes before the header: a line such as sep=;
	lines  int // lines in skip
	header []string
	sample []sampleColumn
	rows   int // data records in the sample
}

// open reads the head and returns a scanner that stands behind the header.
func open(src *source, opts Options) (*scanner, *head, error) {
	var buf []byte
	for range headBlocks {
		var err error
		if buf, err = src.next(buf); err != nil {
			return nil, nil, err
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
	if len(bytes.TrimSpace(buf)) == 0 && src.eof {
		return nil, nil, &Error{Code: CodeEmptyFile, Msg: "the file is empty", Next: "export the report again"}
	}
	h := &head{}
	h.declaredDelimiter(buf)
	if h.delim == 0 {
		h.delim = detectDelimiter(buf, src.eof, opts.MaxLine)
	}
	h.readSample(buf, src.eof, opts.MaxLine)

	scan := &scanner{src: src, buf: buf, pos: h.skip, line: 1 + h.lines, delim: h.delim, max: opts.MaxLine}
	var rec record
	more, err := scan.next(&rec)
	if err != nil {
		return nil, nil, err
	}
	if !more {
		return nil, nil, &Error{Code: CodeEmptyFile, Msg: "the file holds only blank lines", Next: "export the report again"}
	}
	h.header = make([]string, len(rec.fields))
	for i, f := range rec.fields {
		h.header[i] = string(f)
	}
	return scan, h, nil
}

// declaredDelimiter honours a first line such as sep=; that spreadsheets write for each other.
func (h *head) declaredDelimiter(buf []byte) {
	line, _, found := bytes.Cut(buf, []byte{'\n'})
	text := strings.TrimRight(string(line[:min(len(line), 16)]), "\r")
	if !found || len(text) != 5 || !strings.EqualFold(text[:4], "sep=") || !strings.Contains(",;\t", text[4:]) {
		return
	}
	h.delim, h.skip, h.lines = text[4], len(line)+1, 1
}

// detectDelimiter takes the delimiter that gives the header the most fields in agreement with the first rows.
func detectDelimiter(buf []byte, whole bool, max int) byte {
	best, bestScore := byte(','), 0.0
	for _, delim := range []byte{',', ';', '\t'} {
		scan := headScanner(buf, 0, delim, whole, max)
		var rec record
		header, rows, agree := 0, 0, 0
		for rows < 50 {
			if more, err := scan.next(&rec); err != nil || !more {
				break
			}
			if header == 0 {
				header = len(rec.fields)
				continue
			}
			rows++
			if len(rec.fields) == header {
				agree++
			}
		}
		if header < 2 {
			continue
		}
		score := float64(header)
		if rows > 0 {
			score *= 0.1 + float64(agree)/float64(rows)
		}
		if score > bestScore {
			best, bestScore = delim, score
		}
	}
	return best
}

// headScanner reads only what is in buf. When buf is not the whole file its last, cut line is left out.
func headScanner(buf []byte, skip int, delim byte, whole bool, max int) *scanner {
	if !whole {
		buf = buf[:bytes.LastIndexByte(buf, '\n')+1]
	}
	return &scanner{buf: buf, pos: min(skip, len(buf)), line: 1, delim: delim, max: max}
}

func (h *head) readSample(buf []byte, whole bool, max int) {
	scan := headScanner(buf, h.skip, h.delim, whole, max)
	var rec record
	if more, err := scan.next(&rec); err != nil || !more {
		return
	}
	h.sample = make([]sampleColumn, len(rec.fields))
	for i := range h.sample {
		h.sample[i].distinct = map[string]cellTraits{}
	}
	for h.rows < sampleRecords {
		if more, err := scan.next(&rec); err != nil || !more {
			return
		}
		if len(rec.fields) != len(h.sample) || rec.flaw == flawMalformed || rec.flaw == flawUnclosed {
			continue
		}
		h.rows++
		for i, f := range rec.fields {
			h.sample[i].see(f)
		}
	}
}

// sampleColumn sums up the cells of one column in the sample.
type sampleColumn struct {
	filled   int // cells that are not blank
	emails   int
	dates    int
	numbers  int
	oktaIDs  int
	access   int // words that mean permitted or denied
	decision int // of these, words that tell a decision: not yes, true, 1 and the like
	strong   int // of these, words that cannot be an action either: Permitted, Denied, Allow, Deny
	actions  int // words that mean an action
	distinct map[string]cellTraits
}

// cellTraits is what one cell looks like.
type cellTraits struct{ email, date, number, oktaID, access, decision, strong, action bool }

func (c *sampleColumn) see(cell []byte) {
	cell = trim(cell)
	if len(cell) == 0 {
		return
	}
	traits, known := c.distinct[string(cell)]
	if !known {
		traits = traitsOf(cell)
		c.distinct[string(cell)] = traits
	}
	c.filled++
	for _, t := range []struct {
		has   bool
		count *int
	}{{traits.email, &c.emails}, {traits.date, &c.dates}, {traits.number, &c.numbers}, {traits.oktaID, &c.oktaIDs},
		{traits.access, &c.access}, {traits.decision, &c.decision}, {traits.strong, &c.strong}, {traits.action, &c.actions}} {
		if t.has {
			*t.count++
		}
	}
}

func traitsOf(cell []byte) cellTraits {
	if emailFlaw(cell) == "" {
		return cellTraits{email: true}
	}
	_, kind := parseDate(cell)
	word := strings.ToLower(string(cell[:min(len(cell), 100)]))
	_, access := accessWords[word]
	action := isActionWord(word)
	decision := access && len(word) > 3 && word != "true" && word != "false"
	return cellTraits{date: kind != dateNone, number: digits(cell) == len(cell), oktaID: isOktaUserID(cell),
		access: access, decision: decision, strong: decision && !action, action: action}
}

// share returns n in relation to the filled cells.
func (c *sampleColumn) share(n int) float64 {
	if c.filled == 0 {
		return 0
	}
	return float64(n) / float64(c.filled)
}

// isOktaUserID recognises Okta's own user ids: 00u and 17 letters or digits.
func isOktaUserID(b []byte) bool {
	if len(b) != 20 || string(b[:3]) != "00u" {
		return false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}
