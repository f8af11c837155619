package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/untrusted"
)

// written writes a report and reads its files.
func written(t *testing.T, a *audit) (table, summary, page string) {
	t.Helper()
	files, err := report.WriteFiles(filepath.Join(t.TempDir(), "new", "folder"), a.summary, a.stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		file report.File
		text *string
	}{{files.Findings, &table}, {files.Summary, &summary}, {files.Page, &page}} {
		raw, err := os.ReadFile(f.file.Path)
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(raw)) != f.file.Bytes || len(f.file.SHA256) != 64 {
			t.Errorf("%s has %d bytes, the report says %d", f.file.Path, len(raw), f.file.Bytes)
		}
		*f.text = string(raw)
	}
	return table, summary, page
}

func rows(t *testing.T, table string) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range all[1:] {
		m := map[string]string{}
		for i, name := range all[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

func TestTableHasEverybodyWithWhatAnAuditorAsks(t *testing.T) {
	a := mixed()
	a.findings[1].Disagree = []string{"factors lack sms"}
	a.findings[1].Methods = append(a.findings[1].Methods, mfa.Method{Name: "push", Key: "okta_verify",
		Status: "PENDING_ACTIVATION", Strength: mfa.Phishable, Source: "factors"})
	table, _, _ := written(t, a)
	got := rows(t, table)
	if len(got) != len(a.findings) {
		t.Fatalf("%d rows for %d people", len(got), len(a.findings))
	}
	for name, want := range map[string]string{"user_id": "00u00002", "verdict": "weak_only",
		"admin": "yes", "admin_roles": "SUPER_ADMIN", "admin_via": "group", "methods": "sms",
		"registered_strength": "weak", "single_method": "yes", "sources": "both",
		"sources_disagree": "factors lack sms", "from_cache": "no", "read_at": "2026-11-23T08:04:00Z",
		"method_details":   "sms (weak, authenticator phone_number, provider OKTA, OPTIONAL, since 2025-11-23T08:04:00Z, from both)",
		"inactive_methods": "push (strong_phishable, authenticator okta_verify, from factors, PENDING_ACTIVATION)"} {
		if got[1][name] != want {
			t.Errorf("%s is %q, want %q", name, got[1][name], want)
		}
	}
	if got[2]["recent_events"] != "push_denied 7 last 2026-11-23T08:04:00Z" || got[3]["until"] != "2026-11-25T08:04:00Z" {
		t.Errorf("events or date are missing: %q", got[2:4])
	}
	if strings.Count(table, "\r\n") != strings.Count(table, "\n") {
		t.Error("a line of the table does not end with CR LF")
	}
}

func TestNoCellOfTheTableIsAFormula(t *testing.T) {
	f := hostile(1)
	f.Login, f.Email, f.Name = untrusted.NewStored("\u200b=1+1"), untrusted.NewStored("＝1+1"), untrusted.NewStored("\xff\xfe=1+1")
	f.Methods = []mfa.Method{{Name: "=evil", Status: "ACTIVE"}}
	f.Title = untrusted.NewStored(" \u00a0-1")
	table, _, _ := written(t, newAudit(f, hostile(2)))
	if !utf8.ValidString(table) {
		t.Error("the table is not UTF-8")
	}
	guarded := 0
	formula := regexp.MustCompile(`(^|; )[\s\x{200b}\x{feff}]*[=+\-@＝＋－＠\t\r]`)
	for _, row := range rows(t, table) {
		for name, cell := range row {
			if formula.MatchString(cell) {
				t.Errorf("%s is %q: a spreadsheet runs it", name, cell)
			}
			if strings.HasPrefix(cell, "'") {
				guarded++
			}
		}
	}
	if guarded < 10 {
		t.Errorf("%d cells are guarded: the attacks of this test do not reach the table", guarded)
	}
}

func TestSummaryFileHoldsTheSummary(t *testing.T) {
	a := company(50)
	_, text, _ := written(t, a)
	var got mfa.Summary
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.AuditID != a.summary.AuditID || got.Total != 50 || len(got.History) != 40 {
		t.Errorf("the file holds another summary: %+v", got)
	}
}

func TestTheSameAuditGivesTheSameBytes(t *testing.T) {
	t1, s1, p1 := written(t, company(500))
	t2, s2, p2 := written(t, company(500))
	if t1 != t2 || s1 != s2 || p1 != p2 {
		t.Error("two reports of one audit differ")
	}
}

func TestHostileTextNeverBecomesMarkup(t *testing.T) {
	a := newAudit(hostile(1), hostile(2))
	s := &a.summary
	evil := `"><script>alert(1)</script>` + "\u202e"
	s.Org, s.Scope, s.Kind, s.WhyFull, s.AuditID = evil, untrusted.NewStored(evil), evil, evil, evil
	s.Notes, s.Coverage.Line, s.Sources.Caveat, s.Sources.ReadFrom = []untrusted.Stored{untrusted.NewStored(evil)}, evil, evil, evil
	s.Exemptions = []mfa.Exemption{{User: untrusted.NewStored(evil), Owner: untrusted.NewStored(evil), Reason: untrusted.NewStored(evil), State: evil}}
	s.ByMethod = map[string]int{evil: 2}
	s.Policy.Methods = []string{evil}
	s.Baseline = &mfa.Comparison{File: untrusted.NewStored(evil), Age: evil, Sample: []string{evil}}
	_, _, page := written(t, a)
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("the page has %d scripts, want its own alone", n)
	}
	for _, bad := range []string{"<img", "<svg onload", "<i>kind", "<b>custom", "\u202e", "ZgotmplZ", "<no value>"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if strings.Count(page, "&lt;script&gt;") < 10 {
		t.Error("the attacks of this test do not reach the page")
	}
}

func TestPageIsSelfContained(t *testing.T) {
	_, _, page := written(t, company(200))
	if link := regexp.MustCompile(`(src|href|action|url)\s*[=(]\s*["']?(https?:|//)`).FindString(page); link != "" {
		t.Errorf("the page asks the network: %q", link)
	}
	if strings.Contains(page, " style=") || strings.Contains(page, " onclick") {
		t.Error("the page has an attribute that its own security policy forbids")
	}
	for _, want := range []string{"default-src &#39;none&#39;", "prefers-color-scheme:dark",
		"@media print", "OKTA-APP-000560", "OKTA-APP-000570", "OKTA-APP-000180", "OKTA-APP-000190",
		"IA-2(1)", "IA-2(2)", "IA-2(8)", "Registration is not enforcement", "svc-backup@example.com",
		"it-operations@example.com", "23 February 2027"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestPageShowsTheMostUrgentAndSaysWhatItLeavesOut(t *testing.T) {
	var list []mfa.Finding
	for n := range 3000 {
		list = append(list, person(n, mfa.Compliant, push()))
	}
	list[2500].Roles = []string{"APP_ADMIN"}
	list[2900].Verdict = mfa.Exempt
	list[2950] = person(2950, mfa.NotEnrolled) // an order that a store should not give, and yet
	_, _, page := written(t, newAudit(list...))
	if !strings.Contains(page, "The table shows 2,000 of 3,000 people") || !strings.Contains(page, "Everyone is in findings.csv") {
		t.Error("the page does not say that it leaves people out")
	}
	place := -1
	for _, who := range []string{"p2950@", "p2500@", "p2900@", "p0@"} {
		at := strings.Index(page, "<bdi>"+who)
		if at < 0 || at < place {
			t.Errorf("%s is at %d, behind one that comes after it, or not at all", who, at)
		}
		place = at
	}
	if n := strings.Count(page, "<tr data-v="); n != 2000 {
		t.Errorf("the table has %d rows", n)
	}
}

func TestPageBelowTheBoundGivesNoRateAndSaysWhy(t *testing.T) {
	a := newAudit(person(1, mfa.Compliant, push()), person(2, mfa.Unreadable))
	a.summary.AdminsKnown = false
	_, _, page := written(t, a)
	for _, want := range []string{"not given", "50 % of the people could be read, and 99 % is the least", `class="coverage bad"`, "Admin roles could not be read", "partly known"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "figures support") {
		t.Error("the page claims support from an audit that read half of the people")
	}
}

func TestPageSaysWhenTableAndSummaryAreNotOfOneAudit(t *testing.T) {
	a := company(20)
	a.findings = a.findings[1:]
	if _, _, page := written(t, a); !strings.Contains(page, "not of the same audit") {
		t.Error("the page hides that a finding is missing")
	}
	if _, _, page := written(t, company(20)); strings.Contains(page, "not of the same audit") {
		t.Error("the page doubts a good audit")
	}
}

func TestFailureLeavesTheOldReportAndNoRemains(t *testing.T) {
	dir := t.TempDir()
	a := company(20)
	if _, err := report.WriteFiles(dir, a.summary, a.stream); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, report.FindingsFile))
	if err != nil {
		t.Fatal(err)
	}
	_, err = report.WriteFiles(dir, a.summary, func() iter.Seq2[mfa.Finding, error] { return broken(a.findings[:3]...) })
	if !errors.Is(err, errStore) {
		t.Fatalf("findings that cannot be read give %v", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, report.FindingsFile))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the old table is gone: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestHugeAuditIsNotHeldInMemory(t *testing.T) {
	const size = 100_000
	sample := company(1000)
	peak := uint64(0)
	huge := func() iter.Seq2[mfa.Finding, error] {
		return func(yield func(mfa.Finding, error) bool) {
			for n := range size {
				if n%20_000 == 0 {
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					peak = max(peak, m.HeapAlloc)
				}
				f := sample.findings[n*len(sample.findings)/size]
				f.Reason = untrusted.NewStored(strings.Repeat("x", 300) + strings.Repeat("y", n%7)) // 100,000 of these are 30 MB
				if !yield(f, nil) {
					return
				}
			}
		}
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	files, err := report.WriteFiles(t.TempDir(), sample.summary, huge)
	if err != nil {
		t.Fatal(err)
	}
	if peak > before.HeapAlloc+20<<20 {
		t.Errorf("writing %d findings took %d MB", size, (peak-before.HeapAlloc)>>20)
	}
	if files.Findings.Bytes < size*300 {
		t.Errorf("the table has %d bytes", files.Findings.Bytes)
	}
}

func TestPolicyIsSaidInWords(t *testing.T) {
	p := mfa.DefaultPolicy()
	p.Level, p.Methods, p.AllowedFactorTypes, p.GraceHours = mfa.Optional, []string{string(mfa.Resistant),
		"token:hardware"}, []string{"webauthn", "signed_nonce"}, 0
	text := strings.Join(report.PolicyWords(p), "\n")
	for _, want := range []string{"recommendations", "phishing-resistant method",
		"or hardware token code", "only passkey or security key or Okta FastPass", "no time of grace", "fewer than 99 %"} {
		if !strings.Contains(text, want) {
			t.Errorf("the policy in words does not say %q:\n%s", want, text)
		}
	}
	if slices.Contains(report.PolicyWords(mfa.Policy{}), "") {
		t.Error("an empty policy has an empty line")
	}
}
