package tools_test

import (
	"fmt"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// wide makes a text of n characters that begins with a number.
func wide(n, number int) string {
	begin := fmt.Sprintf("%05d ", number)
	return begin + strings.Repeat("w", n-len(begin))
}

// The bound on answers is checked by rig.raw; these tests bring long answers.

func TestAnswersStaySmallOnReportsOfAnySize(t *testing.T) {
	if testing.Short() {
		t.Skip("about sizes and scopes, not about goroutines")
	}
	reports := map[string]func(b *strings.Builder){
		"100,000 rows": func(b *strings.Builder) {
			b.WriteString("Email,Role,Permission_Set,Access_Date,Effective_Access\n")
			for i := range 100_000 {
				fmt.Fprintf(b, "user%d@acme.example.com,Role %d,Set %d,2026-%02d-01,Permitted\n", i%20_000, i%300, i%7, i%12+1)
			}
		},
		"30,000 values": func(b *strings.Builder) {
			b.WriteString("Email,Role\n")
			for i := range 30_000 {
				fmt.Fprintf(b, "user%d@acme.example.com,%s\n", i%100, wide(60, i))
			}
		},
		"200 columns of long names": func(b *strings.Builder) {
			b.WriteString("Email")
			for i := range 200 {
				b.WriteString("," + wide(120, i))
			}
			for row := range 120 {
				fmt.Fprintf(b, "\nuser%d@acme.example.com", row)
				for i := range 200 {
					b.WriteString("," + wide(120, i*1000+row%30))
				}
			}
			b.WriteString("\n")
		},
		"nothing but problems": func(b *strings.Builder) {
			b.WriteString(wide(200, 1) + ",Email,Role\n")
			for i := range 2000 {
				fmt.Fprintf(b, "x,%s,%s\n", wide(300, i), wide(1500, i))
			}
		},
	}
	for name, write := range reports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			var b strings.Builder
			write(&b)
			r.file("big.csv", b.String())
			page := call[tools.ReadFileOut](r, "read_csv_file", arguments{"filename": "big.csv", "limit": 100})
			if len(page.Rows) == 0 || page.NextCursor == "" {
				t.Errorf("%d rows, cursor %q", len(page.Rows), page.NextCursor)
			}
			next := call[tools.ReadFileOut](r, "read_csv_file",
				arguments{"filename": "big.csv", "limit": 100, "cursor": page.NextCursor, "show_personal_data": true})
			if len(next.Rows) == 0 || next.Rows[0].Line != page.Rows[len(page.Rows)-1].Line+1 {
				t.Error("the second page does not go on where the first ended")
			}
			checked := call[tools.PreflightOut](r, "validate_csv_preflight", arguments{"filename": "big.csv"})
			if checked.NextOffset > 0 && len(checked.Problems) != checked.NextOffset {
				t.Errorf("%d problems, next offset %d", len(checked.Problems), checked.NextOffset)
			}
			analysed := call[tools.AnalyzeOut](r, "analyze_csv_for_entitlements", arguments{"filename": "big.csv"})
			if analysed.Counts.Rows == 0 || len(analysed.Columns) == 0 {
				t.Errorf("analysed %+v", analysed.Counts)
			}
			if analysed.Counts.Wanted == 0 {
				return
			}
			planned := call[tools.PlanOut](r, "prepare_entitlement_structure",
				arguments{"filename": "big.csv", "app_id": r.AppID})
			if planned.Status != "needs_confirmation" || planned.Counts.CreateEntitlements == 0 {
				t.Errorf("planned %+v", planned.Counts)
			}
			granted := call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "big.csv", "app_id": r.AppID})
			if sum(granted.Rows) != analysed.Counts.Rows {
				t.Errorf("%v do not add up to %d", granted.Rows, analysed.Counts.Rows)
			}
		})
	}
}

func TestAnswersStaySmallOnTenantsOfAnySize(t *testing.T) {
	if testing.Short() {
		t.Skip("about sizes and scopes, not about goroutines")
	}
	t.Parallel()
	inBubble(t, rigOptions{}, bigTenant)
}

func bigTenant(t *testing.T, r *rig) {
	values := make([]string, 30_000)
	for i := range values {
		values[i] = wide(120, i)
	}
	entitlement, _ := r.Tenant.AddEntitlement(r.AppID, wide(250, 0), true, values...)
	many := r.Tenant.AddApp(oktasim.NewApp{Label: wide(250, 0)})
	for i := range 250 {
		r.Tenant.AddEntitlement(many, wide(250, i+1), true, "one")
	}
	offered := call[tools.ListEntitlementsOut](r, "okta_iga_list_entitlements", arguments{"app_id": many})
	if offered.Total != 250 || offered.TotalValues != 250 || len(offered.Entitlements) == 0 || offered.NextCursor == "" {
		t.Errorf("listed %d of %d", len(offered.Entitlements), offered.Total)
	}
	rest := call[tools.ListEntitlementsOut](r, "okta_iga_list_entitlements",
		arguments{"app_id": many, "cursor": offered.NextCursor})
	if rest.Total != 250 || len(rest.Entitlements) == 0 ||
		rest.Entitlements[0].ID == offered.Entitlements[len(offered.Entitlements)-1].ID {
		t.Errorf("the second page begins at %+v", rest.Entitlements[:1])
	}
	r.refused("okta_iga_list_entitlements", arguments{"app_id": many, "cursor": "espNothing"}, "cursor_unknown")
	seen, cursor, pages := map[string]bool{}, "", 0
	for pages < 2 {
		page := call[tools.ListValuesOut](r, "okta_iga_list_entitlement_values",
			arguments{"entitlement_id": entitlement, "limit": 200, "cursor": cursor})
		if page.Total != 30_000 || len(page.Values) == 0 || page.NextCursor == "" {
			t.Fatalf("page %d: %d of %d, cursor %q", pages, len(page.Values), page.Total, page.NextCursor)
		}
		for _, v := range page.Values {
			if seen[v.ID] {
				t.Errorf("value %s came twice", v.ID)
			}
			seen[v.ID] = true
		}
		if page.NextCursor != page.Values[len(page.Values)-1].ID {
			t.Error("the next page would leave values out")
		}
		cursor, pages = page.NextCursor, pages+1
	}
}

func TestAnswersStaySmallForManyUsers(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	_, values := r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin")
	var names, ids []string
	var grants []any
	for i := range 200 {
		email := fmt.Sprintf("%s@acme.example.com", strings.ReplaceAll(wide(60, i), " ", ""))
		id := r.Tenant.AddUser(oktasim.NewUser{
			Email:     email,
			FirstName: wide(120, i),
			LastName:  wide(120, i),
		})
		r.Tenant.AddUser(oktasim.NewUser{
			Email:     "shared@acme.example.com",
			Login:     fmt.Sprintf("shared%d@acme.example.com", i),
			FirstName: wide(120, i),
			LastName:  wide(120, i),
		})
		names, ids = append(names, email), append(ids, id)
		grants = append(grants, arguments{"user_id": id, "value_ids": values})
	}
	found := call[tools.BatchUserSearchOut](r, "okta_batch_user_search", arguments{"names": names})
	if len(found.Found) != 200 {
		t.Errorf("found %d of 200", len(found.Found))
	}
	if one := call[tools.UserSearchOut](r, "okta_user_search",
		arguments{"query": "shared@acme.example.com"}); one.Result != "ambiguous" || len(one.Users) == 0 {
		t.Errorf("a shared address is %s", one.Result)
	}
	if several := call[tools.BatchUserSearchOut](r, "okta_batch_user_search",
		arguments{"names": []string{"shared@acme.example.com"}}); len(several.Ambiguous) == 0 {
		t.Errorf("a shared address: %+v", several)
	}
	assigned := r.applied("okta_batch_assign_users", arguments{"app_id": r.AppID, "user_ids": ids})
	granted := r.applied("okta_batch_create_grants", arguments{"app_id": r.AppID, "grants": grants})
	if assigned.Status != "complete" || granted.Status != "complete" || granted.Rows["granted"] != 200 {
		t.Errorf("assigned %s, granted %s %v", assigned.Status, granted.Status, granted.Rows)
	}
}

func TestAnswersStaySmallForManyFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	for i := range 300 {
		r.file(fmt.Sprintf("%s/%s/%s.csv", strings.Repeat("d", 200), strings.Repeat("e", 200), wide(200, i)), small)
	}
	list := call[tools.ListFilesOut](r, "list_csv_files", nil)
	if len(list.Files) == 0 || len(list.Files)+list.More != 300 {
		t.Errorf("%d files and %d more, want 300", len(list.Files), list.More)
	}
}
