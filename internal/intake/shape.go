package intake

import (
	"bytes"
	"strings"
	"unicode"

	"okta-entitlements-mcp/internal/intake/lexicon"
)

// shape sums up the cells of one column in the sample. Counts are of cells, not of distinct ones.
type shape struct {
	rows     int // records of the sample
	filled   int // cells that are not blank
	emails   int
	logins   int // one word of letters, digits and dots
	names    int // two to four words that begin with capitals
	dates    int
	numbers  int
	guids    int
	urls     int
	oktaIDs  int
	machine  int // arn:, S-1-5-, base64-like keys
	empties  int // placeholders
	long     int // prose
	bools    int // yes, no and marks
	yes      int // of these, those that say yes
	verdicts int // approve, revoke, pending
	states   int // active, inactive
	refusals int // cells that say no in words: revoked, inactive
	process  int
	jobs     int // employment words
	kinds    int // user, group
	removals int // action words that take away
	actions  int // other action words
	neutral  int // of these, words that neither give nor take
	deciding int // cells with any sense that could decide
	vias     int // how access came: direct, nested
	signals  int // colours of a traffic light
	distinct map[string]*trait
	order    []string // distinct cells in the order of the file, the first few
}

// trait is what one distinct cell looks like.
type trait struct {
	count  int
	text   string
	letter bool // S, O or J: yes in a language, where N stands beside it
	senses map[lexicon.Sense]bool
	has    [traitCount]bool
}

const (
	isEmail = iota
	isLogin
	isName
	isDate
	isNumber
	isGUID
	isURL
	isOktaID
	isMachine
	isEmptyWord
	isLong
	isBool
	isYes
	isVerdict
	isState
	isRefusal
	isProcess
	isJob
	isKind
	isRemovalWord
	isActionStem
	isNeutral
	isDeciding
	isVia
	isSignal
	traitCount
)

// see adds one cell.
func (s *shape) see(cell string) {
	s.rows++
	cell = foldSpace(cell)
	if cell == "" {
		return
	}
	t, known := s.distinct[cell]
	if !known {
		t = traitOf(cell)
		s.distinct[cell] = t
		if len(s.order) < 200 {
			s.order = append(s.order, cell)
		}
	}
	t.count++
	s.filled++
	for i, n := range []*int{&s.emails, &s.logins, &s.names, &s.dates, &s.numbers, &s.guids, &s.urls, &s.oktaIDs,
		&s.machine, &s.empties,
		&s.long, &s.bools, &s.yes, &s.verdicts, &s.states, &s.refusals, &s.process, &s.jobs, &s.kinds, &s.removals,
		&s.actions, &s.neutral, &s.deciding, &s.vias, &s.signals} {
		if t.has[i] {
			*n++
		}
	}
}

// letters counts S, O and J as yes where the column says no as well.
func (s *shape) letters() {
	no := false
	for _, t := range s.distinct {
		no = no || t.senses[lexicon.No]
	}
	if !no {
		return
	}
	for _, t := range s.distinct {
		if t.letter {
			s.bools, s.yes, s.deciding = s.bools+t.count, s.yes+t.count, s.deciding+t.count
		}
	}
}

// share returns n in relation to the filled cells.
func (s *shape) share(n int) float64 {
	if s.filled == 0 {
		return 0
	}
	return float64(n) / float64(s.filled)
}

// codes reports cells that are a few single letters, such as A and R.
func (s *shape) codes() bool {
	for text := range s.distinct {
		if len(text) != 1 || !unicode.IsLetter(rune(text[0])) {
			return false
		}
	}
	return len(s.distinct) > 1 && len(s.distinct) <= 3
}

// onlyLevels reports cells such as Read, Write and Delete, where Delete is what a person may do and says no to nothing.
// One of them has to be no word of decisions or of actions: Change and Delete alone are actions.
func (s *shape) onlyLevels() bool {
	clear := false
	for _, t := range s.distinct {
		if !t.senses[lexicon.Level] {
			return false
		}
		clear = clear || !t.has[isVerdict] && !t.has[isState] && !t.has[isActionStem] && !t.has[isRemovalWord]
	}
	return clear
}

// solid is how many filled cells are no placeholders.
func (s *shape) solid() int { return s.filled - s.empties }

func traitOf(cell string) *trait {
	t := &trait{text: cell}
	raw := []byte(cell)
	l := lexicon.Load()
	t.senses = l.Senses(cell)
	says := func(senses ...lexicon.Sense) bool {
		for _, s := range senses {
			if t.senses[s] {
				return true
			}
		}
		return false
	}
	if address, flaw := cleanAddress(cell); flaw == "" && address != "" {
		t.has[isEmail] = true
		return t
	}
	_, kind := parseDate(raw)
	t.has[isDate] = kind != dateNone || isFarDate(raw)
	t.has[isNumber] = isNumeric(cell)
	t.has[isOktaID] = isOktaUserID(raw)
	t.has[isGUID] = isGUIDText(cell)
	t.has[isURL] = isURLText(cell)
	t.has[isMachine] = isMachineText(cell)
	t.has[isEmptyWord] = says(lexicon.Placeholder)
	t.has[isLong] = strings.Count(cell, " ") > 9 && !strings.ContainsAny(cell, ";|,")
	t.letter = len(cell) == 1 && strings.ContainsAny(cell, "sSoOjJ")
	t.has[isBool] = says(lexicon.Yes, lexicon.No, lexicon.Mark) && !t.letter
	t.has[isYes] = says(lexicon.Yes, lexicon.Mark) && !t.letter
	t.has[isVerdict] = says(lexicon.Grants, lexicon.Refuses, lexicon.Open)
	t.has[isState] = says(lexicon.ActiveState, lexicon.Inactive, lexicon.Done)
	t.has[isRefusal] = says(lexicon.Refuses, lexicon.Inactive) &&
		!says(lexicon.No, lexicon.Yes, lexicon.Placeholder, lexicon.Process)
	t.has[isProcess] = says(lexicon.Process)
	t.has[isJob] = says(lexicon.Employment)
	t.has[isKind] = says(lexicon.Person, lexicon.NonPerson)
	t.has[isVia], t.has[isSignal] = says(lexicon.Via), says(lexicon.Signal)
	t.has[isDeciding] = t.has[isBool] || t.has[isVerdict] || t.has[isState]
	if len(cell) <= 40 {
		switch l.Stem(cell) {
		case lexicon.RemovalStem:
			t.has[isRemovalWord] = true
		case lexicon.ActionStem, lexicon.NeutralStem:
			t.has[isActionStem] = true
		}
		t.has[isNeutral] = l.Stem(cell) == lexicon.NeutralStem
	}
	plain := !t.has[isDate] && !t.has[isNumber] && !t.has[isGUID] && !t.has[isURL] && !t.has[isMachine] &&
		!t.has[isDeciding] && !t.has[isEmptyWord]
	t.has[isLogin] = plain && isLoginText(cell)
	t.has[isName] = plain && isNameText(cell)
	return t
}

// isNumeric reports whole and decimal numbers, with signs and percent.
func isNumeric(s string) bool {
	digit := false
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digit = true
		case !strings.ContainsRune(" .,-+%", r):
			return false
		}
	}
	return digit
}

func isGUIDText(s string) bool {
	s = strings.Trim(s, "{}")
	if len(s) != 36 {
		return len(s) == 32 && isHex(s)
	}
	return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' && isHex(strings.ReplaceAll(s, "-", ""))
}

func isHex(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'f') {
			return false
		}
	}
	return s != ""
}

func isURLText(s string) bool {
	low := strings.ToLower(s)
	return strings.HasPrefix(low, "http://") || strings.HasPrefix(low, "https://") || strings.HasPrefix(low, "www.") ||
		strings.HasPrefix(low, "ftp://")
}

// isMachineText reports identifiers that programs make: ARNs, Windows SIDs, addresses of proxies, keys.
func isMachineText(s string) bool {
	low := strings.ToLower(s)
	switch {
	case strings.HasPrefix(low, "arn:"), strings.HasPrefix(low, "s-1-5-"), strings.HasPrefix(low, "smtp:"),
		strings.HasPrefix(low, "urn:"), strings.HasPrefix(low, "x500:"),
		strings.HasPrefix(low, "sip:"), strings.HasPrefix(low, "spn:"):
		return true
	}
	if len(s) < 16 || strings.ContainsAny(s, " ,;|:") {
		return false
	}
	digits, letters := 0, 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case unicode.IsLetter(r):
			letters++
		case r != '-' && r != '_' && r != '=' && r != '+' && r != '/':
			return false
		}
	}
	return digits >= 5 && letters >= 3 && !strings.ContainsAny(s, "_-") // 00g1abcd..., AKIA...
}

// isLoginText reports a single word as logins are: letters, digits and a few signs.
func isLoginText(s string) bool {
	if len(s) < 2 || len(s) > 64 {
		return false
	}
	letter := false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letter = true
		case unicode.IsDigit(r), strings.ContainsRune(`._-\$`, r):
		default:
			return false
		}
	}
	return letter
}

// isNameText reports text that looks like the name of a person: two to four words, each with a capital, or with a comma
// behind the first.
func isNameText(s string) bool {
	words := strings.Fields(strings.ReplaceAll(s, ",", " "))
	if len(words) < 2 || len(words) > 4 {
		return false
	}
	for _, w := range words {
		for i, r := range w {
			if i == 0 && !unicode.IsUpper(r) || !unicode.IsLetter(r) && !strings.ContainsRune("-.'’", r) {
				return false
			}
		}
	}
	return true
}

// isFarDate reports dates such as 31.12.9999 that stand for no end.
func isFarDate(b []byte) bool {
	return bytes.Contains(b, []byte("9999")) && len(b) >= 8 && len(b) <= 30 && digits(b) > 0
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
