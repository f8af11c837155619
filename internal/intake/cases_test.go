package intake_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
)

// today is the day on which the cases are read.
func today() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) }

// letters writes row states as w(anted), d(enied), n(o entitlement), b(ad), e(xpired), y (not yet valid), s (not
// selected) and ? (in doubt).
func letters(rep *intake.Report) string {
	var b strings.Builder
	for _, row := range rep.Rows {
		b.WriteByte("wdnbeys?"[row.State])
	}
	return b.String()
}

// wantedPairs lists who is wanted to get what: the local part of the address or the login, and the value.
func wantedPairs(rep *intake.Report) []string {
	var all []string
	for _, row := range rep.Rows {
		if row.State != intake.RowWanted && row.State != intake.RowInDoubt {
			continue
		}
		name, _, _ := strings.Cut(rep.People[row.Person].Email.Raw(), "@")
		for _, v := range rep.Accesses[row.Access] {
			all = append(all, name+" "+rep.Entitlements[rep.Values[v].Entitlement].Name.Raw()+"="+rep.Values[v].Text.Raw())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Each case of the folder has a note beside it with its source and with what a person would read in it. Where the
// reading is a question, settled is the answer that a person would give, and the rest is what comes of it.
func TestReportsAsPeopleHaveThem(t *testing.T) {
	tests := []struct {
		file    string
		code    trouble.Code // refused
		doubt   string       // asked
		settled intake.Answers
		states  string
		pairs   string // separated by |
	}{
		{
			file:   "given-01-k1-certifier-email",
			states: "wwwd",
			pairs:  "aquill Entitlement=AP_CLERK|brenner Entitlement=AP_CLERK|ctolland Entitlement=AP_MANAGER",
		},
		{file: "given-03-k1-vorgesetzter-first", states: "www",
			pairs: "ada.quill Rolle=Einkauf|bo.renner Rolle=Prüfung|cy.tolland Rolle=Einkauf"},
		{file: "given-05-k1-backup-contact", code: trouble.NoUserColumn},
		{file: "given-06-k2-review-approve-revoke", states: "wddw",
			pairs: "ada.quill Entitlement=AP_CLERK|dee.marsh Entitlement=GL_VIEWER"},
		{
			file:   "given-08-k2-appropriate",
			states: "wdwd",
			pairs:  "ada.quill Role=Buyer|cy.tolland Role=Buyer",
		},
		{
			file:   "given-09-k2-status-revoked",
			states: "wdwdd",
			pairs:  "ada.quill Role=Buyer|cy.tolland Role=Buyer",
		},
		{
			file:   "given-12-k2-sailpoint-decision",
			states: "wdw",
			pairs:  "ada.quill Value=AP_CLERK|cy.tolland Value=GL_VIEWER",
		},
		{file: "given-13-k2-inactive-assignments", states: "wdd", pairs: "ada.quill Role=Owner"},
		{file: "given-15-k2-okta-current-assignments", states: "ndn"},
		{
			file:   "given-16-k3-workday-security-group",
			states: "www",
			pairs: "ada.quill Security Group=Accounts Payable Data Entry|bo.renner Security Group=Accounts Payable Data " +
				"Entry|cy.tolland Security Group=Finance Auditor",
		},
		{file: "given-18-k3-risk-privileged", states: "wwww",
			pairs: "ada.quill Entitlement=AP_CLERK|bo.renner Entitlement=AP_MANAGER|cy.tolland " +
				"Entitlement=GL_VIEWER|dee.marsh Entitlement=AP_CLERK"},
		{
			file:   "given-20-k3-m365-export-users",
			states: "wdn",
			pairs:  "ada.quill Licenses=Office 365 E3|ada.quill Licenses=Power BI Pro",
		},
		{
			file:   "given-21-k3-google-users",
			states: "wdw",
			pairs: "ada.quill Licenses=Google Workspace Business Plus|cy.tolland Licenses=Google Voice Starter|cy.tolland " +
				"Licenses=Google Workspace Enterprise Standard",
		},
		{
			file:   "given-22-k3-github-enterprise-members",
			states: "www",
			pairs: "ada.quill GitHub com enterprise roles=Owner|ada.quill GitHub com member roles=acme-core: Owner|ada.quill " +
				"GitHub com member roles=acme-lab: Member|" +
				"bo.renner GitHub com enterprise roles=Member|bo.renner GitHub com member roles=acme-core: Member|" +
				"cy.tolland GitHub com enterprise roles=Member|cy.tolland GitHub com member roles=acme-lab: Member",
		},
		{file: "given-24-k3-aws-credential-report", states: "bnn"},
		{
			file:   "given-25-k3-entra-roles",
			states: "dwbb",
			pairs:  "bo.renner AssignedRoles=User Administrator",
		},
		{
			file:   "given-27-k3-team-employment",
			states: "wwww",
			pairs:  "ada.quill Role=Buyer|bo.renner Role=Approver|cy.tolland Role=Buyer|dee.marsh Role=Viewer",
		},
		{
			file:   "given-28-k4-german-ja-nein",
			states: "wdwd",
			pairs:  "ada.quill Rolle=Einkäufer|cy.tolland Rolle=Einkäufer",
		},
		{
			file:   "given-30-k4-spanish-si",
			states: "wdw",
			pairs:  "ada.quill Rol=Comprador|cy.tolland Rol=Comprador",
		},
		{file: "given-32-k4-sap-german", states: "wed", pairs: "ada.quill Rolle=Z_FI_AP_CLERK"},
		{
			file:   "given-34-k4-zugriff-erlaubt",
			states: "wdw",
			pairs:  "ada.quill Rolle=Einkauf|cy.tolland Rolle=Lager",
		},
		{
			file:   "given-35-k5-matrix-true-false",
			states: "wwww",
			pairs: "ada.quill Role=Admin Role|bo.renner Role=Editor Role|bo.renner Role=Viewer Role|cy.tolland Role=Viewer " +
				"Role|dee.marsh Role=Viewer Role",
		},
		{
			file:    "given-36-k5-matrix-x",
			doubt:   intake.DoubtMatrix,
			settled: intake.Answers{Layout: intake.LayoutMatrix},
			states:  "wwwww",
			pairs: "ada.quill Access=Approve Invoices|ada.quill Access=Run Reports|bo.renner Access=Create Vendors|bo.renner " +
				"Access=Run Reports|" +
				"cy.tolland Access=Admin|cy.tolland Access=Approve Invoices|cy.tolland Access=Create Vendors|cy.tolland " +
				"Access=Run Reports|" +
				"dee.marsh Access=Run Reports|eli.stone Access=Approve Invoices",
		},
		{
			file:  "given-39-k5-matrix-yes-no-named",
			doubt: intake.DoubtMatrix,
			settled: intake.Answers{Columns: intake.Mapping{Entitlements: []string{"Approve Invoices", "Create Vendors",
				"Run Reports"}}},
			states: "wwww",
			pairs: "ada.quill Access=Approve Invoices|ada.quill Access=Run Reports|bo.renner Access=Create Vendors|bo.renner " +
				"Access=Run Reports|" +
				"cy.tolland Access=Approve Invoices|cy.tolland Access=Create Vendors|dee.marsh Access=Run Reports",
		},
		{file: "given-40-k6-ldap-dn", states: "www",
			pairs: "ada.quill MemberOf=CN=GG-All,OU=Groups,DC=acme,DC=example|ada.quill " +
				"MemberOf=CN=GG-Finance-RW,OU=Groups,DC=acme,DC=example|" +
				"bo.renner MemberOf=CN=GG-All,OU=Groups,DC=acme,DC=example|cy.tolland " +
				"MemberOf=CN=GG-Sales-RO,OU=Groups,DC=acme,DC=example"},
		{
			file:   "given-42-k6-newline-in-cell",
			states: "www",
			pairs: "ada.quill Roles=Approver|ada.quill Roles=Buyer|bo.renner Roles=Approver|bo.renner Roles=Buyer|bo.renner " +
				"Roles=Viewer|cy.tolland Roles=Viewer",
		},
		{
			file:   "given-43-k6-json-array",
			states: "wwnw",
			pairs: "ada.quill roles=Approver|ada.quill roles=Buyer|bo.renner roles=Buyer|dee.marsh " +
				"roles=Buyer|dee.marsh roles=Viewer",
		},
		{
			file:   "given-46-k7-placeholders",
			states: "wwnwnw",
			pairs: "ada.quill Role=Buyer|bo.renner Permission Set=Invoice Approver|dee.marsh Role=Buyer|fay.ward Permission " +
				"Set=Invoice Approver|fay.ward Role=Buyer",
		},
		{
			file:    "given-48-k7-no-access-level",
			doubt:   intake.DoubtNone,
			settled: intake.Answers{NoneIs: intake.NoneIsNoValue},
			states:  "wwnn",
			pairs:   "ada.quill Access=Read|bo.renner Access=Write",
		},
		{
			file:   "given-49-k8-gbk",
			states: "www",
			pairs:  "ada.quill 角色=管理员|bo.renner 角色=查看者|cy.tolland 角色=管理员",
		},
		{file: "given-51-k8-mac-roman", states: "www",
			pairs: "ada.quill Role=Café Manager|bo.renner Role=Résumé Editor|cy.tolland Role=Café Manager"},
		{file: "given-52-k8-windows-1250", states: "www",
			pairs: "ada.quill Rola=Księgowy|bo.renner Rola=Zastępca|cy.tolland Rola=Księgowy"},
		{
			file:   "given-54-k9-title-lines-padded",
			states: "wwww",
			pairs: "ada.quill Access Level=Write|ada.quill Role=Buyer|bo.renner Access Level=Read|bo.renner Role=Buyer|" +
				"cy.tolland Access Level=Write|cy.tolland Role=Approver|dee.marsh Access Level=Read|dee.marsh Role=Approver",
		},
		{
			file:   "given-55-k9-title-lines",
			states: "ww",
			pairs:  "ada.quill Role=Buyer|bo.renner Role=Buyer",
		},
		{
			file:   "given-56-k9-type-line",
			states: "ww",
			pairs:  "ada.quill MemberOf=GG-Finance-RW|bo.renner MemberOf=GG-All",
		},
		{
			file:   "given-57-k9-comment-line",
			states: "ww",
			pairs:  "ada.quill Role=Buyer|bo.renner Role=Viewer",
		},
		{
			file:   "given-59-k9-pipe-delimited",
			states: "ww",
			pairs:  "ada.quill Role=Buyer|bo.renner Role=Viewer",
		},
		{
			file:   "given-61-k10-role-1-2-3",
			states: "www",
			pairs: "ada.quill Role=Approver|ada.quill Role=Buyer|bo.renner Role=Approver|bo.renner Role=Buyer|bo.renner " +
				"Role=Viewer|cy.tolland Role=Viewer",
		},
		{file: "given-63-k10-several-applications", doubt: intake.DoubtApplications,
			settled: intake.Answers{Rows: map[string][]string{"Application": {"Acme Finance"}}},
			states:  "sssw", pairs: "cy.tolland Entitlement=AP Approver"},
		{file: "given-64-k10-several-systems", doubt: intake.DoubtApplications,
			settled: intake.Answers{Rows: map[string][]string{"System": {"SAP PRD"}}},
			states:  "wsw", pairs: "ada.quill Role=Z_FI_CLERK|bo.renner Role=Z_FI_VIEW"},
		{
			file:   "given-66-k11-quoted-address",
			states: "ww",
			pairs:  "ada.quill Role=Buyer|bo.renner Role=Viewer",
		},
		{file: "found-01-k2-gekuendigt-zum", states: "wewewe", pairs: "ada.quill Berechtigung=FI_LESEN|cy.tolland " +
			"Berechtigung=FI_LESEN|eve.lindt Berechtigung=FI_LESEN"},
		{file: "found-02-k2-licensed-false", states: "wdwdwd",
			pairs: "ada.quill SKU=E3|cy.tolland SKU=E3|eve.lindt SKU=E3"},
		{file: "found-03-k2-until-further-notice", states: "wdwwdw", pairs: "ada.quill Role=Buyer|cy.tolland Role=Buyer|" +
			"dee.marsh Role=Viewer|flo.zeman Role=Viewer"},
		{file: "found-04-k4-nog-te-bepalen", states: "wddwdd", pairs: "ada.quill Rol=Inkoper|dee.marsh Rol=Lezer"},
		{file: "found-05-k4-data-cessazione", states: "ewweww", pairs: "bo.renner Ruolo=Viewer|cy.tolland Ruolo=Buyer|" +
			"eve.lindt Ruolo=Buyer|flo.zeman Ruolo=Viewer"},
		{file: "found-06-k2-pending-since", states: "dwwdww", pairs: "bo.renner Role=Viewer|cy.tolland Role=Buyer|" +
			"eve.lindt Role=Buyer|flo.zeman Role=Viewer"},
		{file: "found-07-k3-default-role", doubt: intake.DoubtMayDecide,
			settled: intake.Answers{Columns: intake.Mapping{Attributes: []string{"Default role"}}}, states: "wwwwww",
			pairs: "ada.quill Role=Buyer|bo.renner Role=Viewer|cy.tolland Role=Buyer|dee.marsh Role=Viewer|" +
				"eve.lindt Role=Buyer|flo.zeman Role=Viewer"},
		{file: "found-08-k4-nicht-in-ordnung", states: "wdwwdw", pairs: "ada.quill Rolle=Buyer|cy.tolland Rolle=Buyer|" +
			"dee.marsh Rolle=Viewer|flo.zeman Rolle=Viewer"},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		seen[tt.file+".csv"] = true
		t.Run(tt.file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "cases", tt.file+".csv"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join("testdata", "cases", tt.file+".md")); err != nil {
				t.Error("the case has no note with its source")
			}
			rep, err := intake.Read(context.Background(), strings.NewReader(string(text)), intake.Options{Today: today()})
			if tt.code != "" {
				if trouble.CodeOf(err) != tt.code {
					t.Fatalf("got %v, want %s", err, tt.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.doubt != "" {
				rep = settleOne(t, string(text), rep, tt.doubt, tt.settled)
			}
			if open := rep.Open(); len(open) > 0 {
				t.Fatalf("open doubts %+v", open)
			}
			if got := letters(rep); got != tt.states {
				t.Errorf("got states %s, want %s", got, tt.states)
			}
			if got := strings.Join(wantedPairs(rep), "|"); got != tt.pairs {
				t.Errorf("got  %s\nwant %s", got, tt.pairs)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "cases", "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[filepath.Base(f)] {
			t.Errorf("%s is not tested", f)
		}
	}
}

// settleOne checks that a report asks exactly one question and is read with the answer.
func settleOne(t *testing.T, text string, rep *intake.Report, code string, settled intake.Answers) *intake.Report {
	t.Helper()
	open := rep.Open()
	if len(open) != 1 || open[0].Code != code {
		t.Fatalf("got doubts %+v, want one %s", open, code)
	}
	q := open[0]
	if q.Question == "" || len(q.Answers) < 2 || q.Answers[0].Effect == "" ||
		!strings.HasPrefix(q.Answers[0].Argument, "{") {
		t.Errorf("the doubt lacks a question, two answers, what they do or their argument: %+v", q)
	}
	if refusal := rep.Refusal(); trouble.CodeOf(refusal) != trouble.ReadingInDoubt || !strings.Contains(refusal.Error(),
		q.Answers[0].Argument) {
		t.Errorf("got refusal %v", refusal)
	}
	if strings.Contains(letters(rep), "w") {
		t.Errorf("a row is wanted while a doubt is open: %s", letters(rep))
	}
	again := read(t, text, intake.Options{
		Today:   today(),
		Answers: []intake.Answered{{By: intake.ByForm, Answers: settled}},
	})
	if len(again.Reading.Settled) != 1 || again.Reading.Settled[0].Code != code ||
		again.Reading.Settled[0].By != intake.ByForm {
		t.Errorf("got settled %+v, want %s by form", again.Reading.Settled, code)
	}
	return again
}
