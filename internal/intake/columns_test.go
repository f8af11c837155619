package intake_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"

	"okta-entitlements-mcp/internal/trouble"
)

// table writes a CSV text of a header and, per row number, cells.
func table(header string, rows int, row func(i int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range rows {
		b.WriteString(row(i) + "\n")
	}
	return b.String()
}

func TestColumnsAreTakenForWhatTheyAre(t *testing.T) {
	tests := []struct {
		name, header string
		row          func(i int) string
		// a letter per column: u user, i user id, e entitlement, a attribute, f filter, d date, x action, - ignored
		want string
	}{
		{"the documented header", "Email,User_ID,Access_Date,Action_Type,Role,Permission_Set,Effective_Access",
			func(i int) string {
				return fmt.Sprintf("p%d@acme.example.com,E%d,2026-01-%02d,Grant,R%d,S%d,Permitted", i, i, 1+i, i%3, i%4)
			}, "uidxeef"},
		{"a login beside an e-mail", "Login Name,E-Mail,Group",
			func(i int) string { return fmt.Sprintf("p%d,p%d@acme.example.com,G%d", i, i, i%2) }, "iue"},
		{"a user name that holds addresses", "User Name,Licence",
			func(i int) string { return fmt.Sprintf("p%d@acme.example.com,L%d", i, i%2) }, "ue"},
		{"UPN and Okta ids", "UPN;oktaId;Profile",
			func(i int) string { return fmt.Sprintf("p%d@acme.example.com;00uabcdefghij%07d;P%d", i, i, i%3) }, "uie"},
		{"addresses under a name that says nothing", "Who,Role",
			func(i int) string { return fmt.Sprintf("p%d@acme.example.com,Thing %d", i, i%3) }, "ue"},
		{"a manager's address is not the user's", "Manager Email,Employee Email,Access Level",
			func(i int) string { return fmt.Sprintf("boss@acme.example.com,p%d@acme.example.com,Level %d", i, i%3) }, "aue"},
		{"attributes are no access", "Email,First Name,Last Name,Department,Title,Manager,Phone,Location,Cost " +
			"Centre,Status,Role",
			func(i int) string {
				return fmt.Sprintf("p%d@acme.example.com,A,B,Sales,Lead,Boss,+49 123,Berlin,C%d,Active,R%d", i, i%2, i%2)
			}, "uaaaaaaaase"},
		{"a status that decides", "Email,Role,Status",
			func(i int) string {
				return fmt.Sprintf("p%d@acme.example.com,R,%s", i, []string{"Approved", "Rejected"}[i%2])
			}, "uef"},
		{"yes and no need a name", "Email,Role,Allowed,Contractor",
			func(i int) string { return fmt.Sprintf("p%d@acme.example.com,R,%s,yes", i, []string{"Yes", "No"}[i%2]) }, "uefa"},
		{"the action is found by its cells", "Email,Role,What happened",
			func(i int) string {
				return fmt.Sprintf("p%d@acme.example.com,R,%s", i, []string{"Granted", "Revoked"}[i%2])
			}, "uex"},
		{"dates beside the access date", "Email,Role,Hire Date,Granted On,Last Login",
			func(i int) string {
				return fmt.Sprintf("p%d@acme.example.com,R%d,2019-01-01,2026-01-%02d,2026-02-01 10:00:00", i, i%2, 1+i)
			}, "ueada"},
		{"free text is ignored", "Email,Role,Blurb,Row Id",
			func(i int) string { return fmt.Sprintf("p%d@acme.example.com,R%d,text number %d,%d", i, i%2, i*i, i) }, "ue-a"},
		{"the id of a role beside its name", "Email,Role ID,Role Name,Role Description",
			func(i int) string { return fmt.Sprintf("p%d@acme.example.com,17%d,R%d,does things", i, i%3, i%3) }, "uaea"},
		{"two columns that decide", "Email,Role,Allowed,Effective_Access",
			func(i int) string { return fmt.Sprintf("p%d@acme.example.com,R%d,Yes,Permitted", i, i%2) }, "ueff"},
		{"yes and no are no access", "Email,Role,Remote worker",
			func(i int) string {
				return fmt.Sprintf("p%d@acme.example.com,R%d,%s", i, i%2, []string{"yes", "no"}[i%2])
			}, "uea"},
		{"camel case", "userEmail,permissionSetName,accessDate",
			func(i int) string { return fmt.Sprintf("p%d@acme.example.com,S%d,2026-01-02", i, i%3) }, "ued"},
	}
	letters := map[intake.Role]string{intake.RoleUser: "u", intake.RoleUserID: "i", intake.RoleEntitlement: "e",
		intake.RoleAttribute: "a",
		intake.RoleFilter:    "f", intake.RoleDate: "d", intake.RoleAction: "x", intake.RoleIgnored: "-",
		intake.RoleState: "s"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep := read(t, table(tt.header, 12, tt.row), intake.Options{})
			got := ""
			for _, c := range rep.Columns {
				got += letters[c.Role]
				if c.Reason == "" || c.Confidence <= 0 || c.Confidence > 1 {
					t.Errorf("column %s lacks reason or confidence: %+v", c.Name, c)
				}
			}
			if got != tt.want {
				t.Errorf("got %s, want %s: %+v", got, tt.want, rep.Columns)
			}
		})
	}
}

func TestTheCallerOverridesTheDetection(t *testing.T) {
	text := "Email,Backup Mail,Department,Role,Effective_Access\nada@acme.example.com,ada@home.example.com,Sales,Admin,Denied\n"
	rep := read(t, text, intake.Options{Mapping: intake.Mapping{
		User:         "backup mail",
		Entitlements: []string{"Department"},
		Attributes:   []string{"Effective_Access"},
	}})
	m := rep.Mapping
	if m.User != "Backup Mail" || len(m.Entitlements) != 1 || m.Entitlements[0] != "Department" || m.Filter != "" {
		t.Errorf("got %+v", m)
	}
	if rep.People[0].Email.Raw() != "ada@home.example.com" || rep.Rows[0].State != intake.RowWanted {
		t.Errorf("got %v, state %d", rep.People, rep.Rows[0].State)
	}
	if rep.Columns[3].Role != intake.RoleIgnored || rep.Columns[1].Confidence != 1 {
		t.Errorf("got %+v", rep.Columns)
	}
}

func TestTheMappingInForceGivesTheSameReportAgain(t *testing.T) {
	text := "Email,Role,Note,Note,Effective_Access,Access_Date,Blurb\n" +
		"ada@acme.example.com,R;S,x,y,No,2026-01-02,17\nben@acme.example.com,S,x,y,yes,03/04/2026,18\n"
	first := read(t, text, intake.Options{})
	again := read(t, text, intake.Options{Mapping: first.Mapping})
	if !reflect.DeepEqual(first.Mapping, again.Mapping) || !reflect.DeepEqual(first.Rows, again.Rows) {
		t.Errorf("got %+v, want %+v", again.Mapping, first.Mapping)
	}
}

func TestSecondFilterIsPointedOut(t *testing.T) {
	rep := read(t, "Email,Role,Allowed,Effective_Access\nada@acme.example.com,R,No,Permitted\n", intake.Options{})
	if rep.ProblemCounts[intake.ProblemSecondFilter] != 1 || rep.Mapping.Filter != "Effective_Access" {
		t.Errorf("got %v, filter %s", rep.ProblemCounts, rep.Mapping.Filter)
	}
}

func TestEntitlementHeadersAreHeldAgainstOktasLimits(t *testing.T) {
	rep := read(t, "Email,Role "+strings.Repeat("x", 260)+",Group\u202e\nada@acme.example.com,R,S\n", intake.Options{})
	if rep.ProblemCounts[intake.ProblemTooLong] != 1 || rep.ProblemCounts[intake.ProblemControl] != 1 {
		t.Errorf("got %v", rep.ProblemCounts)
	}
}

func TestMissingUserColumnNamesWhatThereIs(t *testing.T) {
	_, err := intake.Read(context.Background(), strings.NewReader("Abteilung,Rolle\nVertrieb,Chef\n"), intake.Options{})
	if trouble.CodeOf(err) != trouble.NoUserColumn || !strings.Contains(err.Error(), `"Abteilung", "Rolle"`) {
		t.Errorf("got %v", err)
	}
}

func TestDatesAreReadAsTheColumnWritesThem(t *testing.T) {
	tests := []struct {
		name  string
		cells []string
		want  string // of the first row
		order intake.DateOrder
		code  string
	}{
		{"ISO", []string{"2026-03-04"}, "2026-03-04", "", ""},
		{"ISO with time", []string{"2026-03-04T23:59:59Z"}, "2026-03-04", "", ""},
		{"points", []string{"04.03.2026"}, "2026-03-04", "", ""},
		{"compact", []string{"20260304"}, "2026-03-04", "", ""},
		{"words", []string{"4-Mar-2026", "4 March 2026"}, "2026-03-04", "", ""},
		{"day first, by a later row", []string{"03/04/2026", "31/12/2026"}, "2026-04-03", intake.DateOrderDayFirst, ""},
		{"month first, by a later row", []string{"03/04/2026", "12/31/2026"}, "2026-03-04", intake.DateOrderMonth, ""},
		{"never clear", []string{"03/04/2026", "05/06/2026"}, "2026-03-04", intake.DateOrderMonth,
			intake.ProblemAmbiguousDate},
		{"both", []string{"03/04/2026", "31/12/2026", "30/12/2026", "12/31/2026"}, "2026-04-03", intake.DateOrderDayFirst,
			intake.ProblemMixedDates},
		{"leap day", []string{"2024-02-29"}, "2024-02-29", "", ""},
		{"no such day", []string{"2026-02-29", "2026-01-01"}, "", "", intake.ProblemBadDate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := table("Email,Access_Date,Role", len(tt.cells), func(i int) string {
				return "ada@acme.example.com," +
					tt.cells[i] + ",R"
			})
			rep := read(t, text, intake.Options{Mapping: intake.Mapping{Date: "Access_Date"}})
			got := ""
			if d := intake.Day(rep.Rows[0].Date); !d.IsZero() {
				got = d.Format("2006-01-02")
			}
			if got != tt.want || rep.DateOrder != tt.order {
				t.Errorf("got %q %q, want %q %q", got, rep.DateOrder, tt.want, tt.order)
			}
			if tt.code != "" && rep.ProblemCounts[tt.code] == 0 {
				t.Errorf("got %v, want %s", rep.ProblemCounts, tt.code)
			}
		})
	}
}
