package intake_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
)

func TestAnswersThatContradictTheFileAreRefusedNamingTheNearest(t *testing.T) {
	const text = "Email,Role,Decision,System\nada@acme.example.com,Buyer,Approve,PRD\nben@acme.example.com,Buyer,Parked,DEV\n"
	tests := []struct {
		name    string
		answers intake.Answers
		code    trouble.Code
		near    string
	}{
		{"a column", intake.Answers{Columns: intake.Mapping{User: "Emial"}}, trouble.UnknownColumn, `"Email"`},
		{"a word", intake.Answers{Words: map[string]map[string]string{"Decision": {"Parkd": "refuses"}}},
			trouble.UnknownWord, `"Parked"`},
		{"a column of words", intake.Answers{Words: map[string]map[string]string{"Desision": {"Parked": "refuses"}}},
			trouble.UnknownColumn, `"Decision"`},
		{"words of a column that does not decide",
			intake.Answers{Words: map[string]map[string]string{"Role": {"Buyer": "refuses"}}},
			trouble.UnusableAnswer, "does not decide"},
		{"a meaning", intake.Answers{Words: map[string]map[string]string{"Decision": {"Parked": "perhaps"}}},
			trouble.UnusableAnswer, "grants or refuses"},
		{"a value", intake.Answers{Rows: map[string][]string{"System": {"PRT"}}}, trouble.UnknownValue, `"PRD"`},
		{"a line", intake.Answers{HeaderLine: 40}, trouble.UnknownLine, "line 1"},
		{"a delimiter", intake.Answers{Delimiter: "ab"}, trouble.UnusableAnswer, "one sign"},
		{"an encoding", intake.Answers{Encoding: "klingon"}, trouble.BadEncoding, "windows-1250"},
		{"a role", intake.Answers{Columns: intake.Mapping{Others: map[string]intake.Role{"Role": "boss"}}},
			trouble.UnusableAnswer, "state"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := intake.Read(context.Background(), strings.NewReader(text),
				intake.Options{Answers: []intake.Answered{{Answers: tt.answers}}})
			if trouble.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.near) {
				t.Errorf("got %v (%s), want %s naming %s", err, trouble.CodeOf(err), tt.code, tt.near)
			}
		})
	}
}

func TestArgumentsOfADoubtSettleIt(t *testing.T) {
	const text = "Email,Role,Decision\nada@acme.example.com,Buyer,Approve\nben@acme.example.com,Buyer,Parked\n"
	open := read(t, text, intake.Options{}).Open()
	if len(open) != 1 || open[0].Code != intake.DoubtWords || len(open[0].Answers) != 3 {
		t.Fatalf("got %+v", open)
	}
	for i, want := range []string{"wd", "ww", "ww"} { // does not grant, grants, only describes
		var a intake.Answers
		if err := json.Unmarshal([]byte(open[0].Answers[i].Argument), &a); err != nil {
			t.Fatal(err)
		}
		rep := read(t, text, intake.Options{Answers: []intake.Answered{{
			By:      intake.ByArgument,
			Answers: a,
		}}})
		if got := letters(rep); got != want || len(rep.Reading.Settled) == 0 ||
			rep.Reading.Settled[0].By != intake.ByArgument {
			t.Errorf("%s: got %s, want %s; settled %+v", open[0].Answers[i].Label, got, want, rep.Reading.Settled)
		}
	}
}

func TestNamesThatOktaHasSettleCommas(t *testing.T) {
	const text = "Email,Role\nada@acme.example.com,\"Manager, Sales\"\n"
	for name, tt := range map[string]struct {
		known []string
		want  string
	}{"one name": {[]string{"manager, sales"}, "ada Role=Manager, Sales"},
		"a list": {[]string{"Manager", "Sales"}, "ada Role=Manager|ada Role=Sales"}} {
		rep := read(t, text, intake.Options{Known: tt.known})
		if got := strings.Join(wantedPairs(rep), "|"); got != tt.want || len(rep.Open()) > 0 {
			t.Errorf("%s: got %s, open %+v", name, got, rep.Open())
		}
	}
	if open := read(t, text, intake.Options{}).Open(); len(open) != 1 || !open[0].Okta {
		t.Errorf("got %+v, want one doubt that planning may settle", open)
	}
}

func TestTheReadingIsWrittenInTheSameWayEachTime(t *testing.T) {
	const text = "Email,Role,Decision,Valid " +
		"To\nada@acme.example.com,Buyer,Approve,2031-01-01\nben@acme.example.com,Buyer,Revoke,\n"
	var texts []string
	for range 3 {
		rep := read(t, text, intake.Options{Today: today()})
		raw, err := json.Marshal(rep.Reading)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(raw))
		if got, want := rep.Reading.Summary(), "person = Email, access = Role, Decision: Approve grants, Revoke "+
			"does not, Valid To is the last day"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if rep.EarliestEnd.Year() != 2031 {
			t.Errorf("the plan is stale after %v, want 2031", rep.EarliestEnd)
		}
	}
	if texts[0] != texts[1] || texts[1] != texts[2] {
		t.Errorf("got %q", texts)
	}
}
