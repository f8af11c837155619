package mapping_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/untrusted"
)

func TestOldProposalsAreForgottenAndMappingsAreNot(t *testing.T) {
	s := mapping.At(t.TempDir())
	propose(t, s, "plan-first", parked(), at)
	confirmed, err := s.Confirm(t.Context(), "plan-first", intake.ByForm, at)
	if err != nil {
		t.Fatal(err)
	}
	var last *mapping.File
	for i := range 105 {
		answers := intake.Answers{Words: map[string]map[string]string{"Decision": {fmt.Sprint("Word ",
			i): intake.WordRefuses}}}
		last, err = s.Propose(t.Context(), mapping.Proposal{
			Application: app,
			Header:      header(month1),
			Answers:     said(answers),
			Plan:        fmt.Sprint("plan-", i),
			At:          at.Add(time.Duration(i) * time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := s.List()
	if err != nil || len(files) != 101 {
		t.Fatalf("%d mappings are there, %v; want 100 proposals and a mapping", len(files), err)
	}
	for _, name := range []string{confirmed.Name, last.Name} {
		if !slices.ContainsFunc(files, func(f *mapping.File) bool { return f.Name == name }) {
			t.Errorf("%s is gone", name)
		}
	}
}

func TestAProposalHasAllAnswersAndOnlyWhenSomeoneSaidMore(t *testing.T) {
	s := mapping.At(t.TempDir())
	export := intake.Answered{
		By:      intake.ByMapping,
		Answers: intake.Answers{Columns: intake.Mapping{User: "Username"}},
	}
	p := mapping.Proposal{
		Application: app,
		Header:      header(month1),
		Answers:     []intake.Answered{export},
		Plan:        "plan-1",
		At:          at,
	}
	if f, err := s.Propose(t.Context(), p); f != nil || err != nil {
		t.Errorf("what an export says is proposed as %v, %v", f, err)
	}
	p.Answers = []intake.Answered{
		{
			By:      intake.ByForm,
			Answers: intake.Answers{Words: map[string]map[string]string{"DECISION": {"Mothballed": intake.WordRefuses}}},
		},
		{
			By:      intake.ByArgument,
			Answers: intake.Answers{Words: map[string]map[string]string{"Decision": {"Mothballed": intake.WordGrants}}},
		},
		export,
	}
	f, err := s.Propose(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := intake.Answers{
		Columns: intake.Mapping{User: "username"},
		Words:   map[string]map[string]string{"decision": {"Mothballed": intake.WordRefuses}},
	}
	if !reflect.DeepEqual(f.Answers, want) {
		t.Errorf("proposed is %+v, want %+v: the first that speaks of something counts", f.Answers, want)
	}
}

func TestAConfirmationThatWasInterruptedIsDoneOnce(t *testing.T) {
	dir := t.TempDir()
	s := mapping.At(dir)
	proposed := propose(t, s, "plan-1", parked(), at)
	path := filepath.Join(dir, mapping.Folder, proposed.Name+".json")
	left, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Confirm(t.Context(), "plan-1", intake.ByForm, at)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, left, 0o600); err != nil { // as after a kill between the two steps
		t.Fatal(err)
	}
	if m, err := s.Find(header(month1), app.ID); err != nil || m.File == nil || m.File.Name != first.Name {
		t.Errorf("found %v, %v", m.File, err)
	}
	if _, err := s.Confirm(t.Context(), "plan-1", intake.ByForm, at); err != nil {
		t.Fatal(err)
	}
	if files, err := s.List(); err != nil || len(files) != 1 || !reflect.DeepEqual(files[0], first) {
		t.Errorf("there are %d files, %v; want the mapping alone", len(files), err)
	}
}

func TestNothingIsProposedThatSaysNothing(t *testing.T) {
	dir := t.TempDir()
	s := mapping.At(dir)
	for name, p := range map[string]mapping.Proposal{
		"no answers":     {Application: app, Header: header(month1), Plan: "plan-1", At: at},
		"no application": {Header: header(month1), Answers: said(parked()), Plan: "plan-1", At: at},
		"columns alike": {
			Application: app,
			Header:      []string{"Role", "ROLE"},
			Answers:     said(parked()),
			Plan:        "plan-1",
			At:          at,
		},
		"a nameless one": {
			Application: app,
			Header:      []string{"Role", ""},
			Answers:     said(parked()),
			Plan:        "plan-1",
			At:          at,
		},
		"no header at all": {Application: app, Answers: said(parked()), Plan: "plan-1", At: at},
	} {
		if f, err := s.Propose(t.Context(), p); f != nil || err != nil {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%d files were written, %v", len(entries), err)
	}
}

func TestHostileTextsOfAReportSurvive(t *testing.T) {
	s := mapping.At(t.TempDir())
	for i, text := range hostile {
		answers := intake.Answers{Words: map[string]map[string]string{"Decision": {text + fmt.Sprint(i): intake.WordRefuses}}}
		f, err := s.Propose(t.Context(), mapping.Proposal{
			Application: mapping.Application{ID: app.ID, Label: text},
			Header:      header(month1),
			Answers:     said(answers),
			Words: []intake.Words{{
				Column: untrusted.NewStored("Decision"),
				Words:  []intake.WordUse{{Word: untrusted.NewStored(text)}},
			}},
			Plan: text,
			At:   at,
		})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		back, err := s.Show(f.Name)
		if err != nil || !reflect.DeepEqual(f, back) {
			t.Errorf("%q came back as %+v, %v", text, back, err)
		}
		if !bytes.Equal([]byte(back.Application.Label), []byte(text)) {
			t.Errorf("the label came back as %q", back.Application.Label)
		}
	}
}
