package oktasim

import (
	"strings"
	"testing"
	"time"
)

func TestPrincipalEntitlementsAreTheUnionAndNeedBothHalvesOfTheFilter(t *testing.T) {
	d := newFixture(t, Options{})
	_, roles := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	_, licenses := d.tenant.AddEntitlement(d.app, "License", false, "Paid")
	d.tenant.AddGrant(NewGrant{Type: kindCustom, AppID: d.app, UserID: d.users[0], Values: roles[:1]})
	d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: d.users[0], Values: []string{roles[1], licenses[0]}})
	for _, path := range []string{pathPrincipal, pathAccess} {
		for _, filter := range []string{"", d.onApp("parent"), d.onUser(0),
			d.onApp("parent") + ` AND targetPrincipal.externalId eq "00u00000000000000000" AND targetPrincipal.type eq "OKTA_USER"`} {
			d.want(400, "E0000053", "GET", filtered(path, filter), nil)
		}
	}
	a := d.want(200, "", "GET", filtered(pathPrincipal, d.onApp("parent")+" AND "+d.onUser(0)), nil)
	if a.size("data") != 2 || a.size("data", 0, "values") != 2 || a.text("data", 1, "values", 0, "name") != "Paid" ||
		a.text("data", 1, "dataType") != "string" {
		t.Errorf("union: %s", a.raw)
	}
	if a := d.want(200, "", "GET", filtered(pathPrincipal, d.onApp("parent")+" AND "+d.onUser(1)),
		nil); a.size("data") != 0 || a.at("data") == nil {
		t.Errorf("without access: %s", a.raw)
	}
}

func TestPrincipalAccessSaysWhyAndUntilWhen(t *testing.T) {
	d := newFixture(t, Options{})
	_, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	bundle := d.tenant.AddBundle(d.app, "Pack", v[1])
	until := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	d.tenant.AddGrant(NewGrant{Type: kindPolicy, AppID: d.app, UserID: d.users[0], Values: v[:1]})
	d.tenant.AddGrant(NewGrant{
		Type:     kindBundle,
		Bundle:   bundle,
		UserID:   d.users[0],
		Actor:    "ACCESS_REQUEST",
		Expires:  until,
		TimeZone: "UTC",
	})
	path := filtered(pathAccess, d.onApp("parent")+" AND "+d.onUser(0))
	a := d.want(200, "", "GET", path, nil)
	if a.text("base", "grantType") != kindPolicy || a.text("base", "grantMethod") != "POLICY" ||
		a.size("additional") != 1 ||
		a.text("additional", 0, "bundle", "name") != "Pack" || a.text("additional", 0, "expirationTime") != seconds(until) ||
		a.at("expirationTime") != nil {
		t.Errorf("access: %s", a.raw)
	}
	empty := d.want(200, "", "GET", filtered(pathAccess, d.onApp("parent")+" AND "+d.onUser(2)), nil)
	if m := empty.v.(map[string]any); len(m) != 4 {
		t.Errorf("without grants only the four identity fields: %s", empty.raw)
	}
}

func TestRevokeTakesUpToFiveThingsAndNothingElse(t *testing.T) {
	d := newFixture(t, Options{})
	_, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer", "Editor", "Owner")
	pack, both := d.tenant.AddBundle(d.app, "Pack", v[2]), d.tenant.AddBundle(d.app, "Both", v[0], v[3])
	d.tenant.AddGrant(NewGrant{Type: kindPolicy, AppID: d.app, UserID: d.users[0], Values: v[:2]})
	d.tenant.AddGrant(NewGrant{Type: kindBundle, Bundle: pack, UserID: d.users[0]})
	d.tenant.AddGrant(NewGrant{Type: kindBundle, Bundle: both, UserID: d.users[0]})
	d.inForce(0, v...)
	org := d.tenant.OrgID()
	user := "orn:okta:directory:" + org + ":users:" + d.users[0]
	value := func(id string) string { return "orn:okta:governance:" + org + ":entitlement-values:" + id }
	app := d.tenant.State().Apps[0].ORN
	path := "/governance/api/v2/revoke-principal-access"
	for name, body := range map[string]obj{
		"no principal":  {"revokeOrns": []string{value(v[0])}},
		"bad principal": {"principalOrn": "00u", "revokeOrns": []string{value(v[0])}},
		"nothing":       {"principalOrn": user, "revokeOrns": []string{}},
		"six": {"principalOrn": user, "revokeOrns": []string{value(v[0]), value(v[0]), value(v[0]), value(v[0]),
			value(v[0]), value(v[0])}},
		"app and value": {"principalOrn": user, "revokeOrns": []string{app, value(v[0])}},
		"unknown value": {"principalOrn": user, "revokeOrns": []string{value("ent00000000000000000")}},
		"not an ORN":    {"principalOrn": user, "revokeOrns": []string{"Admin"}},
	} {
		if a := d.call("POST", path, body); a.status != 400 || a.at("errorCode") != "E0000001" {
			t.Errorf("%s: got %d %s", name, a.status, a.raw)
		}
	}
	a := d.want(200, "", "POST", path, obj{"principalOrn": user, "actor": "API", "revokeOrns": []string{
		value(v[0]), "orn:okta:governance:" + org + ":entitlement-bundles:" + pack,
	}})
	if a.size("data") != 1 || !strings.Contains(a.text("data", 0, "_links", "principal-access", "href"), d.users[0]) {
		t.Errorf("answer: %s", a.raw)
	}
	d.inForce(0, v[1], v[3])
	for _, g := range d.tenant.ActiveGrants(d.app, d.users[0]) {
		if g.Type != kindCustom && g.Type != kindEntitlement {
			t.Errorf("what is left of a policy or bundle is explicit, not %s", g.Type)
		}
	}
	d.want(200, "", "POST", path, obj{"principalOrn": user, "revokeOrns": []string{app}})
	d.inForce(0)
}

func TestBundlesAreNamedSetsThatReachTheirGrants(t *testing.T) {
	d := newFixture(t, Options{})
	e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	body := func(name string, value string) obj {
		return obj{
			"name": name, "description": "for tests", "target": obj{"externalId": d.app, "type": "APPLICATION"},
			"entitlements": []any{obj{"id": e, "values": []any{obj{"id": value}}}},
		}
	}
	made := d.want(201, "", "POST", pathBundles, body("Pack", v[0]))
	id := made.text("id")
	if made.text("status") != "ACTIVE" || made.at("entitlements", 0, "name") != nil ||
		made.text("orn") != "orn:okta:governance:"+d.tenant.OrgID()+":entitlement-bundles:"+id {
		t.Errorf("created: %s", made.raw)
	}
	d.want(400, "E0000001", "POST", pathBundles, body("Pack", v[0]))
	d.want(400, "E0000028", "POST", pathBundles, govWithout(body("Other", v[0]), "entitlements"))
	d.want(400, "E0000028", "POST", pathBundles, govWithout(body("Other", v[0]), "name"))
	d.want(400, "E0000001", "POST", pathBundles, body("Other", "ent00000000000000000"))
	if a := d.want(200, "", "GET", pathBundles+"/"+id, nil); a.text("entitlements", 0, "values", 0, "name") != "Admin" {
		t.Errorf("a single read is always full: %s", a.raw)
	}
	d.want(201, "", "POST", pathGrants, with(govWithout(d.grantBody(kindBundle, 0), "target"), "entitlementBundleId", id))
	replaced := with(with(body("Pack", v[1]), "id", id), "targetResourceOrn", made.text("targetResourceOrn"))
	d.want(200, "", "PUT", pathBundles+"/"+id, replaced)
	d.inForce(0, v[1])
	d.want(409, "E0000169", "DELETE", pathBundles+"/"+id, nil)
	free := d.tenant.AddBundle(d.app, "Free", v[0])
	if a := d.want(200, "", "GET",
		filtered(pathBundles, `name sw "F" AND `+d.onApp("target"))+"&include=full_entitlements", nil); a.size("data") != 1 ||
		a.at("metadata", "total") != 1.0 {
		t.Errorf("list: %s", a.raw)
	}
	d.want(204, "", "DELETE", pathBundles+"/"+free, nil)
	d.want(409, "E0000169", "DELETE", pathBundles+"/"+free, nil)
	d.want(404, "E0000007", "GET", pathBundles+"/"+free, nil)
	d.want(400, "E0000029", "GET", filtered(pathBundles, `colour eq "red"`), nil)
}
