package intake_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/intake"
)

// words are the lexicon of one language, by "header part" and "cell sense".
type words map[string][]string

func loadWords(t *testing.T) map[string]words {
	t.Helper()
	all := map[string]words{}
	files, err := filepath.Glob(filepath.Join("lexicon", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		w := words{}
		for scan := bufio.NewScanner(f); scan.Scan(); {
			if head, list, found := strings.Cut(scan.Text(), ": "); found && !strings.HasPrefix(head, "#") {
				w[head] = append(w[head], strings.Split(list, ", ")...)
			}
		}
		f.Close()
		all[strings.TrimSuffix(filepath.Base(file), ".txt")] = w
	}
	return all
}

// column is one column of a made report. role is what a person would say of it, "" for nothing.
type column struct {
	name  string
	role  intake.Role
	cells []string
}

// meant is what one row says.
type meant struct {
	person string
	values []string
	no     bool // refused, ended, of no person, without access
}

// world is a made report, and what it means.
type world struct {
	rnd      *rand.Rand
	w        words
	english  words
	columns  []column
	rows     []meant
	managed  []string // addresses of other people
	words    map[string]map[string]string
	text     string
	layout   intake.Layout
	names    map[string]bool
	file     string // the text as it is on disk
	encoding string // to be said when it is asked; "" for UTF-8, UTF-16 and ASCII
}

func (w *world) pick(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[w.rnd.IntN(len(list))]
}

func (w *world) chance(n int) bool { return w.rnd.IntN(100) < n }

// word picks a word of the language, else an English one.
func (w *world) word(kind string) string {
	if list := w.w[kind]; len(list) > 0 {
		return w.pick(list)
	}
	return w.pick(w.english[kind])
}

// header picks an unused header in a random spelling.
func (w *world) header(part string) string {
	for range 50 {
		name := w.word("header " + part)
		switch w.rnd.IntN(4) {
		case 0:
			name = strings.ToUpper(name)
		case 1:
			name = strings.ReplaceAll(name, " ", "_")
		case 2:
			name = titled(name)
		}
		if key := strings.ToLower(strings.ReplaceAll(name, "_", " ")); key != "" && !w.names[key] {
			w.names[key] = true
			return name
		}
	}
	return fmt.Sprintf("Spare %d", len(w.names))
}

func (w *world) add(c column) { w.columns = append(w.columns, c) }

var firstNames = []string{"ada", "bo", "cy", "dee", "eli", "fay", "gus", "hal", "ida", "jon", "kay", "leo"}

var lastNames = []string{"quill", "renner", "tolland", "marsh", "stone", "ward", "birch", "holm", "frost", "lane"}

var valueNames = []string{"Buyer", "Payment Approver", "AP_CLERK", "GL_VIEWER", "GG-Finance-RW",
	"Invoice Editor", "Z_FI_VIEW", "Report Runner"}

// newWorld makes a report from a seed.
func newWorld(seed uint64, lexicons map[string]words) *world {
	rnd := rand.New(rand.NewPCG(seed, 99))
	languages := []string{"en", "de", "fr", "es", "pt", "it", "nl", "ja", "zh"}
	w := &world{rnd: rnd, w: lexicons[languages[rnd.IntN(len(languages))]], english: lexicons["en"],
		words: map[string]map[string]string{}, layout: intake.LayoutList, names: map[string]bool{}}
	n := 3 + rnd.IntN(14)
	for i := range n {
		w.rows = append(w.rows, meant{person: fmt.Sprintf("%s.%s@acme.example.com",
			firstNames[(i+rnd.IntN(3))%len(firstNames)], lastNames[rnd.IntN(len(lastNames))])})
	}
	w.people()
	w.access()
	w.deciders()
	w.noise()
	rnd.Shuffle(len(w.columns), func(i, j int) { w.columns[i], w.columns[j] = w.columns[j], w.columns[i] })
	w.write()
	w.encode()
	return w
}

// fill makes the cells of a column.
func (w *world) fill(cell func(i int) string) []string {
	cells := make([]string, len(w.rows))
	for i := range cells {
		cells[i] = cell(i)
	}
	return cells
}

func (w *world) people() {
	part := "address"
	if w.chance(30) {
		part = "login"
	}
	if part == "login" && w.chance(40) { // logins in place of addresses
		for i := range w.rows {
			local, _, _ := strings.Cut(w.rows[i].person, "@")
			w.rows[i].person = local[:1] + local[strings.Index(local, ".")+1:] + fmt.Sprint(i)
		}
	}
	w.add(column{w.header(part), intake.RoleUser, w.fill(func(i int) string { return w.rows[i].person })})
	if w.chance(40) {
		w.add(column{w.header("name"), intake.RoleAttribute, w.fill(func(i int) string {
			local, _, _ := strings.Cut(w.rows[i].person, "@")
			first, last, _ := strings.Cut(local, ".")
			return strings.ToUpper(first[:1]) + first[1:] + " " + strings.ToUpper(last[:min(1,
				len(last))]) + last[min(1, len(last)):]
		})})
	}
	for range w.rnd.IntN(3) {
		boss := []string{"mia.boss@acme.example.com", "ned.chief@acme.example.com"}
		w.managed = append(w.managed, boss...)
		w.add(column{w.header("other"), intake.RoleAttribute, w.fill(func(int) string { return w.pick(boss) })})
	}
}

func (w *world) access() {
	values := valueNames[:3+w.rnd.IntN(len(valueNames)-3)]
	switch w.rnd.IntN(4) {
	case 0: // a matrix
		w.layout = intake.LayoutMatrix
		yes, no := w.word("cell yes"), w.word("cell no")
		if w.chance(50) {
			yes, no = "x", ""
		}
		for _, v := range values {
			w.names[strings.ToLower(v)] = true
			w.add(column{v, intake.RoleEntitlement, w.fill(func(i int) string {
				if w.chance(40) {
					w.rows[i].values = append(w.rows[i].values, v)
					return yes
				}
				return no
			})})
		}
	case 1: // numbered
		w.layout = intake.LayoutNumbered
		base := w.header("access")
		for k := range 3 {
			w.add(column{fmt.Sprintf("%s %d", base, k+1), intake.RoleEntitlement, w.fill(func(i int) string {
				if k > 0 && w.chance(50) {
					return ""
				}
				v := w.pick(values)
				w.rows[i].values = append(w.rows[i].values, v)
				return v
			})})
		}
	default:
		w.add(column{w.header("access"), intake.RoleEntitlement, w.fill(func(i int) string {
			switch {
			case w.chance(6):
				w.rows[i].no = true
				return w.word("cell placeholder")
			case w.chance(20):
				a, b := w.pick(values), w.pick(values)
				w.rows[i].values = append(w.rows[i].values, a, b)
				return a + ";" + b
			}
			v := w.pick(values)
			w.rows[i].values = append(w.rows[i].values, v)
			return v
		})})
	}
}

// deciders adds columns that can take access away.
func (w *world) deciders() {
	taken := map[string]bool{}
	for range w.rnd.IntN(4) {
		kind := w.pick([]string{"decision", "state", "active", "blocked", "ended", "from", "until"})
		if taken[kind] {
			continue
		}
		taken[kind] = true
		c := column{name: w.header(kind)}
		judge := func(yes, no []string) {
			c.cells = w.fill(func(i int) string {
				list := yes
				if w.chance(35) {
					list, w.rows[i].no = no, true
				}
				word := w.word(w.pick(list))
				if word != "" || kind == "blocked" { // an empty cell among yes and no is asked about
					meaning := intake.WordGrants
					if w.rows[i].no && strings.Join(list, "") == strings.Join(no, "") {
						meaning = intake.WordRefuses
					}
					if w.words[c.name] == nil {
						w.words[c.name] = map[string]string{}
					}
					w.words[c.name][word] = meaning
				}
				return word
			})
		}
		switch kind {
		case "decision":
			c.role = intake.RoleFilter
			judge([]string{"cell grants"}, []string{"cell refuses", "cell open", "none"})
		case "state":
			c.role = intake.RoleState
			judge([]string{"cell active"}, []string{"cell inactive", "cell open", "cell refuses"})
		case "active":
			c.role = intake.RoleState
			judge([]string{"cell yes"}, []string{"cell no"})
		case "blocked":
			c.role = intake.RoleBlocked
			judge([]string{"cell no", "none"}, []string{"cell yes", "cell mark"})
		case "ended":
			c.role = intake.RoleBlocked
			c.cells = w.fill(func(i int) string {
				if w.chance(30) {
					w.rows[i].no = true
					return "2025-03-31"
				}
				return ""
			})
		case "from", "until":
			past, future := "2025-02-28", "2031-02-28"
			c.role = intake.RoleValidUntil
			if kind == "from" {
				past, future, c.role = future, past, intake.RoleValidFrom
			}
			c.cells = w.fill(func(i int) string {
				if w.chance(30) {
					w.rows[i].no = true
					return past
				}
				return w.pick([]string{future, ""})
			})
		}
		w.add(c)
	}
}

// titled writes each word of a header with a capital letter.
func titled(name string) string {
	words := strings.Fields(name)
	for i, w := range words {
		r, n := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToTitle(r)) + w[n:]
	}
	return strings.Join(words, " ")
}
