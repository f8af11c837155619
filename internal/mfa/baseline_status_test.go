package mfa

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestWhoCannotSignInIsCountedAndNeverJudged(t *testing.T) {
	file, err := os.Open("testdata/given-80-k14-baseline-deprovisioned.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b, err := parseBaseline(file)
	if err != nil || len(b.Rows) != 12 {
		t.Fatalf("%+v, %v", b, err)
	}
	summary := &Summary{Counted: map[string]int{}, Other: map[string]int{}, Sources: Sources{ByUsers: map[string]int{}}}
	policy := &Policy{}
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	judged := map[string]string{}
	for _, f := range BaselineFindings(b, policy, now, now, summary) {
		judged[f.Email.Raw()] = f.Status
	}
	want := map[string]string{
		"p0@acme.example.com": "ACTIVE", "p4@acme.example.com": "LOCKED_OUT", "p5@acme.example.com": "PASSWORD_EXPIRED",
		"p6@acme.example.com": "RECOVERY", "p8@acme.example.com": "RECOVERY",
	}
	if fmt.Sprint(judged) != fmt.Sprint(want) {
		t.Errorf("judged %v, want %v", judged, want)
	}
	counted := map[string]int{"DEPROVISIONED": 3, "SUSPENDED": 1, "STAGED": 1, "PROVISIONED": 2}
	if fmt.Sprint(summary.Counted) != fmt.Sprint(counted) {
		t.Errorf("counted %v, want %v", summary.Counted, counted)
	}
}

func TestAnotherReportIsRefusedAsABaseline(t *testing.T) {
	for _, heading := range []string{
		"Event time,User,Factor,Result", "User login,Authenticator type,Outcome", "User,User email,Authenticators,Application",
		"Login,Factors,Role", "User login,User email,Factor type,Event ID", "User login,Methods,Reviewer,Decision",
	} {
		_, err := parseBaseline(strings.NewReader(heading + "\n" + strings.Repeat("a@x,", strings.Count(heading, ",")) + "x\n"))
		if err == nil || !strings.Contains(err.Error(), `export the report "MFA enrollment by user"`) {
			t.Errorf("%s: %v", heading, err)
		}
	}
}
