package mapping_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/trouble"
)

var app = mapping.Application{ID: "0oa1", Label: "Acme Finance"}

// The report of one month. Certifier's Word is a column that the program does not know, with a word that no file lists.
const month1 = `Username,Role,Decision

ada.quill@acme.example.com,AP Clerk,Approve
bo.renner@acme.example.com,AP Manager,Mothballed
cy.moor@acme.example.com,AP Clerk,Revoke
`

func header(report string) []string { return strings.Split(strings.SplitN(report, "\n", 2)[0], ",") }

func read(t *testing.T, report string, answers ...intake.Answered) *intake.Report {
	t.Helper()
	rep, err := intake.Read(t.Context(), strings.NewReader(report), intake.Options{
		File:    "report.csv",
		Answers: answers,
		Today:   at,
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// granted lists person and value of the rows that would be planned.
func granted(rep *intake.Report) []string {
	var all []string
	for _, row := range rep.Rows {
		if row.State == intake.RowWanted {
			for _, v := range rep.Accesses[row.Access] {
				all = append(all, rep.People[row.Person].Email.Raw()+" "+rep.Values[v].Text.Raw())
			}
		}
	}
	return all
}

func codes(rep *intake.Report) []string {
	var all []string
	for _, d := range rep.Open() {
		all = append(all, d.Code+" "+d.Column.Raw())
	}
	return all
}

// parked are the answers to the doubts of month1.
func parked() intake.Answers {
	return intake.Answers{Words: map[string]map[string]string{"Decision": {"Mothballed": intake.WordRefuses}}}
}

// said are answers that came as an argument of a conversation.
func said(answers intake.Answers) []intake.Answered {
	return []intake.Answered{{By: intake.ByArgument, Answers: answers}}
}

func propose(t *testing.T, s *mapping.Store, plan string, answers intake.Answers, when time.Time) *mapping.File {
	t.Helper()
	layers := said(answers)
	rep := read(t, month1, layers...)
	f, err := s.Propose(t.Context(), mapping.Proposal{
		Application: app,
		Header:      header(month1),
		Answers:     layers,
		Words:       rep.Reading.Words,
		Plan:        plan,
		At:          when,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAMappingIsAppliedOnceAPersonConfirmedAPlanThatWasMadeWithIt(t *testing.T) {
	dir := t.TempDir()
	s := mapping.At(dir)
	if got := codes(read(t, month1)); !slices.Equal(got, []string{"unknown_word Decision"}) {
		t.Fatalf("without answers the doubts are %q", got)
	}
	proposed := propose(t, s, "plan-1", parked(), at)
	if m, err := s.Find(header(month1), app.ID); err != nil || m.File != nil {
		t.Fatalf("a proposal is applied: %v, %v", m.File, err)
	}
	if shown, err := s.Proposed(header(month1), app.ID); err != nil || len(shown) != 1 || shown[0].Name != proposed.Name {
		t.Fatalf("the proposal is not shown: %v, %v", shown, err)
	}
	if f, err := s.Confirm(t.Context(), "plan-1", intake.ByArgument, at); err == nil || f != nil {
		t.Fatalf("an argument of a conversation confirmed it: %v, %v", f, err)
	}
	if f, err := s.Confirm(t.Context(), "plan-2", intake.ByForm, at); err != nil || f != nil {
		t.Fatalf("another plan confirmed it: %v, %v", f, err)
	}
	confirmed, err := s.Confirm(t.Context(), "plan-1", intake.ByForm, at)
	if err != nil || confirmed == nil || confirmed.ConfirmedPlan != "plan-1" || confirmed.ConfirmedBy != intake.ByForm {
		t.Fatalf("confirmed is %+v, %v", confirmed, err)
	}
	if f, err := mapping.At(dir).Show(confirmed.Name); err != nil || !reflect.DeepEqual(f, confirmed) {
		t.Errorf("another process sees %+v, %v", f, err)
	}
	if _, err := s.Show(proposed.Name); trouble.CodeOf(err) != trouble.MappingNotFound {
		t.Errorf("the proposal is left: %v", err)
	}
	m, err := s.Find(header(month1), app.ID)
	if err != nil || m.File == nil || m.Answered.By != intake.ByMapping {
		t.Fatalf("found %+v, %v", m, err)
	}
	if m, _ := s.Find(header(month1), "0oa2"); m.File != nil {
		t.Error("the mapping of another application is applied")
	}
	if f := propose(t, s, "plan-3", parked(), at); f != nil {
		t.Errorf("the same answers are proposed again as %s", f.Name)
	}
}

func TestTheSecondMonthAsksAboutWhatIsNewAlone(t *testing.T) {
	s := mapping.At(t.TempDir())
	propose(t, s, "plan-1", parked(), at)
	if _, err := s.Confirm(t.Context(), "plan-1", intake.ByTerminal, at); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		report  string
		fits    bool
		doubts  []string
		granted []string
	}{
		{"the same words", month1, true, nil, []string{"ada.quill@acme.example.com AP Clerk"}},
		{"the header in another case and order",
			"ROLE, decision ,Username\nAP Clerk,Approve,ada.quill@acme.example.com\nAP " +
				"Clerk,Mothballed,bo.renner@acme.example.com\n",
			true, nil, []string{"ada.quill@acme.example.com AP Clerk"}},
		{"an answered word that is gone", strings.Replace(month1, "Mothballed", "Revoke", 1), true, nil,
			[]string{"ada.quill@acme.example.com AP Clerk"}},
		{"a new word", month1 + "di.vance@acme.example.com,AP Clerk,Zwischengelagert\n", true,
			[]string{"unknown_word Decision"}, nil},
		{"a new column that refuses", "Username,Role,Decision,Revoked\nada.quill@acme.example.com,AP " +
			"Clerk,Approve,yes\n", false, nil, nil},
		{"a renamed column", strings.Replace(month1, "Decision", "Final Decision", 1), false,
			[]string{"unknown_word Final Decision"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := s.Find(header(tt.report), app.ID)
			if err != nil || (m.File != nil) != tt.fits {
				t.Fatalf("fits is %v, want %v (%v)", m.File != nil, tt.fits, err)
			}
			var answers []intake.Answered
			if m.File != nil {
				answers = append(answers, m.Answered)
			}
			rep := read(t, tt.report, answers...)
			if got := codes(rep); !slices.Equal(got, tt.doubts) {
				t.Errorf("doubts %q, want %q", got, tt.doubts)
			}
			if got := granted(rep); !slices.Equal(got, tt.granted) {
				t.Errorf("granted %q, want %q", got, tt.granted)
			}
			for _, settled := range rep.Reading.Settled {
				if settled.By != intake.ByMapping {
					t.Errorf("the doubt %s was settled by %q, want mapping", settled.Code, settled.By)
				}
			}
		})
	}
}

func TestNewAnswersReplaceAMappingWhenTheirPlanIsConfirmed(t *testing.T) {
	s := mapping.At(t.TempDir())
	propose(t, s, "plan-1", parked(), at)
	first, err := s.Confirm(t.Context(), "plan-1", intake.ByForm, at)
	if err != nil {
		t.Fatal(err)
	}
	other := intake.Answers{Words: map[string]map[string]string{"Decision": {"Mothballed": intake.WordGrants}}}
	propose(t, s, "plan-2", other, at.Add(time.Hour))
	if m, _ := s.Find(header(month1), app.ID); !reflect.DeepEqual(m.File, first) {
		t.Errorf("before its plan is confirmed, %+v is applied", m.File)
	}
	if _, err := s.Confirm(t.Context(), "plan-2", intake.ByForm, at.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	files, err := s.List()
	if err != nil || len(files) != 1 || files[0].Name != first.Name || files[0].ConfirmedPlan != "plan-2" {
		t.Errorf("there are %d files, %v; want one under the name of the first", len(files), err)
	}
}

func TestNewWordsAreKnownForThePersonWhoConfirms(t *testing.T) {
	s := mapping.At(t.TempDir())
	f := propose(t, s, "plan-1", parked(), at)
	rep := read(t, month1+"di.vance@acme.example.com,AP Clerk,Certified\n", intake.Answered{
		By:      intake.ByMapping,
		Answers: parked(),
	})
	want := map[string][]string{"Decision": {"Certified"}}
	if got := f.News(&rep.Reading); !reflect.DeepEqual(got, want) {
		t.Errorf("new words %v, want %v", got, want)
	}
}

func TestAFileThatCannotBeReadHidesNoOther(t *testing.T) {
	dir := t.TempDir()
	s := mapping.At(dir)
	propose(t, s, "plan-1", parked(), at)
	good, err := s.Confirm(t.Context(), "plan-1", intake.ByForm, at)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, mapping.Folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("broken.json", "{\n  \"format\": 1,\n  \"nmae\": \"broken\"\n}\n")
	put("future.json", `{"format": 99}`)
	put("empty.json", "")
	put("readme.txt", "no mapping")
	put(".tmp-x.json-ABCDEFGHIJ~", "left by a process that was killed")
	m, err := s.Find(header(month1), app.ID)
	if m.File == nil || m.File.Name != good.Name {
		t.Errorf("found %v, want %s", m.File, good.Name)
	}
	for _, want := range []string{"mappings/broken.json line 3", "mappings/future.json line 1: format 99",
		"mappings/empty.json"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %q: %v", want, err)
		}
	}
	if err := s.Delete(t.Context(), "broken"); err != nil {
		t.Errorf("a mapping that cannot be read cannot be deleted: %v", err)
	}
}

func TestAFileUnderAnotherNameIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := mapping.At(dir)
	f := propose(t, s, "plan-1", parked(), at)
	folder := filepath.Join(dir, mapping.Folder)
	if err := os.Rename(filepath.Join(folder, f.Name+".json"), filepath.Join(folder, "other.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Show("other"); trouble.CodeOf(err) != trouble.MappingDamaged ||
		!strings.Contains(err.Error(), "another name") {
		t.Errorf("got %v", err)
	}
}

func TestFilesOutsideTheFolderAreNoMappings(t *testing.T) {
	state, inbox := t.TempDir(), t.TempDir()
	confirmed := good()
	confirmed.Status, confirmed.Plans = mapping.Confirmed, nil
	confirmed.ConfirmedAt, confirmed.ConfirmedBy = at, intake.ByForm
	data := []byte(encoded(t, confirmed))
	for _, path := range []string{
		filepath.Join(inbox, confirmed.Name+".json"),
		filepath.Join(state, confirmed.Name+".json"),
		filepath.Join(inbox, mapping.Folder+".json"),
	} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := mapping.At(state)
	if m, err := s.Find(confirmed.Header, "0oa1"); m.File != nil || err != nil {
		t.Errorf("a file that is not in the folder is applied: %v, %v", m.File, err)
	}
	for _, name := range []string{"../" + confirmed.Name, "/etc/passwd", "..", ""} {
		if _, err := s.Show(name); trouble.CodeOf(err) != trouble.MappingNotFound {
			t.Errorf("show %q: %v", name, err)
		}
		if err := s.Delete(t.Context(), name); trouble.CodeOf(err) != trouble.MappingNotFound {
			t.Errorf("delete %q: %v", name, err)
		}
	}
	folder := filepath.Join(state, mapping.Folder)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(inbox, confirmed.Name+".json"),
		filepath.Join(folder, confirmed.Name+".json")); err != nil {
		t.Skip("no symbolic links here")
	}
	if m, err := s.Find(confirmed.Header, "0oa1"); m.File != nil || err == nil {
		t.Errorf("a link into the inbox is followed: %v, %v", m.File, err)
	}
}

func TestAnImportWaitsForAConfirmedPlanUnlessThePersonVouches(t *testing.T) {
	confirmed := good()
	confirmed.Status, confirmed.Plans = mapping.Confirmed, nil
	confirmed.ConfirmedAt, confirmed.ConfirmedBy = at, intake.ByForm
	data := []byte(encoded(t, confirmed))
	s := mapping.At(t.TempDir())
	f, err := s.Import(t.Context(), "mine.json", data, false, at)
	if err != nil || f.Status != mapping.Proposed {
		t.Fatalf("imported as %+v, %v", f, err)
	}
	if _, err := s.Import(t.Context(), "mine.json", data, true, at); trouble.CodeOf(err) != trouble.MappingExists {
		t.Errorf("a second import under the name: %v", err)
	}
	if err := s.Delete(t.Context(), f.Name); err != nil {
		t.Fatal(err)
	}
	f, err = s.Import(t.Context(), "mine.json", data, true, at)
	if err != nil || f.Status != mapping.Confirmed || f.ConfirmedBy != intake.ByTerminal {
		t.Fatalf("imported as %+v, %v", f, err)
	}
	if m, err := s.Find([]string{"Decision", "Role", "Username"}, "0oa1"); err != nil || m.File == nil {
		t.Errorf("found %v, %v", m.File, err)
	}
	export, err := os.ReadFile("../intake/exports/microsoft-365-users.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), "m.json", export, false, at); trouble.CodeOf(err) != trouble.MissingArgument {
		t.Errorf("an export is imported without a word of a person: %v", err)
	}
	if _, err := s.Import(t.Context(), "m.json", export, true, at); err != nil {
		t.Error(err)
	}
}

func TestAnImportedProposalIsConfirmedByThePlanThatUsesIt(t *testing.T) {
	here, there := mapping.At(t.TempDir()), mapping.At(t.TempDir())
	propose(t, here, "plan-1", parked(), at)
	confirmed, err := here.Confirm(t.Context(), "plan-1", intake.ByForm, at)
	if err != nil {
		t.Fatal(err)
	}
	f, err := there.Import(t.Context(), "moved.json", []byte(encoded(t, confirmed)), false, at)
	if err != nil || f.Status != mapping.Proposed {
		t.Fatalf("imported as %+v, %v", f, err)
	}
	propose(t, there, "plan-2", f.Answers, at)
	if _, err := there.Confirm(t.Context(), "plan-2", intake.ByTerminal, at); err != nil {
		t.Fatal(err)
	}
	files, err := there.List()
	if err != nil || len(files) != 1 || files[0].Status != mapping.Confirmed || files[0].Name != confirmed.Name {
		t.Errorf("there are %d files, %v; want the confirmed mapping alone", len(files), err)
	}
}

func TestProcessesThatProposeAtOnceLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			word := fmt.Sprintf("Word %d", i)
			answers := intake.Answers{Words: map[string]map[string]string{"Decision": {word: intake.WordRefuses}}}
			_, err := mapping.At(dir).Propose(t.Context(), mapping.Proposal{
				Application: app,
				Header:      header(month1),
				Answers:     said(answers),
				Plan:        fmt.Sprint("plan-", i),
				At:          at,
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if files, err := mapping.At(dir).List(); err != nil || len(files) != 8 {
		t.Errorf("%d mappings are there, %v; want 8", len(files), err)
	}
}
