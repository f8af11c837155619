package oktasim

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// inForce insists on exactly these value ids being in force for a person.
func (d *fixture) inForce(user int, values ...string) {
	d.Helper()
	got := slices.Sorted(maps.Keys(d.tenant.Effective(d.app, d.users[user])))
	if want := slices.Sorted(slices.Values(values)); !slices.Equal(got, want) {
		d.Errorf("in force: got %v, want %v", got, want)
	}
}

func TestAdditiveGrantsStackAndABaseGrantReplacesEverything(t *testing.T) {
	d := newFixture(t, Options{})
	e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer", "Editor", "Owner")
	bundle := d.tenant.AddBundle(d.app, "Pack", v[2])
	first := d.want(201, "", "POST", pathGrants, d.grantBody(kindEntitlement, 0, e, v[0]))
	if !strings.HasPrefix(first.text("id"), "gra") || first.text("status") != "ACTIVE" ||
		first.text("action") != "ALLOW" || first.text("actor") != "API" ||
		first.text("entitlements", 0, "values", 0, "id") != v[0] || first.at("entitlements", 0, "name") != nil {
		t.Errorf("created: %s", first.raw)
	}
	d.want(201, "", "POST", pathGrants, d.grantBody(kindEntitlement, 0, e, v[1]))
	body := govWithout(govWithout(d.grantBody(kindBundle, 0), "target"), "entitlements")
	if a := d.want(201, "", "POST", pathGrants, with(body, "entitlementBundleId", bundle)); a.at("entitlements") != nil ||
		a.text("entitlementBundleId") != bundle {
		t.Errorf("a bundle grant shows its bundle, not values: %s", a.raw)
	}
	d.tenant.AddGrant(NewGrant{Type: kindImport, AppID: d.app, UserID: d.users[0], Values: v[3:]})
	d.inForce(0, v...)
	d.want(201, "", "POST", pathGrants, d.grantBody(kindCustom, 0, e, v[1]))
	d.inForce(0, v[1])
	if a := d.want(200, "", "GET", pathGrants+"/"+first.text("id"), nil); a.text("status") != "INACTIVE" {
		t.Errorf("a replaced grant can still be read: %s", a.raw)
	}
	d.want(201, "", "POST", pathGrants, d.grantBody(kindEntitlement, 0, e, v[0]))
	d.inForce(0, v[0], v[1])
	d.inForce(1)
	if !d.tenant.Assigned(d.app, d.users[0]) || d.tenant.Assigned(d.app, d.users[1]) {
		t.Error("a grant must assign its user to the application, and no one else")
	}
	deny := with(govWithout(d.grantBody(kindCustom, 0), "entitlements"), "action", "DENY")
	d.want(201, "", "POST", pathGrants, deny)
	d.inForce(0)
	if d.want(404, "E0000007", "GET", "/api/v1/apps/"+d.app+"/users/"+d.users[0], nil); d.tenant.Assigned(d.app, d.users[0]) {
		t.Error("CUSTOM with DENY and nothing else takes the application away")
	}
	if n := d.tenant.Events("resource.user_entitlements.update"); n != 6 {
		t.Errorf("%d events, want one for each of 6 changes through the API", n)
	}
}

func TestAPolicyGrantEvaluatesThePolicy(t *testing.T) {
	d := newFixture(t, Options{})
	_, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	d.tenant.SetEntitlementPolicy(d.app, v[1])
	d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: d.users[0], Values: v[:1]})
	d.want(201, "", "POST", pathGrants, govWithout(d.grantBody(kindPolicy, 0), "entitlements"))
	d.inForce(0, v[1])
}

func TestGrantBodiesAreValidated(t *testing.T) {
	d := newFixture(t, Options{})
	e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	single, sv := d.tenant.AddEntitlement(d.app, "License", false, "Free", "Paid")
	other := d.tenant.AddApp(NewApp{Label: "Other"})
	strange, xv := d.tenant.AddEntitlement(other, "Role", true, "Admin")
	good := d.grantBody(kindEntitlement, 0, e, v[0])
	for name, body := range map[string]any{
		"IMPORT":       with(good, "grantType", kindImport),
		"no type":      govWithout(good, "grantType"),
		"no principal": govWithout(good, "targetPrincipal"),
		"unknown principal": with(good, "targetPrincipal",
			obj{"externalId": "00u00000000000000000", "type": "OKTA_USER"}),
		"wrong principal type":     with(good, "targetPrincipal", obj{"externalId": d.users[0], "type": "GROUP"}),
		"no target":                govWithout(good, "target"),
		"no entitlements":          govWithout(good, "entitlements"),
		"custom allow of nothing":  with(govWithout(good, "entitlements"), "grantType", kindCustom),
		"policy with entitlements": with(good, "grantType", kindPolicy),
		"unknown value":            d.grantBody(kindEntitlement, 0, e, "ent00000000000000000"),
		"value of another":         d.grantBody(kindEntitlement, 0, e, sv[0]),
		"entitlement elsewhere":    d.grantBody(kindEntitlement, 0, strange, xv[0]),
		"two of a single value": with(good, "entitlements", []any{
			obj{"id": single, "values": []any{obj{"id": sv[0]}, obj{"id": sv[1]}}}}),
		"wrong action":   with(good, "action", "PERHAPS"),
		"wrong actor":    with(good, "actor", "ROBOT"),
		"bad expiry":     with(good, "scheduleSettings", obj{"expirationDate": "tomorrow"}),
		"unknown bundle": with(with(good, "grantType", kindBundle), "entitlementBundleId", "enb00000000000000000"),
	} {
		if a := d.call("POST", pathGrants, body); a.status != 400 || a.at("errorCode") != "E0000001" {
			t.Errorf("%s: got %d %s", name, a.status, a.raw)
		}
	}
	d.tenant.SetUserStatus(d.users[1], statusDeprovisioned)
	d.want(403, "E0000117", "POST", pathGrants, d.grantBody(kindEntitlement, 1, e, v[0]))
	d.tenant.SetAppStatus(d.app, "INACTIVE")
	d.want(400, "E0000001", "POST", pathGrants, good)
	d.inForce(0)
}

func TestAnOrgMayRefuseEntitlementGrants(t *testing.T) {
	d := newFixture(t, Options{NoEntitlements: true})
	e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin")
	d.want(400, "E0000001", "POST", pathGrants, d.grantBody(kindEntitlement, 0, e, v[0]))
	d.want(201, "", "POST", pathGrants, d.grantBody(kindCustom, 0, e, v[0]))
}

func TestGrantsHaveNoDelete(t *testing.T) {
	d := newFixture(t, Options{})
	_, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin")
	id := d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: d.users[0], Values: v})
	d.want(405, "E0000022", "DELETE", pathGrants+"/"+id, nil)
	d.inForce(0, v[0])
}

func TestTheGrantListNamesExactlyOneResource(t *testing.T) {
	d := newFixture(t, Options{})
	e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	bundle := d.tenant.AddBundle(d.app, "Pack", v[1])
	d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: d.users[0], Values: v[:1]})
	d.tenant.AddGrant(NewGrant{Type: kindBundle, Bundle: bundle, UserID: d.users[0]})
	d.tenant.AddGrant(NewGrant{
		Type:       kindCustom,
		AppID:      d.app,
		UserID:     d.users[1],
		Values:     v,
		Collection: "col00000000000000001",
	})
	other := d.tenant.AddApp(NewApp{Label: "Other"})
	orn := d.tenant.State().Apps[0].ORN
	second := `target.externalId eq "` + other + `" AND target.type eq "APPLICATION"`
	for _, filter := range []string{
		"", d.onUser(0), `(` + d.onApp("target") + `) OR (` + second + `)`, `target.externalId eq "` + d.app + `"`,
		d.onApp("target") + " AND " + second, d.onApp("target") + ` AND id eq "x"`, d.onApp("target") +
			` AND action ne "DENY"`,
		`targetResourceOrn eq "` + orn +
			`" OR action eq "ALLOW"`, `target.externalId eq "0oa00000000000000000" AND target.type eq "APPLICATION"`,
		"not (" + d.onApp("target") + ")",
	} {
		d.want(400, "E0000029", "GET", filtered(pathGrants, filter), nil)
	}
	for filter, want := range map[string]int{
		d.onApp("target"):                    3,
		second:                               0,
		`targetResourceOrn eq "` + orn + `"`: 3,
		d.onApp("target") + " AND " + d.onUser(0):   2,
		d.onApp("target") + " AND " + d.onUser(2):   0,
		d.onApp("target") + ` AND action eq "DENY"`: 0,
		d.onApp("target") + ` AND (entitlements.values.id eq "` + v[0] + `" OR entitlementBundleId eq "` + bundle + `")`: 3,
		d.onApp("target") + ` AND entitlements.id eq "` + e + `"`:                                                        2,
	} {
		if a := d.want(200, "", "GET", filtered(pathGrants, filter), nil); a.size("data") != want {
			t.Errorf("%s: got %d, want %d", filter, a.size("data"), want)
		}
	}
	plain := d.want(200, "", "GET", filtered(pathGrants, d.onApp("target")), nil)
	if plain.at("data", 1, "entitlements") != nil || plain.at("data", 0, "entitlements", 0, "name") != nil ||
		plain.at("data", 2, "metadata") != nil {
		t.Errorf("without include: %s", plain.raw)
	}
	for _, include := range []string{"&include=full_entitlements&include=metadata",
		"&include=full_entitlements,metadata"} {
		a := d.want(200, "", "GET", filtered(pathGrants, d.onApp("target"))+include, nil)
		if a.text("data", 1, "entitlements", 0, "values", 0, "name") != "Viewer" ||
			a.text("data", 0, "entitlements", 0, "dataType") != "array" ||
			a.text("data", 2, "metadata", "collection", "id") != "col00000000000000001" {
			t.Errorf("%s: %s", include, a.raw)
		}
	}
}

func TestGrantsAreListedInPagesByID(t *testing.T) {
	d := newFixture(t, Options{})
	_, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin")
	var made []string
	for range 45 {
		made = append(made, d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: d.users[0], Values: v}))
	}
	var seen []string
	path := filtered(pathGrants, d.onApp("target"))
	for page := path; page != ""; {
		a := d.want(200, "", "GET", page, nil)
		for i := range a.size("data") {
			seen = append(seen, a.text("data", i, "id"))
		}
		next, err := url.Parse(a.text("_links", "next", "href"))
		if err != nil {
			t.Fatal(err)
		}
		if page = ""; next.Host != "" {
			if !strings.Contains(next.Host, "-admin") {
				t.Fatalf("next points at %s", next.Host)
			}
			page = pathGrants + "?" + next.RawQuery
		}
	}
	if !slices.Equal(seen, made) {
		t.Errorf("saw %d of %d grants", len(seen), len(made))
	}
}

func TestAnExpiredGrantVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(t, Options{})
		e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin")
		expiry := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		body := with(d.grantBody(kindEntitlement, 0, e, v[0]), "scheduleSettings",
			obj{"expirationDate": expiry, "timeZone": "Europe/Berlin"})
		a := d.want(201, "", "POST", pathGrants, body)
		if a.text("scheduleSettings", "expirationDate") != expiry ||
			a.text("scheduleSettings", "timeZone") != "Europe/Berlin" {
			t.Errorf("schedule: %s", a.raw)
		}
		d.inForce(0, v[0])
		time.Sleep(time.Hour)
		d.inForce(0)
		if a := d.want(200, "", "GET", pathGrants+"/"+a.text("id"), nil); a.text("status") != "EXPIRED" {
			t.Errorf("read: %s", a.raw)
		}
		if a := d.want(200, "", "GET", filtered(pathGrants, d.onApp("target")), nil); a.size("data") != 0 {
			t.Errorf("list: %s", a.raw)
		}
	})
}

func TestPatchChangesOnlyTheExpiryAndPutOnlyCustomEntitlements(t *testing.T) {
	d := newFixture(t, Options{})
	e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	custom := d.want(201, "", "POST", pathGrants, d.grantBody(kindCustom, 0, e, v[0])).text("id")
	added := d.want(201, "", "POST", pathGrants, d.grantBody(kindEntitlement, 1, e, v[0])).text("id")
	full := with(d.grantBody(kindCustom, 0, e, v[1]), "id", custom)
	d.want(200, "", "PUT", pathGrants+"/"+custom, full)
	d.inForce(0, v[1])
	d.want(400, "E0000001", "PUT", pathGrants+"/"+added, with(d.grantBody(kindEntitlement, 1, e, v[1]), "id", added))
	d.want(400, "E0000001", "PUT", pathGrants+"/"+custom,
		with(full, "targetPrincipal", obj{"externalId": d.users[1], "type": "OKTA_USER"}))
	past := obj{"expirationDate": "2020-01-01T00:00:00Z"}
	d.want(400, "E0000001", "PATCH", pathGrants+"/"+added, obj{"id": added})
	d.want(400, "E0000001", "PATCH", pathGrants+"/"+added, obj{"id": custom, "scheduleSettings": past})
	d.want(400, "E0000001", "PATCH", pathGrants+"/"+added, obj{"id": added, "scheduleSettings": past, "action": "DENY"})
	if a := d.want(200, "", "PATCH", pathGrants+"/"+added,
		obj{"id": added, "scheduleSettings": past}); a.text("status") != "EXPIRED" {
		t.Errorf("a date in the past: %s", a.raw)
	}
	d.inForce(1)
	d.want(404, "E0000007", "PATCH", pathGrants+"/gra00000000000000000", obj{"id": "x"})
}

func TestGrantsShowInListsOnlyAfterTheLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(t, Options{GrantLag: 10 * time.Second})
		e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
		d.want(201, "", "POST", pathGrants, d.grantBody(kindEntitlement, 0, e, v[0]))
		shown := func() int {
			return d.want(200, "", "GET", filtered(pathGrants, d.onApp("target")), nil).size("data") +
				10*d.want(200, "", "GET", filtered(pathPrincipal, d.onApp("parent")+" AND "+d.onUser(0)), nil).size("data")
		}
		d.inForce(0, v[0])
		if n := shown(); n != 0 {
			t.Errorf("at once: %d", n)
		}
		time.Sleep(10 * time.Second)
		if n := shown(); n != 11 {
			t.Errorf("after the lag: %d", n)
		}
		d.want(201, "", "POST", pathGrants, d.grantBody(kindCustom, 0, e, v[1]))
		d.inForce(0, v[1])
		if a := d.want(200, "", "GET", filtered(pathGrants, d.onApp("target")), nil); a.text("data", 0,
			"grantType") != kindEntitlement {
			t.Errorf("the list still shows what was replaced: %s", a.raw)
		}
	})
}

func TestADeletedValueIsInForceForNoOne(t *testing.T) {
	d := newFixture(t, Options{})
	_, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: d.users[0], Values: v})
	d.tenant.DeleteValue(v[0])
	d.inForce(0, v[1])
	if got := d.tenant.ActiveGrants(d.app, d.users[0]); len(got) != 1 || !slices.Equal(got[0].Values, v[1:]) {
		t.Errorf("grants: %+v", got)
	}
}

// BenchmarkGrantsOfAHundredThousandPeople creates a grant and reads a page from the middle of 100,000 grants.
func BenchmarkGrantsOfAHundredThousandPeople(b *testing.B) {
	d := newFixture(b, Options{Users: 100_000})
	e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	var middle string
	for i, u := range d.tenant.State().Users {
		id := d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: u.ID, Values: v[:1]})
		if i == 50_000 {
			middle = id
		}
	}
	page := filtered(pathGrants, d.onApp("target")) + "&limit=200&include=full_entitlements&after=" + middle
	for b.Loop() {
		d.want(201, "", "POST", pathGrants, d.grantBody(kindEntitlement, 0, e, v[1]))
		if a := d.want(200, "", "GET", page, nil); a.size("data") != 200 {
			b.Fatal(fmt.Sprint("page of ", a.size("data")))
		}
	}
}
