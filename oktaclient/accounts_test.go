package oktaclient

import (
	"errors"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

const accountBody = `{"id":"00u1","status":"ACTIVE","created":"2026-01-02T03:04:05.000Z",
"activated":"2026-01-02T03:04:06Z","statusChanged":"2026-02-01T00:00:00.500Z","lastLogin":null,` +
	`"profile":{"login":"a@x.example","email":"a@x.example","firstName":"Ann","lastName":null,"department":"R&D",
"title":"<b>Boss</b>","userType":"Contractor","manager":"Bob \u202e","managerId":"not an id",
"custom":{"deep":[1]}}}`

var ann = Account{
	User: User{
		ID:         "00u1",
		Status:     "ACTIVE",
		Login:      untrusted.New("a@x.example"),
		Email:      untrusted.New("a@x.example"),
		FirstName:  untrusted.New("Ann"),
		Department: untrusted.New("R&D"),
		Title:      untrusted.New("<b>Boss</b>"),
	},
	UserType:      untrusted.New("Contractor"),
	Manager:       untrusted.New("Bob \u202e"),
	ManagerID:     untrusted.New("not an id"),
	Created:       time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	Activated:     time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	StatusChanged: time.Date(2026, 2, 1, 0, 0, 0, 5e8, time.UTC),
}

func TestEverybodyIsReadWithoutTheSearchIndex(t *testing.T) {
	s := (&script{}).
		then(200, "["+accountBody+"]", "Link", `<https://evil.example/api/v1/users?after=00u1&limit=200>; rel="next"`).
		then(200, `[{"id":"00u2","status":"STAGED","created":"yesterday"}]`)
	c, _ := connect(t, s)
	got := collect(t, c.Everybody(t.Context()))
	s.check(t, "GET /api/v1/users?limit=200", "GET /api/v1/users?after=00u1&limit=200")
	if len(got) != 2 || got[0] != ann || got[1] != (Account{User: User{
		ID:     "00u2",
		Status: "STAGED",
	}}) {
		t.Errorf("accounts are %+v", got)
	}
}

func TestAccountsAreFoundBySearchByIDAndByGroup(t *testing.T) {
	s := (&script{}).then(200, "["+accountBody+"]").then(200, accountBody).then(200, accountBody).then(200,
		"["+accountBody+"]")
	c, _ := connect(t, s)
	search := "profile.department eq " + Quote(`R"D`)
	if got := collect(t, c.FindAccounts(t.Context(), search)); len(got) != 1 || got[0] != ann {
		t.Errorf("found %+v", got)
	}
	for _, id := range []string{"00u1", "a@x.example"} {
		if got, err := c.Account(t.Context(), id); err != nil || got != ann {
			t.Errorf("account %s is %+v, %v", id, got, err)
		}
	}
	if got := collect(t, c.GroupMembers(t.Context(), "00g1")); len(got) != 1 || got[0] != ann {
		t.Errorf("members are %+v", got)
	}
	s.check(t, `GET /api/v1/users?limit=200&search=profile.department+eq+%22R%5C%22D%22`,
		"GET /api/v1/users/00u1", "GET /api/v1/users/a@x.example",
		"GET /api/v1/groups/00g1/users?limit=200")
}

func TestGroupsComeByPagesWithTheirLastChange(t *testing.T) {
	changed := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	s := (&script{}).
		then(200, `[{"id":"00g1","type":"OKTA_GROUP","lastMembershipUpdated":"2026-11-01T08:00:00.000Z",
"profile":{"name":"Staff","description":null}}]`, "Link", `<https://acme.okta.com/api/v1/groups?after=G>; rel="next"`).
		then(200, `[{"id":"00g2","type":"BUILT_IN","profile":{"name":"Everyone"}}]`).
		then(200, `[]`).
		then(200, `{"id":"00g1","type":"OKTA_GROUP","lastMembershipUpdated":"2026-11-01T08:00:00.000Z","profile":{"name":"Staff"}}`)
	c, _ := connect(t, s)
	staff := Group{
		ID:                "00g1",
		Name:              untrusted.New("Staff"),
		Type:              "OKTA_GROUP",
		MembershipUpdated: changed,
	}
	if got := collect(t, c.Groups(t.Context(), "")); len(got) != 2 || got[0] != staff || got[1].Name.Raw() != "Everyone" {
		t.Errorf("groups are %+v", got)
	}
	if got := collect(t, c.Groups(t.Context(), "profile.name eq "+Quote("No one"))); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
	if got, err := c.Group(t.Context(), "00g1"); err != nil || got != staff {
		t.Errorf("group is %+v, %v", got, err)
	}
	s.check(t, "GET /api/v1/groups?limit=200", "GET /api/v1/groups?after=G&limit=200",
		"GET /api/v1/groups?limit=200&search=profile.name+eq+%22No+one%22", "GET /api/v1/groups/00g1")
}

func TestReadsOfAnAuditRefuseWhatIsNoID(t *testing.T) {
	s := &script{}
	c, _ := connect(t, s)
	for _, bad := range []string{"", "me", "..", "a/b", "a?b", "00u1/factors", "ü"} {
		_, err1 := c.Factors(t.Context(), bad)
		_, err2 := c.Enrollments(t.Context(), bad)
		_, err3 := c.UserRoles(t.Context(), bad)
		_, err4 := c.GroupRoles(t.Context(), bad)
		for i, err := range []error{err1, err2, err3, err4, firstError(c.GroupMembers(t.Context(), bad))} {
			if !errors.Is(err, ErrBadArgument) {
				t.Errorf("%q in call %d gave %v", bad, i+1, err)
			}
		}
	}
	for _, bad := range []string{"", "me", "..", "a/b"} {
		if _, err := c.Account(t.Context(), bad); !errors.Is(err, ErrBadArgument) {
			t.Errorf("account %q gave %v", bad, err)
		}
	}
	if err := firstError(c.FindAccounts(t.Context(), "")); !errors.Is(err, ErrBadArgument) {
		t.Errorf("an empty search gave %v", err)
	}
	s.check(t)
}
