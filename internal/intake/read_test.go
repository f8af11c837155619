package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

func read(t *testing.T, text string, opts intake.Options) *intake.Report {
	t.Helper()
	rep, err := intake.Read(context.Background(), strings.NewReader(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func values(rep *intake.Report) []string {
	var all []string
	for _, v := range rep.Values {
		all = append(all, rep.Entitlements[v.Entitlement].Name.Raw()+"="+v.Text.Raw())
	}
	return all
}

const header = "Email,User_ID,Access_Date,Action_Type,Role,Permission_Set,Effective_Access\n"

func TestSamplesReadAsTheirNamesPromise(t *testing.T) {
	tests := []struct {
		file                string
		want                intake.Counts
		creeping, denyLater int
	}{
		{"sample_small_baseline.csv", intake.Counts{
			Rows:        10,
			Wanted:      10,
			Users:       10,
			UsersWanted: 10,
		}, 0, 0},
		{"sample_medium_denormalized.csv", intake.Counts{
			Rows:        45,
			Wanted:      36,
			Denied:      9,
			Users:       20,
			UsersWanted: 20,
		}, 6, 0},
		{"sample_permission_creep.csv", intake.Counts{
			Rows:        20,
			Wanted:      19,
			Denied:      1,
			Users:       5,
			UsersWanted: 5,
		}, 4, 0},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "..", "csv", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(text), header) {
				t.Error("the header is not the documented one")
			}
			rep := read(t, string(text), intake.Options{})
			if got := rep.Counts(); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if len(rep.Problems) > 0 {
				t.Errorf("got problems %v, want none", rep.Problems)
			}
			if _, n := rep.Creep(0); n != tt.creeping {
				t.Errorf("got %d users with creep, want %d", n, tt.creeping)
			}
			if _, n := rep.LaterDenials(0); n != tt.denyLater {
				t.Errorf("got %d later denials, want %d", n, tt.denyLater)
			}
			for _, p := range rep.People {
				if !strings.HasSuffix(p.Email.Raw(), "@acme.example.com") {
					t.Errorf("%s is not of acme.example.com", p.Email.Raw())
				}
			}
		})
	}
}

func TestRefusalsHaveStableCodesAndANextStep(t *testing.T) {
	long := "Email,Role\nada@acme.example.com," + strings.Repeat("x", 5000) + "\n"
	tests := []struct {
		name, text string
		code       trouble.Code
		opts       intake.Options
	}{
		{"no bytes", "", trouble.EmptyFile, intake.Options{}},
		{"blank lines", "\n\r\n  \n", trouble.EmptyFile, intake.Options{}},
		{"only a byte-order mark", "\ufeff", trouble.EmptyFile, intake.Options{}},
		{"header only", "Email,Role\n", trouble.HeaderOnly, intake.Options{}},
		{"header and blank lines", "Email,Role\n\n\n", trouble.HeaderOnly, intake.Options{}},
		{"a broken workbook", "PK\x03\x04rest", trouble.WorkbookDamaged, intake.Options{}},
		{"NUL bytes", "Email,Role\nada\x00@acme.example.com,x\n", trouble.BinaryFile, intake.Options{}},
		{"UTF-32", "\xff\xfe\x00\x00E\x00\x00\x00", trouble.BadEncoding, intake.Options{}},
		{"a long record", long, trouble.LineTooLong, intake.Options{MaxLine: 1000}},
		{"no user column", "Department,Role\nSales,Admin\nHR,Viewer\n", trouble.NoUserColumn, intake.Options{}},
		{"a mapping to nowhere", "Email,Role\nada@acme.example.com,x\n", trouble.UnknownColumn,
			intake.Options{Mapping: intake.Mapping{User: "Emial"}}},
		{"a column with two roles", "Email,Role\nada@acme.example.com,x\n", trouble.MappingClash,
			intake.Options{Mapping: intake.Mapping{User: "Email", Date: "Email"}}},
		{"two columns of one name", "Email,Role,Role\nada@acme.example.com,x,y\n", trouble.DuplicateHeader, intake.Options{}},
		{"too many rows", "Email,Role\n" + strings.Repeat("ada@acme.example.com,x\n", 6), trouble.TooManyRows,
			intake.Options{MaxRows: 5}},
		{"too many values", "Email,Role\nada@acme.example.com,a;b;c;d\n", trouble.TooManyValues,
			intake.Options{MaxValues: 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := intake.Read(context.Background(), strings.NewReader(tt.text), tt.opts)
			var refusal *trouble.Error
			if !errors.As(err, &refusal) || refusal.Code != tt.code {
				t.Fatalf("got %v (%s), want code %s", err, trouble.CodeOf(err), tt.code)
			}
			if refusal.What == "" || refusal.Next == "" {
				t.Errorf("%+v lacks what happened or the next step", refusal)
			}
		})
	}
}

func TestUnknownColumnSuggestsTheNearMiss(t *testing.T) {
	_, err := intake.Read(context.Background(), strings.NewReader("Email,Role\nada@acme.example.com,x\n"),
		intake.Options{Mapping: intake.Mapping{Entitlements: []string{"Rolle"}}})
	if err == nil || !strings.Contains(err.Error(), `did you mean "Role"?`) ||
		!strings.Contains(err.Error(), `"Email", "Role"`) {
		t.Errorf("got %v", err)
	}
}

func TestReadStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := intake.Read(ctx, strings.NewReader(header), intake.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("disk gone") }

func TestBrokenReadIsNotReadable(t *testing.T) {
	if _, err := intake.Read(context.Background(), brokenReader{},
		intake.Options{}); trouble.CodeOf(err) != trouble.NotReadable {
		t.Errorf("got %v, want %s", err, trouble.NotReadable)
	}
}

// Every problem has its line, its mend and an exact count, and its row has the state that it deserves.
func TestProblemsNameLineAndMend(t *testing.T) {
	const good = "ada@acme.example.com,E1,2026-01-01,Grant,Admin,Console,Permitted\n"
	tests := []struct {
		name, row, code string
		state           intake.RowState
	}{
		{"ragged", "ada@acme.example.com,E1,2026-01-01\n", intake.ProblemRagged, intake.RowBad},
		{"too many fields", "ada@acme.example.com,E1,2026-01-01,Grant,Admin,Console,Permitted,\n",
			intake.ProblemRagged, intake.RowBad},
		{"malformed quote", "ada@acme.example.com,\"E\"1,2026-01-01,Grant,Admin,Console,Permitted\n", intake.ProblemBadQuote,
			intake.RowBad},
		{"unclosed quote", "ada@acme.example.com,\"E1,2026-01-01,Grant,Admin,Console,Permitted\n",
			intake.ProblemUnclosedQuote, intake.RowBad},
		{"stray quote", "ada@acme.example.com,E1,2026-01-01,Grant,Admin 5\",Console,Permitted\n", intake.ProblemStrayQuote,
			intake.RowWanted},
		{"delimiters only", ",,,,,,\n", intake.ProblemEmptyRow, intake.RowBad},
		{"no e-mail", ",E1,2026-01-01,Grant,Admin,Console,Permitted\n", intake.ProblemMissingEmail, intake.RowBad},
		{"malformed e-mail", "ada at acme,E1,2026-01-01,Grant,Admin,Console,Permitted\n",
			intake.ProblemMalformedEmail, intake.RowBad},
		{"unusual e-mail", "аda@acme.example.com,E2,2026-01-01,Grant,Admin,Console,Permitted\n", intake.ProblemUnusualEmail,
			intake.RowWanted},
		{"says nothing", "ada@acme.example.com,E1,2026-01-01,Grant,, ;,Permitted\n", intake.ProblemNoValue,
			intake.RowNoEntitlement},
		{"unknown access word", "ada@acme.example.com,E1,2026-01-01,Grant,Admin,Console,Maybe\n",
			intake.ProblemUnknownAccess, intake.RowDenied},
		{"no access word", "ada@acme.example.com,E1,2026-01-01,Grant,Admin,Console,\n", intake.ProblemUnknownAccess,
			intake.RowDenied},
		{"removal", "ada@acme.example.com,E1,2025-01-01,De-provision,Admin,Console,Permitted\n", intake.ProblemRemovalRow,
			intake.RowDenied},
		{"bad date", "ada@acme.example.com,E1,soon,Grant,Admin,Console,Permitted\n", intake.ProblemBadDate, intake.RowWanted},
		{"repetition", good, intake.ProblemDuplicateRow, intake.RowWanted},
		{"later denied", "ada@acme.example.com,E1,2026-02-01,Grant,Admin,,Denied\n", intake.ProblemLaterDenied,
			intake.RowDenied},
		{"two ids", "ada@acme.example.com,E2,2026-01-02,Grant,Admin,Console,Permitted\n", intake.ProblemManyUserIDs,
			intake.RowWanted},
		{"shared id", "ben@acme.example.com,E1,2026-01-01,Grant,Admin,Console,Permitted\n",
			intake.ProblemSharedUserID, intake.RowWanted},
		{"other case", "ada@acme.example.com,E1,2026-01-02,Grant,admin,Console,Permitted\n",
			intake.ProblemNearDuplicate, intake.RowWanted},
		{"look-alike", "ada@acme.example.com,E1,2026-01-02,Grant,Аdmin,Console,Permitted\n",
			intake.ProblemNearDuplicate, intake.RowWanted},
		{"comma in a name", "ada@acme.example.com,E1,2026-01-02,Grant,\"Manager, Sales\",Console,Permitted\n",
			intake.ProblemSeparator, intake.RowInDoubt},
		{"formula", "ada@acme.example.com,E1,2026-01-02,Grant,=1+1,Console,Permitted\n", intake.ProblemFormula,
			intake.RowWanted},
		{"bidi", "ada@acme.example.com,E1,2026-01-02,Grant,Ad\u202emin,Console,Permitted\n", intake.ProblemControl,
			intake.RowBad},
		{"escape", "ada@acme.example.com,E1,2026-01-02,Grant,\x1b[31mAdmin,Console,Permitted\n",
			intake.ProblemControl, intake.RowBad},
		{"invisible", "ada@acme.example.com,E1,2026-01-02,Grant,Adm\u200bin,Console,Permitted\n", intake.ProblemInvisible,
			intake.RowWanted},
		{"line break", "ada@acme.example.com,E1,2026-01-02,Grant,\"Ad\nmin\",Console,Permitted\n", intake.ProblemLineBreak,
			intake.RowWanted},
		{"too long", "ada@acme.example.com,E1,2026-01-02,Grant," + strings.Repeat("é", 256) + ",Console,Permitted\n",
			intake.ProblemTooLong, intake.RowBad},
		{"broken bytes", "ada@acme.example.com,E1,2026-01-02,Grant,Ad\xffmin ééé,Console,Permitted\n",
			intake.ProblemBadEncoding, intake.RowBad},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep := read(t, header+good+tt.row, intake.Options{})
			if got := rep.Rows[1].State; got != tt.state {
				t.Errorf("got state %d, want %d", got, tt.state)
			}
			if rep.ProblemCounts[tt.code] != 1 {
				t.Fatalf("got counts %v, want one %s", rep.ProblemCounts, tt.code)
			}
			at := slices.IndexFunc(rep.Problems, func(p intake.Problem) bool { return p.Code == tt.code })
			p := rep.Problems[at]
			if p.Line != 3 || p.Fix == "" || p.Message == "" {
				t.Errorf("got %+v, want line 3 with message and mend", p)
			}
			if bad := p.Severity == intake.SeverityError; bad != (tt.state == intake.RowBad) {
				t.Errorf("severity %s does not fit state %d", p.Severity, tt.state)
			}
		})
	}
}

func TestProblemsOfTheHeaderAndTheFile(t *testing.T) {
	rep := read(t, "Email;Note;Note;\nada@acme.example.com;x;y;z\n", intake.Options{})
	for _, code := range []string{intake.ProblemDuplicateHead, intake.ProblemEmptyHead, intake.ProblemNoEntitlements,
		intake.ProblemDelimiter} {
		if rep.ProblemCounts[code] != 1 {
			t.Errorf("got %d of %s, want 1", rep.ProblemCounts[code], code)
		}
	}
}

func TestAFloodOfOneProblemHidesNoOther(t *testing.T) {
	text := header + strings.Repeat("nobody,E1,2026-01-01,Grant,Admin,Console,Permitted\n", 500) + "short\n"
	rep := read(t, text, intake.Options{MaxProblems: 20})
	if len(rep.Problems) != 20 || rep.ProblemCounts[intake.ProblemMalformedEmail] != 500 {
		t.Fatalf("got %d problems and counts %v", len(rep.Problems), rep.ProblemCounts)
	}
	if !slices.ContainsFunc(rep.Problems, func(p intake.Problem) bool { return p.Code == intake.ProblemRagged }) {
		t.Error("the ragged row was hidden")
	}
}

func TestAccessWordsOfTheFilter(t *testing.T) {
	for word, want := range map[string]intake.RowState{"Permitted": intake.RowWanted, "PERMITTED": intake.RowWanted,
		" yes ": intake.RowWanted, "True": intake.RowWanted,
		"1": intake.RowWanted, "allow": intake.RowWanted, "Denied": intake.RowDenied, "NO": intake.RowDenied,
		"false": intake.RowDenied, "0": intake.RowDenied,
		"deny": intake.RowDenied, "NA": intake.RowDenied, "permitted?": intake.RowDenied} {
		rep := read(t, header+"ada@acme.example.com,E1,2026-01-01,Grant,Admin,Console,"+word+"\n", intake.Options{})
		if got := rep.Rows[0].State; got != want {
			t.Errorf("%q: got state %d, want %d", word, got, want)
		}
	}
}

func TestCellsSplitIntoValues(t *testing.T) {
	tests := []struct {
		cell, separators string
		want             []string
	}{
		{"A;B|C", "", []string{"Role=A", "Role=B", "Role=C"}},
		{"\" A ,B,, A\"", "", []string{"Role=A", "Role=B"}},
		{"NA", "", []string{"Role=NA"}},
		{"None;null", "", []string{"Role=None"}},
		{"Sales\u00a0 Lead", "", []string{"Role=Sales Lead"}},
		{"\"Manager, Sales;Lead\"", ";|", []string{"Role=Manager, Sales", "Role=Lead"}},
		{"A;B", "none", []string{"Role=A;B"}},
	}
	for _, tt := range tests {
		rep := read(t, "Email,Role\nada@acme.example.com,"+tt.cell+"\n", intake.Options{
			Mapping: intake.Mapping{Separators: tt.separators},
			Answers: []intake.Answered{{Answers: intake.Answers{NoneIs: intake.NoneIsValue}}},
		})
		if got := values(rep); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.cell, got, tt.want)
		}
	}
}

func TestOneUserIsOneWhateverTheSpelling(t *testing.T) {
	rep := read(t, "Email,Role\nAda@ACME.example.com,A\n ada@acme.example.com "+
		",B\nben@acme.example.com,A\nada@acme.example.com,A\n", intake.Options{})
	if len(rep.People) != 2 || rep.People[0].Email.Raw() != "Ada@ACME.example.com" {
		t.Fatalf("got %v", rep.People)
	}
	want := []intake.Value{{
		Text:  untrusted.New("A"),
		Rows:  3,
		Users: 2,
		Line:  2,
	}, {Text: untrusted.New("B"), Rows: 1, Users: 1, Line: 3}}
	if !reflect.DeepEqual(rep.Values, want) {
		t.Errorf("got %+v, want %+v", rep.Values, want)
	}
	if !rep.Entitlements[0].MultiValue {
		t.Error("a user with two roles did not make the entitlement multi-value")
	}
}

func TestLinesAreThoseOnWhichRecordsStart(t *testing.T) {
	rep := read(t, "Email,Role\n\nada@acme.example.com,\"A\nB\"\n\r\nben@acme.example.com,C\n", intake.Options{})
	if rep.Rows[0].Line != 3 || rep.Rows[1].Line != 6 {
		t.Errorf("got lines %d and %d, want 3 and 6", rep.Rows[0].Line, rep.Rows[1].Line)
	}
}

func TestSameBytesGiveTheSameReport(t *testing.T) {
	var text strings.Builder
	text.WriteString(header)
	for i := range 3000 {
		fmt.Fprintf(&text, "p%d@acme.example.com,E%d,0%d/0%d/2026,Grant,Role %d;role %d,=Set%d,%s\n", i%700, i%650, 1+i%9,
			1+i%7, i%13, i%17, i%5, []string{"Permitted", "Denied", "?"}[i%3])
	}
	a, b := read(t, text.String(), intake.Options{}), read(t, text.String(), intake.Options{})
	if !reflect.DeepEqual(a, b) {
		t.Error("two reads differ")
	}
}

func FuzzReadAccountsForEveryRow(f *testing.F) {
	f.Add([]byte(header + "ada@acme.example.com,E1,2026-01-01,Grant,Admin;B,Console,Permitted\nx,y\n\"\n"))
	f.Add([]byte("\xff\xfeE\x00m\x00"))
	f.Add([]byte("Email;Role\r\nzo\xeb@acme.example.com;x\r\n"))
	cases, err := filepath.Glob(filepath.Join("testdata", "cases", "*.csv"))
	if err != nil || len(cases) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		rep, err := intake.Read(context.Background(), strings.NewReader(string(raw)), intake.Options{
			MaxLine:     1 << 16,
			MaxProblems: 50,
		})
		if err != nil {
			if trouble.CodeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		c := rep.Counts()
		if c.Wanted+c.Denied+c.NoEntitlement+c.Bad+c.Expired+c.NotYetValid+c.NotSelected+c.InDoubt != len(rep.Rows) ||
			len(rep.Problems) > 50 {
			t.Fatalf("states do not add up: %+v, %d rows", c, len(rep.Rows))
		}
		if open := rep.Open(); len(open) > 0 && (c.Wanted > 0 || rep.Refusal() == nil) || len(open) == 0 && c.InDoubt > 0 {
			t.Fatalf("%d doubts are open, %d rows are wanted and %d in doubt", len(open), c.Wanted, c.InDoubt)
		}
		if text, err := json.Marshal(rep.Reading); err != nil || len(rep.Reading.Summary()) == 0 || len(text) == 0 {
			t.Fatalf("the reading cannot be written down: %v", err)
		}
		for _, row := range rep.Rows {
			if row.State == intake.RowWanted && (row.Person < 0 || row.Access < 0 || len(rep.Accesses[row.Access]) == 0) {
				t.Fatalf("a wanted row without user or access: %+v", row)
			}
		}
	})
}
