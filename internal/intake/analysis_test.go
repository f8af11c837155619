package intake_test

import (
	"slices"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

func texts(rep *intake.Report, indexes []int32) []string {
	var all []string
	for _, i := range indexes {
		all = append(all, rep.Values[i].Text.Raw())
	}
	return all
}

const story = "Email,Access_Date,Action_Type,Role,Effective_Access\n" +
	"ada@acme.example.com,2026-01-05,Grant,Clerk,Permitted\n" +
	"ben@acme.example.com,2026-01-05,Grant,Clerk;Lead,Permitted\n" +
	"ada@acme.example.com,2026-03-01,Grant,Approver,Permitted\n" +
	"ada@acme.example.com,2026-02-01,Grant,Lead;Clerk,Permitted\n" +
	"ada@acme.example.com,2026-04-01,Request,Admin,Denied\n" +
	"ben@acme.example.com,2026-05-01,Revoke,Lead,Permitted\n" +
	"ben@acme.example.com,2026-01-01,Request,Clerk,Denied\n"

func TestCreepFollowsDatesAndNotTheOrderOfRows(t *testing.T) {
	rep := read(t, story, intake.Options{})
	users, n := rep.Creep(10)
	if n != 1 || len(users) != 1 {
		t.Fatalf("got %d users with creep, want ada alone", n)
	}
	u := users[0]
	if rep.People[u.Person].Email.Raw() != "ada@acme.example.com" || u.Values != 3 || u.Gained != 2 ||
		u.First.Format("0102") != "0105" || u.Last.Format("0102") != "0301" {
		t.Errorf("got %+v", u)
	}
	want := [][]string{{"Clerk"}, {"Lead"}, {"Approver"}}
	for i, step := range u.Timeline {
		if !slices.Equal(texts(rep, step.Added), want[i]) {
			t.Errorf("step %d: got %q, want %q", i, texts(rep, step.Added), want[i])
		}
	}
}

func TestLaterDenialsFollowDates(t *testing.T) {
	rep := read(t, story, intake.Options{})
	found, n := rep.LaterDenials(0)
	// Ben's Lead was permitted and then revoked. His Clerk was denied before it was permitted.
	if n != 1 || rep.Values[found[0].Value].Text.Raw() != "Lead" || found[0].PermittedLine != 3 ||
		found[0].DeniedLine != 7 {
		t.Errorf("got %+v", found)
	}
	if rep.ProblemCounts[intake.ProblemLaterDenied] != 1 {
		t.Errorf("got %v", rep.ProblemCounts)
	}
}

func TestSampleUsersShowWhatIsPermitted(t *testing.T) {
	rep := read(t, story, intake.Options{})
	users := rep.SampleUsers(1)
	if len(users) != 1 || users[0].Rows != 4 || users[0].Denied != 1 || !slices.Equal(texts(rep, users[0].Values),
		[]string{"Clerk", "Lead", "Approver"}) {
		t.Errorf("got %+v %q", users, texts(rep, users[0].Values))
	}
	if all := rep.SampleUsers(0); len(all) != 2 {
		t.Errorf("got %d users, want both", len(all))
	}
}

func TestValuesOfDeniedRowsHaveNoUsers(t *testing.T) {
	rep := read(t, story, intake.Options{})
	for _, v := range rep.Values {
		if v.Text.Raw() == "Admin" && (v.Rows != 0 || v.Users != 0) {
			t.Errorf("got %+v", v)
		}
		if v.Text.Raw() == "Clerk" && (v.Rows != 3 || v.Users != 2) {
			t.Errorf("got %+v", v)
		}
	}
}

func TestCreepNeedsDates(t *testing.T) {
	rep := read(t, "Email,Role\nada@acme.example.com,A\nada@acme.example.com,B\n", intake.Options{})
	if users, n := rep.Creep(0); n != 0 || users != nil {
		t.Errorf("got %v", users)
	}
}
