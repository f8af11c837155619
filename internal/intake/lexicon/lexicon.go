// Package lexicon holds the words of reports in many languages: what column headers mean, and what cells say. The words
// are data, one file a language; README.md says how to add one.
package lexicon

import (
	"bufio"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

//go:embed *.txt
var files embed.FS

// Part is what a column header speaks of.
type Part string

// The parts of a header.
const (
	Address        Part = "address"        // an address that names the person
	Login          Part = "login"          // the person, by login, address or name
	Name           Part = "name"           // a name of the person, which identifies no one
	Other          Part = "other"          // another person: manager, certifier, owner
	Secondary      Part = "secondary"      // marks a further address of the same person
	ID             Part = "id"             // an identifier or a count
	Access         Part = "access"         // roles, permissions, groups, licences
	Weak           Part = "weak"           // perhaps access: access, profile, level
	Faint          Part = "faint"          // hardly access: function, level, scope
	Scope          Part = "scope"          // what the access is for: module, folder, project
	Application    Part = "application"    // application, system, environment
	Decision       Part = "decision"       // whether the access was approved
	Recommendation Part = "recommendation" // what someone else would decide
	Previous       Part = "previous"       // marks a decision or state of an earlier time
	Action         Part = "action"         // what was done: grant, revoke
	State          Part = "state"          // the state of account, assignment or request
	Request        Part = "request"        // marks the state of a request
	Active         Part = "active"         // yes means that the account or the access is in force
	Blocked        Part = "blocked"        // yes, a mark or a date means that it is not
	Unheld         Part = "unheld"         // beside access: access that the person does not hold
	Wished         Part = "wished"         // access that is inherited, lent or kept for a deputy
	Ended          Part = "ended"          // a date means that the access has ended
	From           Part = "from"           // first day
	Until          Part = "until"          // last day
	Date           Part = "date"           // the day of the access
	OtherDate      Part = "otherdate"      // another day
	Review         Part = "review"         // how far a review has come
	Kind           Part = "kind"           // user, group, service principal
	PairName       Part = "pairname"       // the name of a name and value pair
	PairValue      Part = "pairvalue"      // the value of such a pair
	Organisation   Part = "organisation"   // job and organisation of the person
	Description    Part = "description"    // describes the row
	Flag           Part = "flag"           // yes and no that describe and never decide
)

// Sense is what a cell says.
type Sense string

// The senses of cells. A word can have several.
const (
	Yes         Sense = "yes"
	No          Sense = "no"
	Mark        Sense = "mark"    // an X
	Grants      Sense = "grants"  // approve, keep
	Refuses     Sense = "refuses" // revoke, inappropriate
	Open        Sense = "open"    // pending, maybe, not reviewed
	ActiveState Sense = "active"
	Done        Sense = "done" // completed, for requests
	Inactive    Sense = "inactive"
	Process     Sense = "process"     // how far a review has come
	Employment  Sense = "employment"  // full time, contractor
	Person      Sense = "person"      // under principal type
	NonPerson   Sense = "nonperson"   // group, service principal
	Placeholder Sense = "placeholder" // no value
	Ambiguous   Sense = "ambiguous"   // None: no value, or a role of that name
	Forever     Sense = "forever"     // no end of validity
	Via         Sense = "via"         // how access came: direct, nested
	Signal      Sense = "signal"      // a colour of a traffic light
	Level       Sense = "level"       // Read, Write, Owner: says little without what it is on
	Total       Sense = "total"       // begins a line of totals or a footer
)

// Lexicon is what the files say.
type Lexicon struct {
	phrases map[string]Part // by words joined with one space
	compact map[string]Part // by words joined without space
	longest int             // words of the longest phrase
	cjk     []string        // phrases without Latin letters, longest first
	endings []string        // words that may end a compound, longest first
	cells   map[string]map[Sense]bool
	stems   map[string][]string
	words   map[string]map[string]bool // by what they are good for, folded
	counts  map[string]int             // words by language
	refuse  [41][256]bool              // lengths and first bytes of words that say no, in lower case
}

// Load parses the embedded files, once.
var Load = sync.OnceValue(func() *Lexicon {
	l, err := parse(files)
	if err != nil {
		panic(err) // a broken file cannot be built in: the test of this package parses it
	}
	return l
})

// compounding are the languages that write compounds as one word.
func compounding(language string) bool { return language == "de" || language == "nl" }

func parse(fsys fs.FS) (*Lexicon, error) {
	l := &Lexicon{phrases: map[string]Part{}, compact: map[string]Part{}, cells: map[string]map[Sense]bool{},
		stems: map[string][]string{}, words: map[string]map[string]bool{}, counts: map[string]int{}}
	names, err := fs.Glob(fsys, "*.txt")
	if err != nil {
		return nil, fmt.Errorf("list lexicon: %w", err)
	}
	// English first: where languages disagree on a header, the first file wins.
	order := []string{"en.txt"}
	for _, name := range names {
		if name != "en.txt" {
			order = append(order, name)
		}
	}
	for _, name := range order {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open lexicon: %w", err)
		}
		scan := bufio.NewScanner(f)
		scan.Buffer(nil, 1<<20)
		for line := 1; scan.Scan(); line++ {
			if err := l.line(strings.TrimSuffix(name, ".txt"), scan.Text()); err != nil {
				return nil, fmt.Errorf("%s line %d: %w", name, line, err)
			}
		}
		err = scan.Err()
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("read lexicon: %w", err)
		}
	}
	sortLongest(l.cjk)
	sortLongest(l.endings)
	return l, nil
}

func (l *Lexicon) line(language, text string) error {
	if text == "" || strings.HasPrefix(text, "# ") {
		return nil
	}
	head, list, found := strings.Cut(text, ": ")
	kind, part, both := strings.Cut(head, " ")
	if !found || !both {
		return fmt.Errorf("want \"header PART: words\", \"cell SENSE: words\", \"stem KIND: words\" or \"word USE: words\"")
	}
	for word := range strings.SplitSeq(list, ", ") {
		l.counts[language]++
		switch kind {
		case "header":
			l.addHeader(language, Part(part), word)
		case "cell":
			l.addCell(Sense(part), word)
		case "stem":
			l.stems[part] = append(l.stems[part], Fold(word))
		case "word":
			l.addWord(part, word)
		default:
			return fmt.Errorf("no kind %q", kind)
		}
	}
	return nil
}

func (l *Lexicon) addWord(use, word string) {
	for _, spelling := range spellings(word) {
		key := cellKey(spelling)
		uses := []string{use}
		if use == "soft" {
			uses = append(uses, "struck")
		}
		for _, u := range uses {
			if l.words[u] == nil {
				l.words[u] = map[string]bool{}
			}
			l.words[u][key] = true
		}
		if use == "soft" || use == "struck" {
			if l.words["struckfirst"] == nil {
				l.words["struckfirst"] = map[string]bool{}
			}
			first, _, _ := strings.Cut(key, " ")
			l.words["struckfirst"][first] = true
		}
	}
}

func (l *Lexicon) addHeader(language string, part Part, word string) {
	for _, spelling := range spellings(word) {
		words := Words(spelling)
		if len(words) == 0 {
			continue
		}
		phrase, joined := strings.Join(words, " "), strings.Join(words, "")
		if _, known := l.phrases[phrase]; !known {
			l.phrases[phrase] = part
		}
		if _, known := l.compact[joined]; !known {
			l.compact[joined] = part
		}
		l.longest = max(l.longest, len(words))
		if isCJK(joined) {
			l.cjk = append(l.cjk, joined)
		}
		if compounding(language) && len(words) == 1 && len(joined) >= 4 && part != Weak {
			l.endings = append(l.endings, joined)
		}
	}
}

func (l *Lexicon) addCell(sense Sense, word string) {
	for _, spelling := range spellings(word) {
		keys := []string{strings.ToLower(spelling)}
		if isWord(spelling) { // the key of #NAME? would be name
			keys = append(keys, cellKey(spelling))
		}
		for _, key := range keys {
			if l.cells[key] == nil {
				l.cells[key] = map[Sense]bool{}
			}
			l.cells[key][sense] = true
			if (sense == Refuses || sense == Inactive) && len(key) < len(l.refuse) {
				l.refuse[len(key)][key[0]] = true
			}
		}
	}
}

// Senses returns what a cell says, nil for a word that no file has. A cell without letters and digits, such as a dash
// or a check mark, is compared sign by sign; other cells without case, accents and punctuation.
func (l *Lexicon) Senses(cell string) map[Sense]bool {
	cell = strings.TrimSpace(cell)
	if len(cell) > 80 {
		return nil
	}
	if s := l.cells[strings.ToLower(cell)]; s != nil {
		return s
	}
	if strings.ContainsAny(cell, "?？") {
		return nil // Approved? is no approval
	}
	if s := l.cells[cellKey(cell)]; s != nil {
		return s
	}
	return l.cells[strings.Join(Words(cell), " ")] // NotReviewed
}

// Says reports whether a cell has a sense.
func (l *Lexicon) Says(cell string, sense Sense) bool { return l.Senses(cell)[sense] }

// MayRefuse is a quick look at a cell: false means that no word which says no has this length and beginning. It saves
// the real look for nearly all cells of a long column.
func (l *Lexicon) MayRefuse(cell []byte) bool {
	if len(cell) == 0 {
		return false
	}
	first := cell[0]
	if first >= 'A' && first <= 'Z' {
		first |= 0x20
	}
	if first >= 0x80 || first == ' ' {
		return true
	}
	for n := len(cell) - 2; n <= len(cell) && n < len(l.refuse); n++ { // a sign or two more than the word has
		if n > 0 && l.refuse[n][first] {
			return true
		}
	}
	return false
}
