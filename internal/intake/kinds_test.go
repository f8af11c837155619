package intake_test

import (
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

// Each row is one of a kind of report that was once read wrongly, or asked about in vain. A, B, C and D are addresses.
func TestKindsOfReports(t *testing.T) {
	tests := []struct {
		name, text string
		doubt      string // code and column, "" for none
		states     string // when there is no doubt
		pairs      string
	}{
		{"primary and secondary person", "Primary,Secondary,Role|A,C,Buyer|B,D,Viewer", "user_in_doubt Primary", "", ""},
		{"unknown name beside a backup", "Who,Backup Email,Role|A,C,Buyer|B,D,Viewer", "user_in_doubt Who", "", ""},
		{"keep or remove", "Email,Role,Keep/Remove|A,Buyer,Keep|B,Viewer,Remove|C,Viewer,", "", "wdd", "ada Role=Buyer"},
		{"approve or revoke", "Email,Role,Approve or Revoke|A,Buyer,Approve|B,Viewer,Revoke|C,Viewer,", "", "wdd",
			"ada Role=Buyer"},
		{"retain, y or n", "Email,Role,Retain Access Y/N|A,Buyer,Y|B,Viewer,N|C,Viewer,", "", "wdd", "ada Role=Buyer"},
		{"active or inactive", "Email,Role,Active/Inactive|A,Buyer,Active|B,Viewer,Inactive|C,Viewer,", "", "wdd",
			"ada Role=Buyer"},
		{"opposites with yes and no", "Email,Role,Keep/Revoke|A,Buyer,Yes|B,Viewer,No",
			"column_may_decide Keep/Revoke", "", ""},
		{"German opposites", "E-Mail,Rolle,Behalten/Entziehen|A,Buyer,Behalten|B,Viewer,Entziehen|C,Viewer,", "",
			"wdd", "ada Rolle=Buyer"},
		{"opposites and a date", "Email,Role,Approve/Reject " +
			"Date,Decision|A,Buyer,2026-01-02,Approve|B,Viewer,2026-01-02,Reject",
			"", "wd", "ada Role=Buyer"},
		{"empty action of a review", "Email,Role,Action|A,Buyer,Keep|B,Viewer,Remove|C,Viewer,", "", "wdd", "ada Role=Buyer"},
		{"comments that revoke", "Email,Role,Comments|A,Buyer,ok|B,Viewer,please revoke|C,Viewer,",
			"column_may_decide Comments", "", ""},
		{"comments that say left", "Email,Role,Notes|A,Buyer,ok|B,Viewer,left the company in May",
			"column_may_decide Notes", "", ""},
		{"German comments", "E-Mail,Rolle,Bemerkung|A,Buyer,|B,Viewer,bitte entziehen",
			"column_may_decide Bemerkung", "", ""},
		{"comments that say nothing", "Email,Role,Comments|A,Buyer,ok|B,Viewer,checked with Ada", "", "ww",
			"ada Role=Buyer|bo Role=Viewer"},
		{"reasons for access", "Email,Role,Justification|A,Buyer,needs to remove old invoices|B,Viewer,audits", "", "ww",
			"ada Role=Buyer|bo Role=Viewer"},
		{"descriptions of roles", "Email,Role,Role Description|A,Buyer,can revoke and remove users|B,Viewer,reads", "", "ww",
			"ada Role=Buyer|bo Role=Viewer"},
		{"revoked at the edge", "Email,Role|A,REVOKED - Viewer|B,Viewer", "refusal_as_value Role", "", ""},
		{"disabled in brackets", "Email,Role|A,Viewer (disabled)|B,Buyer", "refusal_as_value Role", "", ""},
		{"not to be used", "Email,Role|A,OLD - do not use|B,Viewer", "refusal_as_value Role", "", ""},
		{"revoked in a list, with a day", "Email,Roles|A,Buyer; Viewer (revoked 2026-01-02)|B,Viewer",
			"refusal_as_value Roles", "", ""},
		{"inactive beside a value", "Email,Role|A,Viewer inactive|B,Viewer", "refusal_as_value Role", "", ""},
		{"struck through", "Email,Role|A,~~Buyer~~|B,Viewer", "refusal_as_value Role", "", ""},
		{"a minus before a value", "Email,Role|A,-Viewer|B,Viewer", "refusal_as_value Role", "", ""},
		{"plus and minus", "Email,Role,+/-|A,Buyer,+|B,Viewer,-", "column_may_decide +/-", "", ""},
		{"a pending review beside its decision", "Email,Role,Certification Status,Certification Decision|" +
			"A,Buyer,Completed,Approved|B,Viewer,Completed,Revoked|C,Viewer,Pending,", "", "wdd", "ada Role=Buyer"},
		{"names with such words", "Email,Role|A,Deleted Items Reader|B,Invoices: Delete|C,Approve Pending", "", "www",
			"ada Role=Deleted Items Reader|bo Role=Invoices: Delete|cy Role=Approve Pending"},
		{"licence plates and keys", "Email,Role,License Plate,Product " +
			"Key|A,Buyer,W-1,K1|B,Viewer,W-2,K2|C,Viewer,W-3,K3", "", "www",
			"ada Role=Buyer|bo Role=Viewer|cy Role=Viewer"},
		{"another number a person", "Email,Role,Group Locker|A,Buyer,L1|B,Viewer,L2|C,Viewer,L3",
			"one_value_per_person Group Locker", "", ""},
		{"tags", "Email,Roles|A,<ul><li>Buyer</li><li>Viewer</li></ul>|B,<b>Viewer &amp; Co</b>|C,<x>Viewer</x>", "", "wwb",
			"ada Roles=Buyer|ada Roles=Viewer|bo Roles=Viewer & Co"},
		{"both of two", "Email,Role|A,Buyer / Viewer|B,Viewer|C,Buyer", "comma_in_name Role", "", ""},
		{"no role in words", "Email,Role|A,No role assigned|B,keine Rolle zugewiesen|C,no longer assigned|D,Viewer",
			"", "nnnw",
			"dee Role=Viewer"},
		{"none in other languages", "Email,Role|A,none assigned|B,aucun accès|C,sin acceso asignado|D,Viewer", "",
			"nnnw", "dee Role=Viewer"},
		{"sections", "Application: SAP|Email,Role|A,Buyer||Application: Workday|Email,Role|B,HR Partner",
			"several_applications ", "", ""},
		{"sections without a word", "SAP,|Email,Role|A,Buyer|,|Workday,|Email,Role|B,HR Partner",
			"several_applications ", "", ""},
		{"sections below one header", "Email,Role|System: SAP,|A,Buyer|System: Workday,|B,HR Partner",
			"several_applications ", "", ""},
		{"pages", "Access Report|Email,Role|A,Buyer|Page 1 of 2|Access Report|Email,Role|B,Viewer", "", "wbbbw",
			"ada Role=Buyer|bo Role=Viewer"},
		{"access that is gone", "Email,Roles,Removed Roles|A,Buyer,Viewer|B,Viewer,Clerk", "", "ww",
			"ada Roles=Buyer|bo Roles=Viewer"},
		{"access in conflict", "User,Role,Conflicting Role|A,Buyer,Payer|B,Viewer,Clerk", "", "ww",
			"ada Role=Buyer|bo Role=Viewer"},
		{"French access that is gone", "E-mail,Rôle,Rôles retirés|A,Buyer,Viewer|B,Viewer,Clerk", "", "ww",
			"ada Rôle=Buyer|bo Rôle=Viewer"},
		{"Chinese access that is refused", "邮箱,角色,拒绝的角色|A,Buyer,Viewer|B,Viewer,Clerk", "", "ww",
			"ada 角色=Buyer|bo 角色=Viewer"},
		{"only access that is missing", "Email,Missing Groups|A,Buyer|B,Viewer", "", "nn", ""},
		{"a file of removals", "Email,Role,Role to remove|A,Buyer,|B,Viewer,Viewer",
			"column_may_decide Role to remove", "", ""},
		{"removals in a list", "Email,Roles,Removed Roles|A,Buyer; Viewer,Clerk|B,Viewer; Clerk,Clerk",
			"column_may_decide Removed Roles", "", ""},
		{"current and proposed", "Email,Current Role,Proposed Role|A,Buyer,Payer|B,Viewer,Clerk",
			"access_in_doubt Current Role", "", ""},
		{"requests that nothing decides", "Email,Requested Role|A,Buyer|B,Viewer",
			"access_in_doubt Requested Role", "", ""},
		{"requests with decisions", "Email,Requested Role,Approval|A,Buyer,Approved|B,Viewer,Rejected", "", "wd",
			"ada Requested Role=Buyer"},
		{"items of requests", "Requested For,Requested By,Requested Item,Request State|" +
			"A,D,Buyer,Closed Complete|B,D,Viewer,Work in Progress", "", "wd", "ada Requested Item=Buyer"},
		{"denied under an unknown header", "Email,Role,Exception|A,Buyer,|B,Viewer,Denied by policy|C,Clerk,Waiver by audit",
			"column_may_decide Exception", "", ""},
		{"names under Granted", "Email,Granted|A,Buyer|B,Viewer|C,Clerk", "access_in_doubt Granted", "", ""},
		{"on behalf of another", "User,On Behalf Of,Role|A,B,Buyer|A,C,Viewer", "user_in_doubt User", "", ""},
		{"a permission that is off", "Email,Permissions|A,read=true;write=false|B,read=true;write=true",
			"refusal_as_value Permissions", "", ""},
		{"a level that is none", "Email,Permissions|A,invoices:read|B,invoices:none", "refusal_as_value Permissions", "", ""},
		{"levels by number", "Email,Role|A,tier:0|B,tier:1", "", "ww", "ada Role=tier:0|bo Role=tier:1"},
		{"a decision for each role", "Email,Role1,Role 1 Decision,Role2,Role 2 Decision|" +
			"A,Buyer,Approve,Viewer,Revoke|B,Viewer,Revoke,Clerk,Approve", "column_may_decide Role 1 Decision", "", ""},
		{"comments that are only a no", "Email,Role,Manager Comment|A,Buyer,Fine|B,Viewer,No!",
			"column_may_decide Manager Comment", "", ""},
		{"how the access came", "Email,Group,Membership|A,Buyer,Direct|B,Viewer,Nested", "", "ww",
			"ada Group=Buyer|bo Group=Viewer"},
		{"how the access came, and removals", "Email,Group,Membership|A,Buyer,Direct|B,Viewer,Removed",
			"column_may_decide Membership", "", ""},
		{"letters that may decide", "Email,Role,K/R|A,Buyer,K|B,Viewer,R", "column_may_decide K/R", "", ""},
		{"a traffic light", "Email,Role,RAG|A,Buyer,Green|B,Viewer,Red", "column_may_decide RAG", "", ""},
		{"roles of deputies", "Email,Role,Backup Role|A,Buyer,Payer|B,Viewer,Clerk", "access_in_doubt Role", "", ""},
		{"days of approval, and none", "Email,Role,Approved On|A,Buyer,2026-01-02|B,Viewer,|C,Clerk,2026-01-03",
			"column_may_decide Approved On", "", ""},
		{"days of approval in every row", "Email,Role,Approved On|A,Buyer,2026-01-02|B,Viewer,2026-01-03", "", "ww",
			"ada Role=Buyer|bo Role=Viewer"},
		{"days of approval beside decisions", "Email,Role,Decision,Approved On|A,Buyer,Approve,2026-01-02|B,Viewer,Revoke,",
			"", "wd", "ada Role=Buyer"},
		{"closed complete", "Email,Role,State|A,Buyer,Closed Complete|B,Viewer,Closed Skipped", "unknown_word State", "", ""},
		{"closed complete of a request", "Email,Role,Request State|A,Buyer,Closed Complete|B,Viewer,Closed Skipped", "", "wd",
			"ada Role=Buyer"},
		{"German release", "E-Mail,Berechtigung,Freigabe|A,FIN,genehmigt|B,HR,abgelehnt", "", "wd", "ada Berechtigung=FIN"},
		{"German consent", "E-Mail,Berechtigung,Zustimmung|A,FIN,ja|B,HR,nein", "", "wd", "ada Berechtigung=FIN"},
		{"addresses of people who left", "Email,Role|A.deleted,Buyer|deleted_B,Viewer|C - left,Viewer|D,Viewer", "", "bbbw",
			"dee Role=Viewer"},
		{"a list that was cut", "Email,Groups|A,Grp1;Grp2;...|B,Grp1;Gr...|C,Grp1; +3 more", "", "wbw",
			"ada Groups=Grp1|ada Groups=Grp2|cy Groups=Grp1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep := read(t, kindText(tt.text), intake.Options{Today: today()})
			open := rep.Open()
			if tt.doubt == "" && len(open) > 0 || len(open) > 1 {
				t.Fatalf("asks %+v", open)
			}
			if tt.doubt != "" {
				if len(open) == 0 || open[0].Code+" "+open[0].Column.Raw() != tt.doubt {
					t.Errorf("got %+v, want the doubt %s", open, tt.doubt)
				}
				return
			}
			if got := letters(rep); got != tt.states {
				t.Errorf("got states %s, want %s", got, tt.states)
			}
			if got := strings.Join(wantedPairs(rep), "|"); got != tt.pairs {
				t.Errorf("got  %s\nwant %s", got, tt.pairs)
			}
		})
	}
}

// kindText writes out a report: a bar ends a line, and a letter alone or with a mark is an address.
func kindText(short string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(short, "|") {
		for i, cell := range strings.Split(line, ",") {
			if i > 0 {
				b.WriteByte(',')
			}
			for letter, name := range map[string]string{"A": "ada", "B": "bo", "C": "cy", "D": "dee"} {
				bare := strings.TrimPrefix(cell, "deleted_")
				if bare == letter || strings.HasPrefix(bare, letter+".") || strings.HasPrefix(bare, letter+" -") {
					cell = strings.Replace(cell, letter, name+"@acme.example.com", 1)
					break
				}
			}
			b.WriteString(cell)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestAnswersSettleKindsOfReports(t *testing.T) {
	tests := []struct {
		name, text string
		answers    intake.Answers
		states     string
		pairs      string
	}{
		{"a struck value grants nothing", "Email,Role|A,REVOKED - Viewer|B,Viewer",
			intake.Answers{Words: map[string]map[string]string{"role": {"revoked - viewer": "refuses"}}}, "dw",
			"bo Role=Viewer"},
		{"a struck value is a name", "Email,Role|A,REVOKED - Viewer|B,Viewer",
			intake.Answers{Words: map[string]map[string]string{"Role": {"REVOKED - Viewer": "grants"}}}, "ww",
			"ada Role=REVOKED - Viewer|bo Role=Viewer"},
		{"the case of a column's name", "Email,Role,Application|A,Buyer,SAP|B,Viewer,Coupa",
			intake.Answers{Rows: map[string][]string{"APPLICATION": {"sap"}}}, "ws", "ada Role=Buyer"},
		{"sections of one application", "SAP,|Email,Role|A,Buyer|Workday,|Email,Role|B,HR Partner",
			intake.Answers{HeaderLine: 2}, "wbbw", "ada Role=Buyer|bo Role=HR Partner"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep := read(t, kindText(tt.text), intake.Options{Today: today(),
				Answers: []intake.Answered{{By: intake.ByForm, Answers: tt.answers}}})
			if open := rep.Open(); len(open) > 0 {
				t.Fatalf("asks %+v", open)
			}
			if got := letters(rep); got != tt.states {
				t.Errorf("got states %s, want %s", got, tt.states)
			}
			if got := strings.Join(wantedPairs(rep), "|"); got != tt.pairs {
				t.Errorf("got  %s\nwant %s", got, tt.pairs)
			}
		})
	}
}

// The columns of a matrix are named once, with what their marks say.
func TestTheSummaryOfAMatrixNamesItsColumnsOnce(t *testing.T) {
	rep := read(t, "Email,Billing,Reports,Audit\na@x.example,X,X,\nb@x.example,,X,X\nc@x.example,X,,X\n", intake.Options{
		Today:   today(),
		Answers: []intake.Answered{{By: intake.ByForm, Answers: intake.Answers{Layout: intake.LayoutMatrix}}},
	})
	if got := rep.Reading.Summary(); !strings.Contains(got, "Billing and Reports and Audit: X grants, an empty cell does not") ||
		strings.Count(got, "grants") != 1 {
		t.Errorf("got %s", got)
	}
}
