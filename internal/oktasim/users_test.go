package oktasim

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func search(text string) string { return "/api/v1/users?search=" + url.QueryEscape(text) }

// logins names the people in a list.
func logins(items []map[string]any) []string {
	out := []string{}
	for _, item := range items {
		out = append(out, item["profile"].(map[string]any)["login"].(string))
	}
	slices.Sort(out)
	return out
}

func smallWorld(t testing.TB, o Options) (d *caller, ids map[string]string) {
	d = newCaller(t, o)
	ids = map[string]string{}
	for _, u := range []NewUser{
		{Email: "ada@x.example", FirstName: "Ada", LastName: "Berg", EmployeeNumber: "1", Department: "Legal"},
		{Email: "bo@x.example", FirstName: "Bo", LastName: "Berg", EmployeeNumber: "2", Status: statusDeprovisioned},
		{Email: `o"hara@x.example`, FirstName: "Sean", LastName: "O'Hara", EmployeeNumber: "3"},
		{Email: "shared@x.example", Login: "cy@x.example", FirstName: "Cy", LastName: "Dahl",
			Profile: map[string]any{"teams": []any{"red", "blue"}}},
		{Email: "shared@x.example", Login: "di@x.example", FirstName: "Di", LastName: "Dahl", Status: statusSuspended},
	} {
		id := d.tenant.AddUser(u)
		ids[cmp.Or(u.Login, u.Email)] = id
	}
	return d, ids
}

func TestUserSearchSpeaksTheDocumentedGrammar(t *testing.T) {
	d, ids := smallWorld(t, Options{})
	for text, want := range map[string]string{
		`profile.email eq "ADA@x.example"`:                                     "ada@x.example",
		`profile.lastName eq "berg"`:                                           "ada@x.example bo@x.example",
		`profile.lastName eq "Berg" and status eq "ACTIVE"`:                    "ada@x.example",
		`profile.email eq "shared@x.example"`:                                  "cy@x.example di@x.example",
		`profile.login eq "o\"hara@x.example"`:                                 `o"hara@x.example`,
		`profile.firstName sw "A" and profile.department pr`:                   "ada@x.example",
		`profile.teams eq "blue"`:                                              "cy@x.example",
		`profile.lastName co "har"`:                                            `o"hara@x.example`,
		`(profile.employeeNumber eq "1" or profile.employeeNumber eq "2")`:     "ada@x.example bo@x.example",
		`id eq "` + ids["bo@x.example"] + `" or profile.login eq "nobody"`:     "bo@x.example",
		`profile.login eq "ada@x.example" or profile.email eq "ada@x.example"`: "ada@x.example",
		`profile.employeeNumber gt "2" and profile.employeeNumber lt "4"`:      `o"hara@x.example`,
		`profile.lastname eq "Berg"`:                                           "", // property names are case-sensitive
	} {
		items, _ := d.all(search(text))
		if got := strings.Join(logins(items), " "); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{
		`profile.lastName ne "Berg"`, `not (status eq "ACTIVE")`, `profile.department co "eg"`,
		`profile.email eq "a`, `nonsense`,
		`credentials.provider eq "x"`,
	} {
		d.refusal(d.get(search(text)), 400, codeBadSearch)
	}
}

func TestTheFourWaysToListUsersDifferOverTheDeactivated(t *testing.T) {
	d, _ := smallWorld(t, Options{})
	for target, want := range map[string]bool{
		"/api/v1/users":                     false,
		"/api/v1/users?q=Bo":                false,
		search(`profile.firstName eq "Bo"`): true,
		"/api/v1/users?filter=" + url.QueryEscape(`profile.firstName eq "Bo"`): true,
	} {
		items, _ := d.all(target)
		if got := slices.Contains(logins(items), "bo@x.example"); got != want {
			t.Errorf("%s shows the deactivated: %v, want %v", target, got, want)
		}
	}
	if items, _ := d.all("/api/v1/users?filter=" + url.QueryEscape(`profile.firstName eq "bo"`)); len(items) != 0 {
		t.Error("filter compares values without regard to case")
	}
	d.refusal(d.get("/api/v1/users?filter="+url.QueryEscape(`profile.firstName sw "B"`)), 400, codeBadSearch)
	d.refusal(d.get("/api/v1/users?q=a&search=x"), 400, codeQWithFilter)
	d.refusal(d.get("/api/v1/users?sortBy=profile.login"), 400, codeCombination)
}

func TestUserPagesShowEveryoneOnce(t *testing.T) {
	d := newCaller(t, Options{Users: 730})
	for target, wantPages := range map[string]int{
		search(`profile.login pr`): 4, search(`profile.login pr`) + "&limit=100": 8, search(`profile.login pr`) +
			"&limit=5000": 4,
		search(`profile.login pr`) + "&sortBy=profile.lastName&sortOrder=desc": 4,
	} {
		items, pages := d.all(target)
		seen := map[any]bool{}
		for _, item := range items {
			seen[item["id"]] = true
		}
		if len(seen) != 731 || len(items) != 731 || pages != wantPages {
			t.Errorf("%s: %d items, %d people, %d pages", target, len(items), len(seen), pages)
		}
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	a, b, c := New(Options{
		Seed:  7,
		Users: 50,
	}).State(), New(Options{Seed: 7, Users: 50}).State(), New(Options{Seed: 8, Users: 50}).State()
	if !slices.Equal(a.Users, b.Users) || slices.Equal(a.Users, c.Users) {
		t.Error("the seed does not decide the world")
	}
}

func TestSearchLagsBehindWritesAndReadsByIDDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{IndexLag: 10 * time.Second})
		d.tenant.AddUser(NewUser{Email: "old@x.example"})
		time.Sleep(time.Minute)
		made := d.want(200, "POST", "/api/v1/users",
			`{"profile":{"login":"new@x.example","email":"new@x.example","firstName":"N","lastName":"W"}}`)
		d.tenant.SetUserProfile(d.tenant.UserByEmail("old@x.example"), "department", "Legal")
		find := func(text string) int { items, _ := d.all(search(text)); return len(items) }
		if d.get("/api/v1/users/"+made["id"].(string)).StatusCode != 200 ||
			d.get("/api/v1/users/new@x.example").StatusCode != 200 {
			t.Error("a read by id or login lags")
		}
		if find(`profile.login eq "new@x.example"`) != 0 || find(`profile.department eq "Legal"`) != 0 ||
			find(`profile.login eq "old@x.example"`) != 1 {
			t.Error("the index does not lag")
		}
		time.Sleep(10 * time.Second)
		if find(`profile.login eq "new@x.example"`) != 1 || find(`profile.department eq "Legal"`) != 1 {
			t.Error("the index never catches up")
		}
	})
}

func TestUsersAreMadeChangedAndRefusedAsOktaDoes(t *testing.T) {
	d := newCaller(t, Options{})
	body := func(login string) string {
		return fmt.Sprintf(`{"profile":{"login":%q,"email":%q,"firstName":"A","lastName":"B"},`+
			`"credentials":{"password":{"value":"pw"}}}`, login, login)
	}
	u := d.want(200, "POST", "/api/v1/users?activate=true", body("a@x.example"))
	id := u["id"].(string)
	if u["status"] != "ACTIVE" {
		t.Errorf("with a password: %v", u["status"])
	}
	d.refusal(d.do("POST", "/api/v1/users", body("A@x.example")), 400, codeValidation)
	d.refusal(d.do("POST", "/api/v1/users",
		`{"profile":{"login":"b@x","email":"b@x","firstName":"A","lastName":"B","shoe":"44"}}`), 400, codeValidation)
	d.refusal(d.do("POST", "/api/v1/users", `{"profile":`), 400, codeMalformed)
	d.refusal(d.get("/api/v1/users/00uNobody"), 404, codeNotFound)
	d.refusal(d.get("/api/v1/unknown"), 404, codeUnknownPath)
	d.refusal(d.do("PATCH", "/api/v1/users/"+id, ""), 405, codeWrongMethod)
	d.want(200, "POST", "/api/v1/users/"+id, `{"profile":{"department":"Legal"}}`)
	got := d.want(200, "GET", "/api/v1/users/a", "")["profile"].(map[string]any)
	if got["department"] != "Legal" || got["firstName"] != "A" {
		t.Errorf("after a partial update: %v", got)
	}
	for _, step := range []struct {
		verb   string
		status int
		after  string
	}{
		{"unsuspend", 400, "ACTIVE"}, {"suspend", 200, "SUSPENDED"}, {"unsuspend", 200, "ACTIVE"}, {"activate", 403,
			"ACTIVE"},
		{"unlock", 403, "ACTIVE"}, {"deactivate", 200, "DEPROVISIONED"}, {"deactivate", 403, "DEPROVISIONED"}, {"activate",
			200, "ACTIVE"},
	} {
		d.want(step.status, "POST", "/api/v1/users/"+id+"/lifecycle/"+step.verb, "")
		if got := d.want(200, "GET", "/api/v1/users/"+id, "")["status"]; got != step.after {
			t.Errorf("after %s: %v, want %s", step.verb, got, step.after)
		}
	}
}

func TestMembershipBringsApplicationsAndTakesThemAway(t *testing.T) {
	d, ids := smallWorld(t, Options{})
	app, group := d.tenant.AddApp(NewApp{Label: "Payroll"}), d.tenant.AddGroup("Crew", ids["ada@x.example"])
	d.want(200, "PUT", "/api/v1/apps/"+app+"/groups/"+group, `{}`)
	member := "/api/v1/groups/" + group + "/users/" + ids["cy@x.example"]
	assignment := "/api/v1/apps/" + app + "/users/" + ids["cy@x.example"]
	d.want(204, "PUT", member, "")
	d.want(204, "PUT", member, "")
	if got := d.want(200, "GET", assignment, ""); got["scope"] != "GROUP" {
		t.Errorf("scope %v, want GROUP", got["scope"])
	}
	d.want(204, "DELETE", assignment, "")
	if !d.tenant.Assigned(app, ids["cy@x.example"]) {
		t.Error("an assignment that a group brings stayed away")
	}
	d.want(204, "DELETE", member, "")
	d.refusal(d.get(assignment), 404, codeNotFound)
	if items, _ := d.all("/api/v1/groups/" + group + "/users"); len(items) != 1 {
		t.Errorf("%d members, want 1", len(items))
	}
	if n := d.tenant.Events("group.user_membership.add"); n != 1 {
		t.Errorf("%d events for one change of membership", n)
	}
	everyone := d.list(d.get("/api/v1/groups?q=Everyone"))[0]["id"].(string)
	d.refusal(d.do("DELETE", "/api/v1/groups/"+everyone+"/users/"+ids["cy@x.example"], ""), 403, codeNoPermission)
}

func TestAssigningUsersToApplications(t *testing.T) {
	d, ids := smallWorld(t, Options{})
	app := d.tenant.AddApp(NewApp{Label: "Payroll", EMOptIn: "NONE"})
	assign := func(id string) *sent {
		return d.do("POST", "/api/v1/apps/"+app+"/users", `{"id":"`+id+`","scope":"USER"}`)
	}
	for range 2 { // the second time updates
		if s := assign(ids["ada@x.example"]); s.StatusCode != 200 {
			t.Errorf("assign: %d %s", s.StatusCode, s.raw)
		}
	}
	d.refusal(assign(ids["bo@x.example"]), 403, codeUserInactive)
	d.refusal(assign("00uNobody"), 404, codeNotFound)
	d.tenant.SetAppStatus(app, "INACTIVE")
	d.refusal(assign(ids["cy@x.example"]), 400, codeValidation)
	items, _ := d.all("/api/v1/apps/" + app + "/users?expand=user")
	if len(items) != 1 || items[0]["_embedded"].(map[string]any)["user"] == nil {
		t.Errorf("got %v", items)
	}
	found, _ := d.all("/api/v1/apps?q=pay")
	if len(found) != 1 || found[0]["settings"].(map[string]any)["emOptInStatus"] != "NONE" {
		t.Errorf("apps: %v", found)
	}
}

func TestAppUserPagesSurviveThatTheirCursorLeaves(t *testing.T) {
	d := newCaller(t, Options{})
	app := d.tenant.AddApp(NewApp{Label: "Payroll"})
	seen := map[any]bool{}
	for i := range 120 {
		d.tenant.AssignApp(app, d.tenant.AddUser(NewUser{Email: fmt.Sprintf("u%d@x.example", i)}))
	}
	target, last := "/api/v1/apps/"+app+"/users", ""
	for target != "" {
		s := d.get(target)
		for _, item := range d.list(s) {
			seen[item["id"]] = true
			last = item["id"].(string)
		}
		if target = s.next(); target != "" {
			d.want(204, "DELETE", "/api/v1/apps/"+app+"/users/"+last, "")
		}
	}
	if len(seen) != 120 {
		t.Errorf("saw %d of 120", len(seen))
	}
}

func TestAppSchemaMergesAndRemoves(t *testing.T) {
	d := newCaller(t, Options{})
	at := "/api/v1/meta/schemas/apps/" + d.tenant.AddApp(NewApp{Label: "Payroll"}) + "/default"
	d.want(200, "POST", at, `{"definitions":{"custom":{"properties":{`+
		`"level":{"title":"Level","type":"string"},"area":{"title":"Area","type":"string"}}}}}`)
	got := d.want(200, "POST", at, `{"definitions":{"custom":{"properties":{"area":null}}}}`)
	custom := got["definitions"].(map[string]any)["custom"].(map[string]any)["properties"].(map[string]any)
	if names := slices.Sorted(maps.Keys(custom)); !slices.Equal(names, []string{"level"}) {
		t.Errorf("attributes %v, want level", names)
	}
}

func BenchmarkSearchHundredThousand(b *testing.B) {
	d := newCaller(b, Options{Users: 100_000})
	terms := make([]string, 0, 50)
	for i := range 50 {
		u := d.tenant.users[d.tenant.userOrder[i*1000]]
		terms = append(terms, `profile.email eq "`+u.email()+`"`)
	}
	target := search(strings.Join(terms, " or "))
	for b.Loop() {
		if s := d.get(target); s.StatusCode != 200 {
			b.Fatal(s.StatusCode)
		}
	}
}

func TestLaggingIndexKnowsAUserByTheOldAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{IndexLag: 10 * time.Second})
		id := d.tenant.AddUser(NewUser{Email: "old@x.example"})
		time.Sleep(time.Minute)
		d.tenant.SetUserProfile(id, "email", "new@x.example")
		for range 2 {
			before, _ := d.all(search(`profile.email eq "old@x.example"`))
			after, _ := d.all(search(`profile.email eq "new@x.example"`))
			if len(before)+len(after) != 1 {
				t.Errorf("%d by the old address and %d by the new, want one in all", len(before), len(after))
			}
			time.Sleep(10 * time.Second)
		}
	})
}
