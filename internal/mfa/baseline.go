package mfa

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// Bounds of an export. Half a million people with the usual columns stay under the size.
const (
	MaxBaselineBytes   = 128 << 20
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

// BaselineRecord is one record of an export, as the reader of reports gives it.
type BaselineRecord struct {
	Line  int // of the file, where the record begins
	Cells []string
	Flaw  string // why the record cannot be used; "" for none
}

// ParseBaseline reads the records of such an export, the heading first. Columns are found by their
// names in any case and order; which ones an export has is chosen in the Admin Console. There must be a column that names people
// and one that lists authenticators (or one column for each authenticator). Rows of one person are joined. A row that cannot be used
// is counted with its line; a file that cannot be used is an error that says what is missing.
func ParseBaseline(records iter.Seq2[BaselineRecord, error]) (*Baseline, error) {
	b := &baselineReader{
		out:     &Baseline{},
		columns: map[string]int{},
		flags:   map[int]Method{},
		people:  map[string]int{},
	}
	if err := b.read(records); err != nil {
		return nil, fmt.Errorf("read MFA baseline: %w", err)
	}
	return b.out, nil
}

// read takes in the heading, which comes first, and the rows.
func (b *baselineReader) read(records iter.Seq2[BaselineRecord, error]) error {
	for record, err := range records {
		switch {
		case err != nil:
			return err
		case b.width == 0 && record.Flaw != "":
			return fmt.Errorf("line %d, the heading: %s", record.Line, record.Flaw)
		case b.width == 0:
			if err := b.heading(record.Cells); err != nil {
				return err
			}
		case record.Flaw != "":
			b.out.Lines++
			b.problem(record.Line, record.Flaw)
		case len(b.out.Rows) >= maxBaselineRows:
			return fmt.Errorf("the file has more than %d people; export it in parts", maxBaselineRows)
		default:
			b.row(record.Line, record.Cells)
		}
	}
	if b.width == 0 {
		return errors.New("the file is empty; export the report \"MFA enrollment by user\" again")
	}
	return nil
}

// baselineReader reads rows by the columns that the heading has.
type baselineReader struct {
	out     *Baseline
	columns map[string]int // meaning → index
	flags   map[int]Method // columns that stand for one authenticator each
	width   int
	people  map[string]int // who → index in out.Rows
}

// heading finds the columns. The first column of a meaning is taken; a second one of the same is not understood.
func (b *baselineReader) heading(cells []string) error {
	if len(cells) > maxBaselineColumns {
		const text = "the heading has %d columns, at most %d; is this the report \"MFA enrollment by user\"?"
		return fmt.Errorf(text, len(cells), maxBaselineColumns)
	}
	b.width = len(cells)
	var unknown []string
	for i, cell := range cells {
		if !b.column(i, cell) {
			unknown = append(unknown, quoted(cell))
		}
	}
	if err := b.checkColumns(cells); err != nil {
		return err
	}
	if len(unknown) > 0 {
		b.out.Notes = append(b.out.Notes, "columns that were not understood and not used: "+enumerate(unknown))
	}
	return nil
}

// column takes one column in, and reports whether it is understood.
func (b *baselineReader) column(i int, cell string) bool {
	name := squeeze(cell)
	means, known := baselineColumns[name]
	if known && means == "" {
		return true // and not needed
	}
	if _, taken := b.columns[means]; known && !taken {
		b.columns[means] = i
		return true
	}
	key, isMethod := displayNames[name]
	if isMethod && key != "okta_password" {
		b.flags[i] = displayed(cell)
	}
	return isMethod
}

// checkColumns refuses a heading without people or without authenticators, and one of another report.
func (b *baselineReader) checkColumns(cells []string) error {
	for _, cell := range cells {
		if report := otherReport(squeeze(cell)); report != "" {
			return fmt.Errorf("the column %s is of %s, in which a row is no person's enrolments; "+
				"export the report \"MFA enrollment by user\"", quoted(cell), report)
		}
	}
	if _, lists := b.columns["methods"]; !lists && len(b.flags) == 0 {
		return fmt.Errorf("no column lists authenticators, such as \"Authenticator type\"; columns are %s", b.names(cells))
	}
	for _, means := range [...]string{"id", "login", "email", "user"} {
		if _, has := b.columns[means]; has {
			return nil
		}
	}
	return fmt.Errorf("no column names people, such as \"User login\", \"User email\" or \"User ID\"; columns are %s", b.names(cells))
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
		Name: b.cell(record, "name"), Status: statusOf(b.cell(record, "status")), Admin: truthy(b.cell(record, "admin")),
		Groups: splitList(b.cell(record, "groups"))}
	if user := b.cell(record, "user"); row.Login == "" && row.ID == "" && strings.Contains(user, "@") {
		row.Login = user // Okta's help calls both the person and the login "User"
	} else {
		row.Name = cmp.Or(row.Name, user)
	}
	row.Name = cmp.Or(row.Name, strings.TrimSpace(b.cell(record, "first")+" "+b.cell(record, "last")))
	who := cmp.Or(row.ID, fold(row.Login), fold(row.Email))
	if who == "" {
		b.problem(line, "no one is named")
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
