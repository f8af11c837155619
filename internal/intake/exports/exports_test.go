package exports_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/intake/exports"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/trouble"
)

var today = time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)

// plans says what each sample must grant, a line a person, and nothing else.
var plans = map[string][]string{
	"entra-access-review-history": {"ada.quill@acme.example.com: Finance Clerks, Finance Managers"},
	"microsoft-365-users":         {"ada.quill@acme.example.com: Office 365 E3, Power BI Pro"},
	"github-enterprise-licenses": {
		"ada.quill@acme.example.com: Owner, acme-core: Owner, acme-lab: Member",
		"bo.renner@acme.example.com: Member, acme-core: Member",
	},
	"google-workspace-users":                {"ada.quill@acme.example.com: Google Workspace Business Plus"},
	"atlassian-site-users":                  {"ada.quill@acme.example.com: confluence-users, jira-administrators"},
	"sap-agr-users":                         {"aquill: Z_FI_AP_CLERK"},
	"salesforce-permission-set-assignments": {"ada.quill@acme.example.com: Invoice Approver"},
}

// refusals says why a sample plans nothing.
var refusals = map[string]trouble.Code{
	"okta-current-assignments":       trouble.NoEntitlementColumn,
	"okta-recent-unassignments":      trouble.NoEntitlementColumn,
	"atlassian-users-without-groups": trouble.NoEntitlementColumn,
	"aws-credential-report":          trouble.NoEntitlementColumn,
	"salesforce-permission-set-ids":  trouble.NoUserColumn,
	"sailpoint-campaign-extension":   trouble.NoUserColumn,
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func header(t *testing.T, data []byte) []string {
	t.Helper()
	names, err := csv.NewReader(bytes.NewReader(data)).Read()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// granted lists what a report grants, a line a person, sorted.
func granted(rep *intake.Report) []string {
	by := map[string][]string{}
	for _, row := range rep.Rows {
		if row.State != intake.RowWanted {
			continue
		}
		person := strings.ToLower(rep.People[row.Person].Email.Raw())
		for _, v := range rep.Accesses[row.Access] {
			by[person] = append(by[person], rep.Values[v].Text.Raw())
		}
	}
	var lines []string
	for person, values := range by {
		slices.Sort(values)
		lines = append(lines, person+": "+strings.Join(slices.Compact(values), ", "))
	}
	slices.Sort(lines)
	return lines
}

func read(t *testing.T, data []byte, answers ...intake.Answered) *intake.Report {
	t.Helper()
	rep, err := intake.Read(t.Context(), bytes.NewReader(data), intake.Options{File: "sample.csv", Answers: answers, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestEverySampleIsReadByItsExportAndGrantsThatAlone(t *testing.T) {
	for _, f := range exports.All() {
		t.Run(f.Name, func(t *testing.T) {
			data := sample(t, f.Name)
			found, ok := exports.Find(header(t, data))
			if !ok || found.Name != f.Name {
				t.Fatalf("the sample is matched by %v, want %s", found.File, f.Name)
			}
			if f.Refuse != nil {
				if want, known := refusals[f.Name]; !known || f.Refuse.Code != want {
					t.Errorf("refused with %s, want %q", f.Refuse.Code, want)
				}
				return
			}
			want, known := plans[f.Name]
			if !known {
				t.Fatal("say in plans what its sample must grant")
			}
			rep := read(t, data, found.Answered)
			for _, d := range rep.Open() {
				t.Errorf("open doubt %s about %q: %s", d.Code, d.Column, d.Question)
			}
			if got := granted(rep); !slices.Equal(got, want) {
				t.Errorf("granted %q, want %q", got, want)
			}
		})
	}
}

func TestNoHeaderIsOfTwoExports(t *testing.T) {
	for _, f := range exports.All() {
		found, ok := exports.Find(slices.Concat(f.Header, f.Optional))
		if !ok || found.Name != f.Name {
			t.Errorf("the documented columns of %s are matched by %v", f.Name, found.File)
		}
	}
}

func TestAnExportIsFoundWhateverTheOrderCaseBlanksAndBrackets(t *testing.T) {
	f, _ := exports.Named("microsoft-365-users")
	var names []string
	for i, name := range f.Header {
		if i%2 == 0 {
			name = "  " + strings.ToUpper(strings.ReplaceAll(name, " ", "  ")) + " [READ ONLY] "
		}
		names = append(names, name)
	}
	slices.Reverse(names)
	found, ok := exports.Find(names)
	if !ok || found.Name != f.Name {
		t.Fatalf("found %v, want %s", found.File, f.Name)
	}
	if got, want := found.Answered.Answers.Columns.User, names[slices.Index(f.Header, "User principal name")]; !slices.Contains(names, got) {
		t.Errorf("the user column is %q, which the file does not have; want a name such as %q", got, want)
	}
	if _, ok := exports.Find(f.Header[1:]); ok {
		t.Error("a header without a documented column is matched")
	}
}

func TestARefusalIsForTheDocumentedColumnsAlone(t *testing.T) {
	f, _ := exports.Named("okta-current-assignments")
	if found, ok := exports.Find(append(slices.Clone(f.Header), "Permissions")); ok {
		t.Errorf("a report with a column of its own is refused as %s", found.Name)
	}
}

func TestAnExportDoesNotOverrideCaution(t *testing.T) {
	data := sample(t, "entra-access-review-history")
	unknown := bytes.Replace(data, []byte(",Approve,still in the team"), []byte(",Parkedish,still in the team"), 1)
	found, _ := exports.Find(header(t, unknown))
	rep := read(t, unknown, found.Answered)
	if len(rep.Open()) == 0 || len(granted(rep)) > 0 {
		t.Errorf("a decision of an unknown word: doubts %v, granted %q; want a doubt and nothing granted", rep.Open(), granted(rep))
	}

	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i := range lines {
		lines[i] += map[bool]string{true: ",Final Decision", false: ",Revoked"}[i == 0]
	}
	extra := []byte(strings.Join(lines, "\n") + "\n")
	found, ok := exports.Find(header(t, extra))
	if !ok {
		t.Fatal("a column of its own keeps the export from being found")
	}
	if got := granted(read(t, extra, found.Answered)); len(got) > 0 {
		t.Errorf("a further column that refuses every row is ignored: granted %q", got)
	}
}

func TestWhatAPersonConfirmedGoesBeforeWhatIsBuiltIn(t *testing.T) {
	store := mapping.At(t.TempDir())
	names := header(t, sample(t, "okta-current-assignments"))
	choice, err := exports.Choose(store, names, "0oa1")
	if err != nil || choice.Name != "okta-current-assignments" || choice.Status != mapping.BuiltIn || choice.Refuse == nil {
		t.Fatalf("chosen is %+v, %v", choice, err)
	}
	proposal := mapping.Proposal{
		Application: mapping.Application{ID: "0oa1"}, Header: names, Plan: "plan-1", At: today,
		Answers: []intake.Answered{{By: intake.ByTerminal, Answers: intake.Answers{
			Columns: intake.Mapping{User: "Login", Entitlements: []string{"Application instance"}}}}},
	}
	if _, err := store.Propose(t.Context(), proposal); err != nil {
		t.Fatal(err)
	}
	if choice, err := exports.Choose(store, names, "0oa1"); err != nil || choice.Status != mapping.BuiltIn {
		t.Errorf("a proposal is chosen: %+v, %v", choice, err)
	}
	if _, err := store.Confirm(t.Context(), "plan-1", intake.ByForm, today); err != nil {
		t.Fatal(err)
	}
	choice, err = exports.Choose(store, names, "0oa1")
	if err != nil || choice.Status != mapping.Confirmed || choice.Refuse != nil || choice.Answered.Answers.Columns.User != "Login" {
		t.Errorf("chosen is %+v, %v", choice, err)
	}
	if choice, err := exports.Choose(store, []string{"a", "b"}, "0oa1"); err != nil || choice.Name != "" {
		t.Errorf("chosen for a header that nothing fits: %+v, %v", choice, err)
	}
}

// TestGivenFilesAreFound holds the exports to files of other hands, which the cases of reading hold too.
func TestGivenFilesAreFound(t *testing.T) {
	for file, want := range map[string]string{
		"given-15-k2-okta-current-assignments.csv": "okta-current-assignments",
		"given-20-k3-m365-export-users.csv":        "microsoft-365-users",
		"given-21-k3-google-users.csv":             "google-workspace-users",
		"given-24-k3-aws-credential-report.csv":    "aws-credential-report",
	} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "cases", file))
		if err != nil {
			t.Fatal(err)
		}
		found, ok := exports.Find(header(t, data))
		if !ok || found.Name != want {
			t.Errorf("%s is matched by %v, want %s", file, found.File, want)
			continue
		}
		if found.Refuse == nil {
			if alone, with := granted(read(t, data)), granted(read(t, data, found.Answered)); !slices.Equal(alone, with) {
				t.Errorf("%s: %q is granted with the export, %q without", file, with, alone)
			}
		}
	}
}

// TestNoExportHidesAColumnThatRefuses adds a column that refuses every row to each sample, at each place in the header.
func TestNoExportHidesAColumnThatRefuses(t *testing.T) {
	columns := []struct{ name, cell string }{
		{"Revoked", "yes"}, {"Final Decision", "Reject"}, {"Assignment Status", "Expired"}, {"Valid To", "2025-12-31"},
		{"Unassigned on", "2025-12-31"}, {"Gesperrt", "Ja"}, {"Genehmigt", "Nein"}, {"Reviewer Outcome", "Mothballed"},
		{"Access Approved", "pending"}, {"Valid From", "2027-01-01"},
	}
	for _, f := range exports.All() {
		if f.Refuse != nil {
			continue
		}
		rows, err := csv.NewReader(bytes.NewReader(sample(t, f.Name))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range columns {
			for _, at := range []int{0, len(rows[0]) / 2, len(rows[0])} {
				var report bytes.Buffer
				writer := csv.NewWriter(&report)
				for i, row := range rows {
					cell := column.cell
					if i == 0 {
						cell = column.name
					}
					_ = writer.Write(slices.Insert(slices.Clone(row), at, cell))
				}
				writer.Flush()
				found, ok := exports.Find(header(t, report.Bytes()))
				if !ok || found.Name != f.Name {
					t.Fatalf("%s with %q is matched by %v", f.Name, column.name, found.File)
				}
				rep := read(t, report.Bytes(), found.Answered)
				if got := granted(rep); len(got) > 0 {
					t.Errorf("%s: %q says %q in every row, and %q is granted", f.Name, column.name, column.cell, got)
				}
			}
		}
	}
}
