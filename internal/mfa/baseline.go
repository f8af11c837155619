package mfa

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of an export. Half a million people with the usual columns stay under the size.
const (
	maxBaselineBytes   = 128 << 20
	maxBaselineRows    = 500_000
	maxBaselineColumns = 256
	maxBaselineCell    = 16 << 10 // bytes; longer cells are cut
	shownProblems      = 100
)

// Baseline is the "MFA enrollment by user" report of Okta's Admin Console, as its CSV export has it. All texts are untrusted.
type Baseline struct {
	Rows         []BaselineRow // one per person, in the order of the file
	Lines        int           // rows of the file that were read, without the heading
	Problems     []string      // rows that could not be used, with their line; the first hundred
	ProblemCount int           // all of them
	Notes        []string      // what a reader must know: columns that were not understood
}

// BaselineRow is one person of an export. Okta's help: the report knows authenticators, not methods, so that Okta Verify stays
// Okta Verify. Methods are all active and have "baseline" as their source; the password is left out.
type BaselineRow struct {
	Line    int // of the file, the first for this person
	ID      string
	Login   string
	Email   string
	Name    string
	Status  string
	Groups  []string
	Admin   bool
	Methods []Method
}

// ParseBaseline reads such an export: UTF-8 with or without a byte order mark; comma, semicolon or tab. Columns are found by their
// names in any case and order; which ones an export has is chosen in the Admin Console. There must be a column that names people
// and one that lists authenticators (or one column for each authenticator). Rows of one person are joined. A row that cannot be used
// is counted with its line; a file that cannot be used is an error that says what is missing.
func ParseBaseline(r io.Reader) (*Baseline, error) {
	limited := &io.LimitedReader{R: r, N: maxBaselineBytes + 1}
	in := bufio.NewReaderSize(limited, 64<<10)
	comma, err := baselineDialect(in)
	if err != nil {
		return nil, fmt.Errorf("read MFA baseline: %w", err)
	}
	rows := csv.NewReader(in)
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord = comma, -1, true
	heading, err := rows.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty; export the report \"MFA enrollment by user\" again")
		}
		return nil, fmt.Errorf("read MFA baseline: %w", err)
	}
	b := &baselineReader{out: &Baseline{}, people: map[string]int{}}
	if err := b.heading(heading); err != nil {
		return nil, fmt.Errorf("read MFA baseline: %w", err)
	}
	for {
		record, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var malformed *csv.ParseError
		switch {
		case errors.As(err, &malformed):
			b.out.Lines++
			b.problem(malformed.StartLine, malformed.Err.Error())
			continue
		case err != nil:
			return nil, fmt.Errorf("read MFA baseline: %w", err)
		case limited.N <= 0:
			return nil, fmt.Errorf("read MFA baseline: the file has more than %d MiB; export it with fewer columns", maxBaselineBytes>>20)
		case len(b.out.Rows) >= maxBaselineRows:
			return nil, fmt.Errorf("read MFA baseline: the file has more than %d people; export it in parts", maxBaselineRows)
		}
		line, _ := rows.FieldPos(0)
		b.row(line, record)
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("read MFA baseline: the file has more than %d MiB; export it with fewer columns", maxBaselineBytes>>20)
	}
	return b.out, nil
}

// baselineDialect skips a byte order mark and Excel's "sep=" line, and tells the delimiter from the heading.
func baselineDialect(in *bufio.Reader) (rune, error) {
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	} else if bytes.HasPrefix(mark, []byte("\xff\xfe")) || bytes.HasPrefix(mark, []byte("\xfe\xff")) {
		return 0, errors.New("the file is UTF-16; save it as CSV UTF-8")
	}
	head, err := in.Peek(32 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if s := bytes.TrimRight(line, "\r"); len(s) == 5 && bytes.EqualFold(s[:4], []byte("sep=")) && bytes.IndexByte([]byte(",;\t"), s[4]) >= 0 {
		_, _ = in.Discard(min(len(line)+1, len(head)))
		return rune(s[4]), nil
	}
	best, most := ',', 0
	for _, comma := range []rune{',', ';', '\t'} {
		if n := bytes.Count(line, []byte(string(comma))); n > most {
			best, most = comma, n
		}
	}
	return best, nil
}

// baselineReader reads rows by the columns that the heading has.
type baselineReader struct {
	out     *Baseline
	columns map[string]int // meaning → index
	flags   map[int]Method // columns that stand for one authenticator each
	width   int
	people  map[string]int // who → index in out.Rows
}

// heading finds the columns.
func (b *baselineReader) heading(cells []string) error {
	if len(cells) > maxBaselineColumns {
		return fmt.Errorf("the heading has %d columns, at most %d; is this the report \"MFA enrollment by user\"?", len(cells), maxBaselineColumns)
	}
	b.columns, b.flags, b.width = map[string]int{}, map[int]Method{}, len(cells)
	var unknown []string
	for i, cell := range cells {
		name := squeeze(cell)
		means, known := baselineColumns[name]
		_, taken := b.columns[means]
		m, isMethod := displayNames[name]
		switch {
		case known && !taken:
			b.columns[means] = i
		case known && means == "":
		case isMethod:
			if m != "okta_password" {
				b.flags[i] = displayed(cell)
			}
		default:
			unknown = append(unknown, quoted(cell))
		}
	}
	delete(b.columns, "")
	_, lists := b.columns["methods"]
	if !lists && len(b.flags) == 0 {
		return fmt.Errorf("no column lists authenticators, such as \"Authenticator type\"; columns are %s", b.names(cells))
	}
	who := false
	for _, means := range [...]string{"id", "login", "email", "user"} {
		_, has := b.columns[means]
		who = who || has
	}
	if !who {
		return fmt.Errorf("no column names people, such as \"User login\", \"User email\" or \"User ID\"; columns are %s", b.names(cells))
	}
	if len(unknown) > 0 {
		b.out.Notes = append(b.out.Notes, "columns that were not understood and not used: "+enumerate(unknown))
	}
	return nil
}

func (b *baselineReader) names(cells []string) string {
	shown := make([]string, 0, 20)
	for _, c := range cells[:min(len(cells), 20)] {
		shown = append(shown, quoted(c))
	}
	return strings.Join(shown, ", ")
}

// cell returns what a row has in a column, trimmed, valid and bounded.
func (b *baselineReader) cell(record []string, means string) string {
	i, ok := b.columns[means]
	if !ok {
		return ""
	}
	return cleanCell(record[i])
}

func cleanCell(s string) string {
	if len(s) > maxBaselineCell {
		s = s[:maxBaselineCell]
	}
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Clone(s) // a row is one string: keep what is needed only
}

func (b *baselineReader) problem(line int, what string) {
	b.out.ProblemCount++
	if len(b.out.Problems) < shownProblems {
		b.out.Problems = append(b.out.Problems, fmt.Sprintf("line %d: %s", line, what))
	}
}

// row takes in one row. Rows of the same person are joined: some exports have a row for each authenticator.
func (b *baselineReader) row(line int, record []string) {
	b.out.Lines++
	if len(record) != b.width {
		b.problem(line, fmt.Sprintf("%d cells, %d expected", len(record), b.width))
		return
	}
	row := BaselineRow{Line: line, ID: b.cell(record, "id"), Login: b.cell(record, "login"), Email: b.cell(record, "email"),
		Name: b.cell(record, "name"), Status: strings.ToUpper(b.cell(record, "status")), Admin: truthy(b.cell(record, "admin")),
		Groups: splitList(b.cell(record, "groups"))}
	if user := b.cell(record, "user"); row.Login == "" && row.ID == "" && strings.Contains(user, "@") {
		row.Login = user // Okta's help calls both the person and the login "User"
	} else {
		row.Name = cmp.Or(row.Name, user)
	}
	row.Name = cmp.Or(row.Name, strings.TrimSpace(b.cell(record, "first")+" "+b.cell(record, "last")))
	who := cmp.Or(row.ID, fold(row.Login), fold(row.Email))
	if who == "" {
		b.problem(line, "nobody is named")
		return
	}
	list := b.cell(record, "methods")
	if !utf8.ValidString(list) || strings.ContainsRune(list, utf8.RuneError) {
		b.problem(line, "the authenticators are not UTF-8")
		return
	}
	row.Methods = displayedList(list)
	for i, m := range b.flags {
		if truthy(cleanCell(record[i])) {
			row.Methods = append(row.Methods, m)
		}
	}
	if count := b.cell(record, "count"); count != "" && count != "0" && list == "" && len(b.flags) == 0 {
		b.problem(line, fmt.Sprintf("counts %s authenticators and lists none", quoted(count)))
		return
	}
	b.keep(who, row)
}

// keep adds a person, or joins the row with the one before.
func (b *baselineReader) keep(who string, row BaselineRow) {
	at, known := b.people[who]
	if !known {
		row.Methods = eachOnce(row.Methods)
		b.people[who] = len(b.out.Rows)
		b.out.Rows = append(b.out.Rows, row)
		return
	}
	have := &b.out.Rows[at]
	if len(have.Methods) > maxBaselineColumns {
		b.problem(row.Line, "one person has more authenticators than there are")
		return
	}
	have.Methods = eachOnce(append(have.Methods, row.Methods...))
	have.Admin = have.Admin || row.Admin
	for _, g := range row.Groups {
		if len(have.Groups) < maxBaselineColumns {
			have.Groups = addOnce(have.Groups, g)
		}
	}
}
