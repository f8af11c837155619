package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
)

// find looks for the line with the column names among the first records and returns how good the table looks with the
// delimiter at hand; line is what the caller said, 0 for nothing.
func (h *head) find(line int) float64 {
	h.spans, h.doubt, h.header, h.meanings = nil, nil, nil, nil
	top := h.peek[:min(len(h.peek), headRecords)]
	if len(top) == 0 {
		return 0
	}
	width, agree := modalWidth(top)
	at := slices.IndexFunc(top, func(p peeked) bool { return p.line == line })
	given := at >= 0
	if !given {
		at = headerAt(top, width)
	}
	score := float64(len(top[at].cells)) * (0.1 + agree)
	if width < 2 {
		score = 0.01
	}
	if holdsData(top[at].cells) {
		score *= 0.2
	}
	h.take(top, at)
	if !given {
		h.settle(top, width)
	}
	if _, known := filledAndKnown(h.header); known > 0 {
		score *= 1 + float64(known)/float64(len(h.header))
	}
	return score
}

// modalWidth is the most frequent number of fields among records that have several, and the share of records with it.
func modalWidth(records []peeked) (int, float64) {
	count := map[int]int{}
	for _, p := range records {
		count[len(p.cells)]++
	}
	best := 1
	for width, n := range count {
		if width > 1 && (n > count[best] || best == 1 || n == count[best] && width > best) {
			best = width
		}
	}
	if count[best]*5 < len(records) { // a stray sign in a few lines
		for width, n := range count {
			if n > count[best] || n == count[best] && width > best {
				best = width
			}
		}
	}
	return best, float64(count[best]) / float64(len(records))
}

// headerAt chooses the record that holds the column names: of those before the first row of data, the one in which
// most cells are words that headers use; the first of them when none is better. Lines such as "Generated, 2026-03-04"
// may come before it.
func headerAt(top []peeked, width int) int {
	best, bestScore, bestKnown, data := -1, -1.0, 0, -1
	for i, p := range top[:min(len(top), 30)] {
		if len(p.cells) != width || p.flaw == flawMalformed || p.flaw == flawUnclosed {
			continue
		}
		filled, known := filledAndKnown(p.cells)
		if width > 1 && filled < 2 || filled == 0 {
			continue // a title, padded with delimiters
		}
		if holdsData(p.cells) {
			if data < 0 {
				data = i
			}
			continue
		}
		if isComment(p.cells[0]) && known*2 < filled || data >= 0 && (known*2 <= filled || known <= bestKnown) {
			continue
		}
		if score := float64(known)/float64(width) + 0.3*float64(filled)/float64(width); score > bestScore+1e-9 {
			best, bestScore, bestKnown = i, score, known
		}
	}
	if best < 0 {
		best = data
	}
	return max(best, 0)
}

func filledAndKnown(cells []string) (filled, known int) {
	l := lexicon.Load()
	for _, c := range cells {
		if strings.TrimSpace(c) == "" {
			continue
		}
		filled++
		if len(c) < 80 {
			if h := l.Header(c); h.Part != "" {
				known++
			}
		}
	}
	return filled, known
}

// holdsData reports cells that a line of column names does not have: addresses, dates, and nothing but numbers.
func holdsData(cells []string) bool {
	numbers, filled := 0, 0
	for _, c := range cells {
		c = strings.TrimSpace(c)
		if c == "" {
			continue
		}
		filled++
		if strings.Contains(c, "@") {
			return true
		}
		if _, kind := parseDate([]byte(c)); kind != dateNone {
			return true
		}
		if isNumeric(c) || isGUIDText(c) {
			numbers++
		}
	}
	return filled > 0 && numbers*2 > filled
}

func isComment(cell string) bool {
	cell = strings.TrimSpace(cell)
	return strings.HasPrefix(cell, "#") || strings.HasPrefix(cell, "//") || strings.HasPrefix(cell, "--")
}

// take makes the record the header, with the line of groups above it when there is one.
func (h *head) take(top []peeked, at int) {
	p := top[at]
	h.line, h.behind = p.line, at+1
	h.header = slices.Clone(p.cells)
	l := lexicon.Load()
	h.meanings = make([]lexicon.Heading, len(h.header))
	for i, name := range h.header {
		name = strings.TrimSpace(name)
		if i == 0 && strings.HasPrefix(name, "#") && len(name) > 1 {
			name = strings.TrimSpace(name[1:])
		}
		h.header[i] = name
		h.meanings[i] = l.Header(name)
	}
	if at > 0 && isGroupLine(top[at-1].cells, p.cells) {
		h.group(top[at-1].cells)
		h.spans = append(h.spans, Span{SpanGroups, top[at-1].line, top[at-1].line})
	} else if at+1 < len(top) && isGroupLine(p.cells, top[at+1].cells) {
		h.take(top, at+1)
	}
}

// isGroupLine reports whether upper is a line of headings that span several columns of the header lower.
func isGroupLine(upper, lower []string) bool {
	if len(upper) != len(lower) || len(upper) < 3 || holdsData(lower) || holdsData(upper) {
		return false
	}
	filled, blank, covered := 0, 0, 0
	for i, c := range upper {
		if strings.TrimSpace(c) != "" {
			filled++
		} else {
			blank++
			if strings.TrimSpace(lower[i]) != "" {
				covered++
			}
		}
	}
	lowerFilled, known := filledAndKnown(lower)
	return filled >= 2 && blank > 0 && covered == blank && known*2 >= lowerFilled
}

// group joins the names of groups with those below them, where that changes what they mean or keeps them apart.
func (h *head) group(groups []string) {
	l := lexicon.Load()
	count := map[string]int{}
	for _, name := range h.header {
		count[strings.ToLower(foldSpace(name))]++
	}
	current := ""
	for i, own := range h.header {
		if g := strings.TrimSpace(groups[i]); g != "" {
			current = g
		}
		if own == "" {
			own = current
			h.header[i], h.meanings[i] = own, l.Header(own)
			continue
		}
		if current == "" {
			continue
		}
		joined := current + " " + own
		meaning := l.Header(joined)
		if count[strings.ToLower(foldSpace(own))] > 1 || meaning.Part != h.meanings[i].Part {
			h.header[i] = joined
		}
		h.meanings[i] = meaning
	}
}

// settle names the lines above the header, and doubts the choice where another line could be it.
func (h *head) settle(top []peeked, width int) {
	at := h.behind - 1
	for i, p := range top[:at] {
		if len(h.spans) > 0 && h.spans[len(h.spans)-1].What == SpanGroups && h.spans[len(h.spans)-1].From == p.line {
			continue
		}
		what := SpanTitle
		if isComment(p.cells[0]) {
			what = SpanComment
		}
		filled, known := filledAndKnown(p.cells)
		if what == SpanTitle && len(p.cells) == width && filled >= 2 && (known > 0 || holdsData(p.cells) &&
			filled*2 > width) && h.doubt == nil {
			_, chosen := filledAndKnown(top[at].cells)
			if known*2 >= chosen || strings.Contains(strings.Join(p.cells, ""), "@") {
				h.doubt = &Doubt{
					Code:     DoubtHeader,
					Lines:    []int{p.line, top[at].line},
					Question: fmt.Sprintf("does line %d or line %d hold the column names?", p.line, top[at].line),
					Answers: []Answer{answer(fmt.Sprintf("line %d", top[at].line), Answers{HeaderLine: top[at].line}),
						answer(fmt.Sprintf("line %d", p.line), Answers{HeaderLine: p.line})},
				}
			}
		}
		h.addSpan(what, p.line, top[min(i+1, at)].line-1)
	}
	if h.doubt == nil && secondHeader(top, at) {
		h.doubt = &Doubt{
			Code:     DoubtHeader,
			Lines:    []int{top[at].line, top[at+1].line},
			Question: fmt.Sprintf("does line %d or line %d hold the column names?", top[at].line, top[at+1].line),
			Answers: []Answer{answer(fmt.Sprintf("line %d, and line %d is a row", top[at].line, top[at+1].line),
				Answers{HeaderLine: top[at].line}), answer(fmt.Sprintf("line %d", top[at+1].line),
				Answers{HeaderLine: top[at+1].line})},
		}
	}
	if _, known := filledAndKnown(h.header); at > 0 && known == 0 && h.doubt == nil && width > 1 {
		h.doubt = &Doubt{
			Code:     DoubtHeader,
			Lines:    []int{top[at].line},
			Question: fmt.Sprintf("does line %d hold the column names?", top[at].line),
			Answers:  []Answer{answer(fmt.Sprintf("line %d", top[at].line), Answers{HeaderLine: top[at].line})},
		}
	}
}

// secondHeader reports whether the line below the header is made of column names too, in a report of logins: there its
// cells pass for a row. Among addresses it does not, and is no row without a question.
func secondHeader(top []peeked, at int) bool {
	if at+1 >= len(top) || len(top[at+1].cells) != len(top[at].cells) || sameCells(top[at+1].cells, top[at].cells) {
		return false
	}
	next := top[at+1].cells
	filled, known := filledAndKnown(next)
	if filled < 2 || filled < len(next) || known < filled || holdsData(next) {
		return false
	}
	return !slices.ContainsFunc(top[at+2:], func(p peeked) bool { return strings.Contains(strings.Join(p.cells, ""), "@") })
}

// addSpan appends a span, or lengthens the last one of the same kind.
func (h *head) addSpan(what string, from, to int) {
	if n := len(h.spans); n > 0 && h.spans[n-1].What == what && h.spans[n-1].To >= from-1 {
		h.spans[n-1].To = max(h.spans[n-1].To, to)
		return
	}
	h.spans = append(h.spans, Span{what, from, max(from, to)})
}

// sameCells reports whether a record is the header once more, as on each page of a printed list.
func sameCells(cells, header []string) bool {
	if len(cells) != len(header) {
		return false
	}
	for i := range cells {
		if foldSpace(cells[i]) != foldSpace(header[i]) {
			return false
		}
	}
	return true
}
