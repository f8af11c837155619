package oktaclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"okta-entitlements-mcp/internal/untrusted"
)

// probe is one method of the client, asked for object 1 of its kind.
type probe struct {
	call   func(context.Context, *Client, *Writer) (believed int, err error) // how many things the caller would believe in
	before []string                                                          // good answers to the calls that come first
	good   string                                                            // an answer that proves what it says
	other  []string                                                          // answers about something else
	array  bool                                                              // the answer is a bare array, so [] is one
	status int                                                               // that Okta documents; 200 when 0
}

const (
	oneGrant = `{"id":"gra1","grantType":"ENTITLEMENT","action":"ALLOW","target":{"externalId":"0oa1"},
"targetPrincipal":{"externalId":"00u1"},"entitlements":[{"id":"esp1","values":[{"id":"ent1"}]}]}`
	onePolicy = `[{"id":"00p1","status":"ACTIVE"}]`
	knownOrg  = `{"id":"00o1","pipeline":"idx"}`
)

func instead(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

// probes has an entry for every method of Client and Writer that asks Okta something.
func probes() map[string]probe {
	app := `{"id":"0oa1","status":"ACTIVE","settings":{"emOptInStatus":"ENABLED"}}`
	appUser := `{"id":"00u1","scope":"USER","status":"ACTIVE"}`
	entitlement := `{"id":"esp1","externalValue":"role","parent":{"externalId":"0oa1"},"values":[{"id":"ent1"}]}`
	value := `{"id":"ent1","entitlementId":"esp1"}`
	role := `{"id":"ra1","type":"SUPER_ADMIN"}`
	grants := `{"data":[` + oneGrant + `]}`
	otherUser := instead(accountBody, "00u1", "00u2", "a@x.example", "b@x.example")
	data := func(item string) string { return `{"data":[` + item + `]}` }
	return map[string]probe{
		"Org": {good: knownOrg, call: one(func(ctx context.Context, c *Client) (Org, error) { return c.Org(ctx) })},
		"Org settings": {before: []string{knownOrg}, good: `{"id":"00o1"}`, other: []string{`{"id":"00o2","companyName":"Evil"}`},
			call: one(func(ctx context.Context, c *Client) (string, error) {
				org, err := c.Org(ctx)
				return org.Name.Raw(), err
			})},
		"Me": {good: accountBody, call: one(func(ctx context.Context, c *Client) (User, error) { return c.Me(ctx) })},
		"User": {good: accountBody, other: []string{otherUser},
			call: one(func(ctx context.Context, c *Client) (User, error) { return c.User(ctx, "00u1") })},
		"User by login": {good: accountBody, other: []string{otherUser},
			call: one(func(ctx context.Context, c *Client) (User, error) { return c.User(ctx, "A@x.example") })},
		"Account": {good: accountBody, other: []string{otherUser},
			call: one(func(ctx context.Context, c *Client) (Account, error) { return c.Account(ctx, "00u1") })},
		"Users": {array: true, good: "[" + accountBody + "]",
			call: many(func(ctx context.Context, c *Client) iter.Seq2[User, error] { return c.Users(ctx, "x pr") })},
		"Everybody": {array: true, good: "[" + accountBody + "]",
			call: many(func(ctx context.Context, c *Client) iter.Seq2[Account, error] { return c.Everybody(ctx) })},
		"FindAccounts": {array: true, good: "[" + accountBody + "]",
			call: many(func(ctx context.Context, c *Client) iter.Seq2[Account, error] { return c.FindAccounts(ctx, "x pr") })},
		"Group": {good: `{"id":"00g1"}`, other: []string{`{"id":"00g2"}`},
			call: one(func(ctx context.Context, c *Client) (Group, error) { return c.Group(ctx, "00g1") })},
		"Groups": {array: true, good: `[{"id":"00g1"}]`,
			call: many(func(ctx context.Context, c *Client) iter.Seq2[Group, error] { return c.Groups(ctx, "") })},
		"GroupMembers": {array: true, good: "[" + accountBody + "]",
			call: many(func(ctx context.Context, c *Client) iter.Seq2[Account, error] { return c.GroupMembers(ctx, "00g1") })},
		"GroupApps": {array: true, good: "[" + app + "]",
			call: many(func(ctx context.Context, c *Client) iter.Seq2[App, error] { return c.GroupApps(ctx, "00g1") })},
		"GroupRoles": {array: true, good: "[" + role + "]",
			call: some(func(ctx context.Context, c *Client) ([]Role, error) { return c.GroupRoles(ctx, "00g1") })},
		"UserGroups": {array: true, good: `[{"id":"00g1"}]`,
			call: some(func(ctx context.Context, c *Client) ([]Group, error) { return c.UserGroups(ctx, "00u1") })},
		"UserRoles": {array: true, good: "[" + role + "]",
			call: some(func(ctx context.Context, c *Client) ([]Role, error) { return c.UserRoles(ctx, "00u1") })},
		"RoleHolders": {good: `{"value":[{"id":"00u1"}]}`, other: []string{`{"Value":[]}`, `{"value":null}`, `{"value":[null]}`},
			call: many(func(ctx context.Context, c *Client) iter.Seq2[string, error] { return c.RoleHolders(ctx) })},
		"App": {good: app, other: []string{instead(app, "0oa1", "0oa2")},
			call: one(func(ctx context.Context, c *Client) (App, error) { return c.App(ctx, "0oa1") })},
		"Apps": {array: true, good: "[" + app + "]",
			call: many(func(ctx context.Context, c *Client) iter.Seq2[App, error] { return c.Apps(ctx, "") })},
		"AppUsers": {array: true, good: "[" + appUser + "]",
			call: many(func(ctx context.Context, c *Client) iter.Seq2[AppUser, error] { return c.AppUsers(ctx, "0oa1") })},
		"AppUser": {good: appUser, other: []string{instead(appUser, "00u1", "00u2")},
			call: one(func(ctx context.Context, c *Client) (AppUser, error) { return c.AppUser(ctx, "0oa1", "00u1") })},
		"Factors": {array: true, good: `[{"id":"opf1","factorType":"push"}]`,
			call: some(func(ctx context.Context, c *Client) ([]Factor, error) { return c.Factors(ctx, "00u1") })},
		"Enrollments": {array: true, good: `[{"id":"lae1","key":"okta_password"}]`,
			call: some(func(ctx context.Context, c *Client) ([]Enrollment, error) { return c.Enrollments(ctx, "00u1") })},
		"Authenticators": {array: true, good: `[{"id":"aut1","key":"okta_verify"}]`,
			call: some(func(ctx context.Context, c *Client) ([]Authenticator, error) { return c.Authenticators(ctx) })},
		"EnrollmentPolicies": {array: true, good: `[{"id":"00p1","status":"INACTIVE"}]`,
			call: some(func(ctx context.Context, c *Client) ([]EnrollmentPolicy, error) { return c.EnrollmentPolicies(ctx) })},
		"EnrollmentPolicies rules": {before: []string{onePolicy}, array: true, good: `[{"id":"0pr1"}]`,
			call: some(func(ctx context.Context, c *Client) ([]EnrollmentPolicy, error) { return c.EnrollmentPolicies(ctx) })},
		"Log": {array: true, good: `[{"uuid":"e1"}]`,
			call: many(func(ctx context.Context, c *Client) iter.Seq2[Event, error] { return c.Log(ctx, anHour) })},
		"EntitlementSettings": {good: `{"status":"OPTED_IN"}`,
			call: one(func(ctx context.Context, c *Client) (EntitlementSettings, error) {
				return c.EntitlementSettings(ctx, "orn:okta:idp:00o1:apps:oidc_client:0oa1")
			})},
		"Entitlements": {good: data(entitlement), other: []string{data(instead(entitlement, "0oa1", "0oa2"))},
			call: many(func(ctx context.Context, c *Client) iter.Seq2[Entitlement, error] { return c.Entitlements(ctx, "0oa1") })},
		"Entitlement": {good: entitlement, other: []string{instead(entitlement, "esp1", "esp2"), instead(entitlement, `"ent1"`, `""`)},
			call: one(func(ctx context.Context, c *Client) (Entitlement, error) { return c.Entitlement(ctx, "esp1") })},
		"EntitlementValues": {good: data(value), other: []string{`{"data":[{"id":"ent1"}]}`},
			call: many(func(ctx context.Context, c *Client) iter.Seq2[EntitlementValue, error] {
				return c.EntitlementValues(ctx, "0oa1")
			})},
		"ValuesOf": {good: data(value), other: []string{data(instead(value, "esp1", "esp2"))},
			call: many(func(ctx context.Context, c *Client) iter.Seq2[EntitlementValue, error] {
				return c.ValuesOf(ctx, "esp1")
			})},
		"PrincipalEntitlements": {good: data(entitlement), other: []string{data(instead(entitlement, "0oa1", "0oa2"))},
			call: some(func(ctx context.Context, c *Client) ([]Entitlement, error) {
				return c.PrincipalEntitlements(ctx, "0oa1", "00u1")
			})},
		"Grants": {good: grants, other: []string{instead(grants, "0oa1", "0oa2"), instead(grants, "00u1", ""),
			instead(grants, "ent1", ""), instead(grants, "ENTITLEMENT", "")},
			call: many(func(ctx context.Context, c *Client) iter.Seq2[Grant, error] { return c.Grants(ctx, "0oa1", "") })},
		"Grants of one": {good: grants, other: []string{instead(grants, "00u1", "00u2")},
			call: many(func(ctx context.Context, c *Client) iter.Seq2[Grant, error] { return c.Grants(ctx, "0oa1", "00u1") })},

		"AssignUser": {good: appUser, other: []string{instead(appUser, "00u1", "00u2")},
			call: done(func(ctx context.Context, w *Writer) error {
				_, err := w.AssignUser(ctx, "0oa1", "00u1")
				return err
			})},
		"AddGroupMember": {status: 204,
			call: done(func(ctx context.Context, w *Writer) error { return w.AddGroupMember(ctx, "00g1", "00u1") })},
		"CreateEntitlement": {good: entitlement, other: []string{instead(entitlement, "0oa1", "0oa2"), instead(entitlement, "role", "duty")},
			call: done(func(ctx context.Context, w *Writer) error {
				role := untrusted.NewStored("role")
				_, err := w.CreateEntitlement(ctx, NewEntitlement{AppID: "0oa1", Name: role, ExternalValue: role})
				return err
			})},
		"AddValues": {good: entitlement, other: []string{instead(entitlement, "esp1", "esp2")},
			call: done(func(ctx context.Context, w *Writer) error {
				admin := untrusted.NewStored("Admin")
				_, err := w.AddValues(ctx, "esp1", []NewValue{{Name: admin, ExternalValue: admin}})
				return err
			})},
		"CreateGrant": {good: oneGrant, other: []string{instead(oneGrant, "00u1", "00u2"), instead(oneGrant, "0oa1", "0oa2")},
			call: done(func(ctx context.Context, w *Writer) error {
				_, err := w.CreateGrant(ctx, NewGrant{Type: GrantEntitlement, AppID: "0oa1", UserID: "00u1",
					Entitlements: []GrantedEntitlement{{ID: "esp1", Values: []string{"ent1"}}}})
				return err
			})},
		"RevokeAccess": {good: `{"data":[{"_links":{}}]}`,
			call: done(func(ctx context.Context, w *Writer) error {
				return w.RevokeAccess(ctx, "orn:okta:directory:00o1:users:00u1", []string{ValueORN("00o1", "ent1")})
			})},
	}
}

func one[T any](call func(context.Context, *Client) (T, error)) func(context.Context, *Client, *Writer) (int, error) {
	return func(ctx context.Context, c *Client, _ *Writer) (int, error) {
		_, err := call(ctx, c)
		return 1, err
	}
}

func some[T any](call func(context.Context, *Client) ([]T, error)) func(context.Context, *Client, *Writer) (int, error) {
	return func(ctx context.Context, c *Client, _ *Writer) (int, error) {
		all, err := call(ctx, c)
		return len(all), err
	}
}

func many[T any](call func(context.Context, *Client) iter.Seq2[T, error]) func(context.Context, *Client, *Writer) (int, error) {
	return func(ctx context.Context, c *Client, _ *Writer) (n int, err error) {
		for _, err := range call(ctx, c) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
}

func done(call func(context.Context, *Writer) error) func(context.Context, *Client, *Writer) (int, error) {
	return func(ctx context.Context, _ *Client, w *Writer) (int, error) { return 1, call(ctx, w) }
}

// TestEveryMethodOfTheClientIsProbed fails when a method that asks Okta something is added without an entry.
func TestEveryMethodOfTheClientIsProbed(t *testing.T) {
	have := map[string]bool{"RateStatus": true, "Stats": true, "Now": true, "Clock": true} // ask nothing
	for name := range probes() {
		method, _, _ := strings.Cut(name, " ")
		have[method] = true
	}
	for _, of := range []reflect.Type{reflect.TypeFor[*Client](), reflect.TypeFor[*Writer]()} {
		for i := range of.NumMethod() {
			if name := of.Method(i).Name; !have[name] {
				t.Errorf("%s.%s has no entry in probes", of, name)
			}
		}
	}
}

// lies are answers with status 200 that prove nothing, whatever was asked for. Found from outside: B2, B4.
func lies(p probe) []string {
	bodies := []string{
		`{}`, `{"error":"temporarily unavailable"}`, "null", " null\n", `{"data":null}`, `{"Data":[]}`, `{"DATA":[{"id":"x"}]}`,
		"<html><title>Sign in</title></html>", "", " ", `{"data":[{"id":"gra1"`, `[{"id":`, `[null]`, `[{}]`, `[{"name":"x"}]`,
		`{"data":[null]}`, `{"data":[{}]}`, `{"data":[{"name":"x"}]}`, `{"data":{"id":"x"}}`, `{"id":""}`, `{"id":null}`,
		`{"errorCode":"E0000009","errorSummary":"Internal Server Error"}`, `"ok"`, "7", "true",
	}
	if !p.array {
		bodies = append(bodies, "[]")
	}
	return append(bodies, p.other...)
}

// TestNoAnswerIsBelievedWithoutItsProof gives each call answers that say 200 and nothing that Okta documents for it. None
// may pass for success or for an empty list, and a write so answered may have happened.
func TestNoAnswerIsBelievedWithoutItsProof(t *testing.T) {
	for name, p := range probes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire := &liar{}
			c, w := connect(t, wire)
			synctest.Test(t, func(t *testing.T) { p.judge(t, c, w, wire) })
		})
	}
}

func (p probe) judge(t *testing.T, c *Client, w *Writer, wire *liar) {
	documented := p.status
	if documented == 0 {
		documented = 200
	}
	answer := func(status int, body string) (int, error) {
		wire.answer(p.before, status, body)
		return p.call(t.Context(), c, w)
	}
	if n, err := answer(documented, p.good); err != nil || n != 1 {
		t.Fatalf("%s is what Okta documents, and gave %d things, %v", p.good, n, err)
	}
	for _, status := range []int{200, 201, 202, 203, 206} {
		for _, body := range lies(p) {
			p.refuses(t, fmt.Sprint(status, " ", body), answer, status, body)
		}
	}
	if documented != 204 {
		p.refuses(t, "204", answer, 204, "")
	}
}

func (p probe) refuses(t *testing.T, what string, answer func(int, string) (int, error), status int, body string) {
	t.Helper()
	n, err := answer(status, body)
	var e *Error
	switch {
	case !errors.Is(err, ErrBadAnswer):
		t.Errorf("%s: %d things were believed, %v", what, n, err)
	case !errors.As(err, &e) || e.Status != status:
		t.Errorf("%s: the error does not name the status: %v", what, err)
	case e.write() && !MayHaveHappened(err):
		t.Errorf("%s: the write passes for one that did not happen: %v", what, err)
	}
}

// liar answers every call alike, after some good answers.
type liar struct {
	before []string
	status int
	body   string
}

func (l *liar) answer(before []string, status int, body string) {
	l.before, l.status, l.body = before, status, body
}

func (l *liar) RoundTrip(req *http.Request) (*http.Response, error) {
	s := &script{}
	if len(l.before) > 0 {
		s.then(200, l.before[0])
		l.before = l.before[1:]
	} else {
		s.then(l.status, l.body)
	}
	return s.RoundTrip(req)
}

// believed makes a call whose every answer has this body.
func believed(t *testing.T, body string, call func(context.Context, *Client) error) error {
	t.Helper()
	c, _ := connect(t, &liar{status: 200, body: body})
	var err error
	synctest.Test(t, func(t *testing.T) { err = call(t.Context(), c) })
	return err
}

// TestALyingReadIsRepeated lets a gateway answer in Okta's place for a moment.
func TestALyingReadIsRepeated(t *testing.T) {
	s := (&script{}).then(200, `{"error":"temporarily unavailable"}`).then(200, `{"data":null}`).then(200, `{"data":[`+oneGrant+`]}`)
	c, _ := connect(t, s)
	synctest.Test(t, func(t *testing.T) {
		if got := collect(t, c.Grants(t.Context(), "0oa1", "")); len(got) != 1 {
			t.Errorf("grants are %+v", got)
		}
	})
}
