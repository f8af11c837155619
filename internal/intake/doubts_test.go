package intake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"okta-entitlements-mcp/internal/intake"
)

var update = flag.Bool("update", false, "write the outcomes of testdata/doubts again; look at each before committing it")

// settledCase is what comes of one answer to a doubt. It is kept in testdata/doubts/outcomes.json and was looked at by a
// person.
type settledCase struct {
	Answer   string   `json:"answer"`
	Argument string   `json:"argument"`
	Effect   string   `json:"effect"` // what the doubt promises
	States   string   `json:"states"` // as letters writes them, of the report with the answer
	Grants   []string `json:"grants"`
}

// declaredDoubts are the codes that the package declares.
func declaredDoubts(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doubts.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if is && len(spec.Names) == 1 && strings.HasPrefix(spec.Names[0].Name, "Doubt") && len(spec.Values) == 1 {
			if lit, is := spec.Values[0].(*ast.BasicLit); is && lit.Kind == token.STRING {
				code, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, code)
			}
		}
		return true
	})
	if len(codes) < 16 {
		t.Fatalf("found %q only", codes)
	}
	return codes
}

// doubtFiles are the reports of the folder by name, and the workbook with a hidden row and a hidden column.
func doubtFiles(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/doubts/*.csv")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".csv")] = raw
	}
	files[intake.DoubtHidden] = book(t, [][]any{{"Email", "Role", "Group"}, {"ada.quill@acme.example.com", "Buyer", "Sales"},
		{"bo.renner@acme.example.com", "Viewer", "Ops"}}, func(f *excelize.File) {
		if err := errors.Join(f.SetRowVisible("Sheet1", 3, false), f.SetColVisible("Sheet1", "C", false)); err != nil {
			t.Fatal(err)
		}
	})
	return files
}

// Each doubt has a small file, and each answer that it offers ends in exactly the rows that its numbers promise, by the
// argument that it names.
func TestEachAnswerToADoubtDoesWhatItPromises(t *testing.T) {
	want := map[string][]settledCase{}
	outcomes := filepath.Join("testdata", "doubts", "outcomes.json")
	raw, err := os.ReadFile(outcomes)
	if err == nil {
		err = json.Unmarshal(raw, &want)
	}
	if err != nil && !*update {
		t.Fatal(err)
	}
	got := map[string][]settledCase{}
	covered := map[string]bool{}
	for name, report := range doubtFiles(t) {
		code, _, _ := strings.Cut(name, "-")
		covered[code] = true
		got[name] = settleEach(t, name, code, report)
		if !*update && fmt.Sprintf("%+v", got[name]) != fmt.Sprintf("%+v", want[name]) {
			t.Errorf("%s\n got %+v\nwant %+v", name, got[name], want[name])
		}
	}
	for _, code := range declaredDoubts(t) {
		if !covered[code] {
			t.Errorf("the doubt %s has no report in testdata/doubts", code)
		}
	}
	for name := range want {
		if got[name] == nil && !*update {
			t.Errorf("the report %s is missing", name)
		}
	}
	if *update {
		text, err := json.MarshalIndent(got, "", "  ")
		if err == nil {
			err = os.WriteFile(outcomes, append(text, '\n'), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// settleEach gives every answer to the one doubt of a report.
func settleEach(t *testing.T, name, code string, report []byte) []settledCase {
	t.Helper()
	read := func(answers ...intake.Answered) *intake.Report {
		rep, err := intake.Read(t.Context(), bytes.NewReader(report), intake.Options{Today: today(), Answers: answers})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return rep
	}
	rep := read()
	open := rep.Open()
	if len(open) != 1 || open[0].Code != code || len(open[0].Answers) == 0 {
		t.Errorf("%s has the doubts %+v, want %s alone", name, open, code)
		return nil
	}
	if n := rep.Counts().Wanted; n != 0 {
		t.Errorf("%s: %d rows grant while the doubt is open", name, n)
	}
	var all []settledCase
	for _, a := range open[0].Answers {
		var answers intake.Answers
		strict := json.NewDecoder(strings.NewReader(a.Argument))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&answers); err != nil {
			t.Fatalf("%s: %s: %v", name, a.Argument, err)
		}
		with := read(intake.Answered{By: intake.ByArgument, Answers: answers})
		if len(with.Open()) != 0 {
			t.Errorf("%s: %q leaves %+v", name, a.Label, with.Open())
		}
		if !slices.ContainsFunc(with.Reading.Settled, func(s intake.Settled) bool { return s.By == intake.ByArgument }) {
			t.Errorf("%s: %q: the reading does not say who settled the doubt: %+v", name, a.Label, with.Reading.Settled)
		}
		if does := effectOf(with); a.Effect != does {
			t.Errorf("%s: %q promises %q and does %q", name, a.Label, a.Effect, does)
		}
		all = append(all, settledCase{a.Label, a.Argument, a.Effect, letters(with), wantedPairs(with)})
	}
	return all
}

// effectOf counts what a report grants, row by row.
func effectOf(rep *intake.Report) string {
	grants, users, values := 0, map[string]bool{}, map[int32]bool{}
	for _, row := range rep.Rows {
		if row.State == intake.RowWanted {
			grants++
			users[rep.People[row.Person].Email.Raw()] = true
			for _, v := range rep.Accesses[row.Access] {
				values[v] = true
			}
		}
	}
	count := func(n int, one, several string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %s", n, several)
	}
	return fmt.Sprintf("%s, %s not; %s, %s", count(grants, "row grants", "rows grant"),
		count(len(rep.Rows)-grants, "does", "do"), count(len(users), "user", "users"), count(len(values), "value", "values"))
}
