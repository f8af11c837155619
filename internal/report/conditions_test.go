package report_test

import (
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/report"
)

func TestConditionsAreHeldAgainstTheNumbers(t *testing.T) {
	a := mixed() // two not enrolled, one administrator with weak methods only, one of each other verdict
	a.summary.Coverage.Share = 0.98
	for text, want := range map[string]report.Answer{
		"not_enrolled>0":            report.Met,
		"not_enrolled > 2":          report.NotMet,
		"failing=3":                 report.Met,
		"without_mfa>=4":            report.Met,
		"admins.weak_only>=1":       report.Met,
		"admins.not_enrolled>0":     report.NotMet,
		"coverage<0.99":             report.Met,
		"coverage < 98%":            report.NotMet,
		"exempt!=1":                 report.NotMet,
		"exempt==1":                 report.Met,
		"rate<0.95":                 report.NotKnowable,
		"admins.rate<1":             report.NotKnowable,
		"regressed>0":               report.NotMet,
		"total_users<=8":            report.Met,
		"phishing_resistant<1":      report.NotMet,
		"sources_disagree>=0":       report.Met,
		"cache_error>0":             report.NotMet,
		"admins.unreadable>0":       report.NotMet,
		"new_failing>0":             report.NotMet,
		"admins.strong_phishable>0": report.NotMet,
	} {
		a.summary.Rate, a.summary.Admins.Rate = nil, nil
		conditions, err := report.ParseConditions(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := conditions.Check(a.summary)
		if len(got) != 1 || got[0].Answer != want {
			t.Errorf("%s: %+v, want %s", text, got, want)
		}
	}
}

func TestFailedChecksSayTheNumbers(t *testing.T) {
	a := mixed()
	rate := 0.9
	a.summary.Rate, a.summary.AdminsKnown = &rate, false
	conditions, err := report.ParseConditions("not_enrolled>0, rate<0.95, weak_only>5, admins.weak_only>=1")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, c := range report.Failed(conditions.Check(a.summary)) {
		texts = append(texts, c.Text)
	}
	want := []string{"not_enrolled>0 is met: not_enrolled is 2", "rate<0.95 is met: rate is 0.9",
		"admins.weak_only>=1 cannot be judged: the admin roles could not be read"}
	if strings.Join(texts, "\n") != strings.Join(want, "\n") {
		t.Errorf("failed are\n%s\nwant\n%s", strings.Join(texts, "\n"), strings.Join(want, "\n"))
	}
}

func TestConditionsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"not_enroled>0":     "the names are total_users, enrolled",
		"not_enrolled":      "there is no comparison",
		"not_enrolled!0":    "not one of",
		"not_enrolled>":     "not a number",
		"not_enrolled>x":    "not a number",
		"not_enrolled>-1":   "not a number",
		"not_enrolled>NaN":  "not a number",
		"not_enrolled>Inf":  "not a number",
		"rate<95":           "share of 0 to 1",
		"admins.rate<200%":  "share of 0 to 1",
		"admins.coverage>0": "there is no figure",
		"not_enrolled>0,":   "there is no comparison",
		",":                 "there is no comparison",
		"a\x1b[2J>0":        "there is no figure",
	} {
		_, err := report.ParseConditions(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, empty := range []string{"", "  "} {
		if conditions, err := report.ParseConditions(empty); err != nil || len(conditions) != 0 {
			t.Errorf("%q: %v, %v", empty, conditions, err)
		}
	}
}

func TestEveryNameCanBeACondition(t *testing.T) {
	a := company(2000)
	for _, name := range report.ConditionNames() {
		conditions, err := report.ParseConditions(name + ">=0")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := conditions.Check(a.summary); got[0].Answer != report.Met {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if conditions,
		err := report.ParseConditions("admins.failing>0"); err != nil || conditions.Check(mfa.Summary{})[0].Answer != report.NotKnowable {
		t.Errorf("an empty summary knows its administrators: %v", err)
	}
}

func FuzzConditionsSurviveTheirOwnText(f *testing.F) {
	for _, seed := range []string{"not_enrolled>0", "admins.weak_only >= 1,rate<95%", "coverage!=0.99", "x>1", "rate<1e-9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		conditions, err := report.ParseConditions(text)
		if err != nil {
			return
		}
		var again []string
		for _, c := range conditions {
			again = append(again, c.String())
		}
		other, err := report.ParseConditions(strings.Join(again, ","))
		if err != nil || len(other) != len(conditions) {
			t.Fatalf("%q is read, and its own text %q is not: %v", text, again, err)
		}
		for i := range other {
			if other[i] != conditions[i] {
				t.Errorf("%q became %q", conditions[i], other[i])
			}
		}
		conditions.Check(mfa.Summary{})
	})
}
