package oktasim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnEntitlementIsCreatedReadAndDeleted(t *testing.T) {
	d := newFixture(t, Options{})
	made := d.want(201, "", "POST", pathEntitlements, newEntitlementBody(d.app, "Role", true, "Admin", "Viewer"))
	id := made.text("id")
	if !strings.HasPrefix(id, "esp") || len(id) != 20 || made.size("values") != 2 || made.at("metadata", "total") != 2.0 ||
		made.at("required") != false {
		t.Errorf("created: %s", made.raw)
	}
	if !strings.Contains(made.text("created"), ".") || strings.Contains(made.text("values", 0, "created"), ".") {
		t.Errorf("create shows milliseconds at the top and seconds in values: %s", made.raw)
	}
	if want := "-admin"; !strings.Contains(made.header.Get("Location"), want) ||
		!strings.Contains(made.text("_links", "self", "href"), want) {
		t.Errorf("links must point at the admin host: %s %s", made.header.Get("Location"), made.raw)
	}
	if orn := made.text("values", 0,
		"orn"); orn != "orn:okta:governance:"+d.tenant.OrgID()+":entitlement-values:"+made.text("values", 0, "id") {
		t.Errorf("orn of a value: %s", orn)
	}
	read := d.want(200, "", "GET", pathEntitlements+"/"+id, nil)
	if strings.Contains(read.text("created"), ".") || read.size("values") != 2 {
		t.Errorf("read shows seconds and values: %s", read.raw)
	}
	d.want(204, "", "DELETE", pathEntitlements+"/"+id, nil)
	d.want(404, "E0000007", "GET", pathEntitlements+"/"+id, nil)
}

func TestEntitlementBodiesAreValidated(t *testing.T) {
	d := newFixture(t, Options{})
	good := newEntitlementBody(d.app, "Role", true, "Admin")
	d.want(201, "", "POST", pathEntitlements, good)
	good = newEntitlementBody(d.app, "Other", true, "Admin")
	for name, body := range map[string]any{
		"no name":               govWithout(good, "name"),
		"no externalValue":      govWithout(good, "externalValue"),
		"no parent":             govWithout(good, "parent"),
		"no multiValue":         govWithout(good, "multiValue"),
		"no dataType":           govWithout(good, "dataType"),
		"no values":             govWithout(good, "values"),
		"unknown dataType":      with(good, "dataType", "number"),
		"array of one":          with(good, "multiValue", false),
		"wrong parent type":     with(good, "parent", obj{"externalId": d.app, "type": "GROUP"}),
		"name too long":         with(good, "name", strings.Repeat("x", 256)),
		"value govWithout name": with(good, "values", []any{obj{"externalValue": "x"}}),
		"value too long":        with(good, "values", []any{obj{"name": "x", "externalValue": strings.Repeat("x", 2001)}}),
		"value twice": with(good, "values",
			[]any{obj{"name": "x", "externalValue": "x"}, obj{"name": "y", "externalValue": "x"}}),
		"externalValue again": with(good, "externalValue", "role"),
	} {
		if a := d.call("POST", pathEntitlements, body); a.status != 400 || a.at("errorCode") != "E0000001" ||
			a.text("errorCauses", 0, "domain") != "entitlements" {
			t.Errorf("%s: got %d %s", name, a.status, a.raw)
		}
	}
	if a := d.call("POST", pathEntitlements, govWithout(good, "name")); a.text("errorCauses", 0,
		"reason") != "REQUIRED_PROPERTY_MISSING" || a.text("errorCauses", 0, "locationType") != "body" {
		t.Errorf("cause: %s", a.raw)
	}
	d.want(400, "E0000003", "POST", pathEntitlements, "{")
	if a := d.call("POST", pathEntitlements, with(good, "name", strings.Repeat("ä", 255))); a.status != 201 {
		t.Errorf("255 characters of two bytes are allowed: %s", a.raw)
	}
}

func TestAnApplicationThatIsNotOptedInHasNoEntitlements(t *testing.T) {
	d := newFixture(t, Options{})
	d.tenant.SetOptIn(d.app, emDisabled)
	d.want(404, "E0000007", "POST", pathEntitlements, newEntitlementBody(d.app, "Role", true, "Admin"))
	d.want(404, "E0000007", "GET", filtered(pathEntitlements, d.onApp("parent")), nil)
	d.want(404, "E0000007", "POST", pathEntitlements, newEntitlementBody("0oa00000000000000000", "Role", true, "Admin"))
	d.want(400, "E0000001", "POST", pathGrants, d.grantBody(kindPolicy, 0))
}

func TestEntitlementListsNameTheirResourceAndOmitValues(t *testing.T) {
	d := newFixture(t, Options{})
	for i := range 45 {
		d.tenant.AddEntitlement(d.app, fmt.Sprintf("Role %02d", 44-i), true, "A")
	}
	for _, filter := range []string{"", `name sw "R"`, `parent.externalId eq "` + d.app + `"`,
		d.onApp("parent") + ` OR parent.externalId eq "x"`, `parentResourceOrn eq "nonsense"`, `(`, d.onApp("parent") +
			` AND color eq "x"`} {
		d.want(400, "E0000029", "GET", filtered(pathEntitlements, filter), nil)
	}
	var names []string
	path := filtered(pathEntitlements, d.onApp("parent"))
	for page := path; page != ""; {
		a := d.want(200, "", "GET", page, nil)
		for i := range a.size("data") {
			names = append(names, a.text("data", i, "name"))
			if a.at("data", i, "values") != nil {
				t.Fatal("list items carry no values")
			}
		}
		if a.at("metadata", "total") != 45.0 {
			t.Errorf("total: %v", a.at("metadata"))
		}
		next := a.text("_links", "next", "href")
		_, query, _ := strings.Cut(next, "?")
		if page = ""; next != "" {
			page = pathEntitlements + "?" + query
		}
	}
	if len(names) != 45 || names[0] != "Role 00" || names[44] != "Role 44" {
		t.Errorf("pages in name order: %d %v", len(names), names)
	}
	app := d.tenant.State().Apps[0]
	byORN := d.want(200, "", "GET", filtered(pathEntitlements, `parentResourceOrn eq "`+app.ORN+`" AND name co "07"`), nil)
	if byORN.size("data") != 1 {
		t.Errorf("by ORN: %s", byORN.raw)
	}
	d.want(400, "E0000029", "GET", path+"&limit=201", nil)
	if a := d.want(200, "", "GET", path+"&orderBy=name+desc&limit=1", nil); a.text("data", 0, "name") != "Role 44" {
		t.Errorf("descending: %s", a.raw)
	}
	if lines := d.want(200, "", "GET", path, nil).header.Values("Link"); len(lines) != 2 ||
		!strings.Contains(lines[1], `rel="next"`) {
		t.Errorf("one Link line per relation: %v", lines)
	}
}

func TestValuesAreListedForTheAppAndForTheEntitlement(t *testing.T) {
	d := newFixture(t, Options{})
	var many []string
	for i := range 250 {
		many = append(many, fmt.Sprintf("V%03d", i))
	}
	first, ids := d.tenant.AddEntitlement(d.app, "Big", true, many...)
	second, _ := d.tenant.AddEntitlement(d.app, "Small", false, "x")
	path := pathEntitlements + "/values?filter="
	d.want(400, "E0000029", "GET", pathEntitlements+"/values", nil)
	a := d.want(200, "", "GET", filtered(pathEntitlements+"/values", d.onApp("parent")), nil)
	if a.size("data") != 200 || a.text("data", 0, "id") != ids[0] || a.at("metadata", "total") != 251.0 ||
		a.text("data", 0, "entitlementId") != first {
		t.Errorf("first page of %s: %d %v", path, a.size("data"), a.at("metadata"))
	}
	some := d.onApp("parent") + ` AND (entitlementId eq "` + second + `" OR externalValue eq "V007")`
	if a := d.want(200, "", "GET", filtered(pathEntitlements+"/values", some), nil); a.size("data") != 2 {
		t.Errorf("filtered: %s", a.raw)
	}
	if a := d.want(200, "", "GET", pathEntitlements+"/"+first+"/values", nil); a.size("data") != 20 ||
		a.text("data", 0, "name") != "V000" {
		t.Errorf("values of one: %d", a.size("data"))
	}
	d.want(200, "", "GET", pathEntitlements+"/"+first+"/values/"+ids[3], nil)
	d.want(404, "E0000007", "GET", pathEntitlements+"/"+second+"/values/"+ids[3], nil)
}

func TestPatchAddsReplacesAndRemovesValuesAllOrNothing(t *testing.T) {
	d := newFixture(t, Options{})
	id, values := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	op := func(op, path string, value any) obj {
		return obj{"op": op, "path": path, "value": value, "refType": "ENTITLEMENT-VALUE"}
	}
	value := func(name string) obj { return obj{"name": name, "externalValue": name} }
	path := pathEntitlements + "/" + id
	a := d.want(200, "", "PATCH", path,
		[]any{op("ADD", "/values/-", value("Editor")), op("REPLACE", "/values/"+values[0], value("Owner"))})
	if a.size("values") != 2 || a.text("values", 0, "name") != "Editor" || a.text("values", 1, "name") != "Owner" {
		t.Errorf("only the touched values are echoed: %s", a.raw)
	}
	for name, ops := range map[string]any{
		"taken":             []any{op("ADD", "/values/-", value("Fresh")), op("ADD", "/values/-", value("Viewer"))},
		"twice":             []any{op("ADD", "/values/-", value("Same")), op("ADD", "/values/-", value("Same"))},
		"unknown":           []any{op("REMOVE", "/values/ent00000000000000000", nil)},
		"no operations":     []any{},
		"wrong path":        []any{op("ADD", "/names", value("x"))},
		"no refType":        []any{obj{"op": "ADD", "path": "/values/-", "value": value("x")}},
		"not an array":      op("ADD", "/values/-", value("x")),
		"too many":          make([]obj, 101),
		"govWithout a name": []any{op("ADD", "/values/-", obj{"externalValue": "x"})},
	} {
		if a := d.call("PATCH", path, ops); a.status != 400 {
			t.Errorf("%s: got %d %s", name, a.status, a.raw)
		}
	}
	d.want(200, "", "PATCH", path,
		[]any{op("REMOVE", "/values/"+values[1], nil), obj{"op": "REPLACE", "path": "/name", "value": "Rank",
			"refType": "ENTITLEMENT"}})
	a = d.want(200, "", "GET", path, nil)
	if a.size("values") != 2 || a.text("name") != "Rank" {
		t.Errorf("after all: %s", a.raw)
	}
}

func TestReplaceRemovesTheValuesThatItLeavesOut(t *testing.T) {
	d := newFixture(t, Options{})
	id, values := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	body := with(newEntitlementBody(d.app, "Role", true, "New"), "id", id)
	body["values"] = append(body["values"].([]any),
		obj{"id": values[0], "name": "Administrator", "externalValue": "Admin"})
	a := d.want(200, "", "PUT", pathEntitlements+"/"+id, body)
	if a.size("values") != 2 || a.text("values", 0, "id") != values[0] || a.text("values", 0, "name") != "Administrator" {
		t.Errorf("replaced: %s", a.raw)
	}
	d.want(400, "E0000001", "PUT", pathEntitlements+"/"+id, with(with(body, "multiValue", false), "dataType", "string"))
	d.want(400, "E0000001", "PUT", pathEntitlements+"/"+id, govWithout(body, "id"))
}

func TestAnEntitlementInUseIsDeletedOnlyWhereTheOrgCascades(t *testing.T) {
	for _, cascade := range []bool{false, true} {
		d := newFixture(t, Options{CascadeDelete: cascade})
		id, values := d.tenant.AddEntitlement(d.app, "Role", true, "Admin")
		d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: d.users[0], Values: values})
		want := http.StatusConflict
		if cascade {
			want = http.StatusNoContent
		}
		d.want(want, "", "DELETE", pathEntitlements+"/"+id, nil)
		if got := len(d.tenant.Effective(d.app, d.users[0])); got == 0 != cascade {
			t.Errorf("cascade %v leaves %d values", cascade, got)
		}
	}
}

func TestOptInIsAnsweredBeforeItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(t, Options{OptInLag: 30 * time.Second})
		d.tenant.SetOptIn(d.app, emNone)
		orn := d.tenant.State().Apps[0].ORN
		path := "/governance/api/v2/resources/" + orn + "/entitlement-settings"
		if a := d.want(200, "", "GET", strings.ReplaceAll(path, ":", "%3A"), nil); a.text("status") != "OPTED_OUT" {
			t.Errorf("before: %s", a.raw)
		}
		d.want(400, "E0000001", "PATCH", path, obj{"status": "MAYBE"})
		if a := d.want(202, "", "PATCH", path, obj{"status": "OPTED_IN"}); a.text("status") != "OPTING_IN" {
			t.Errorf("accepted: %s", a.raw)
		}
		d.want(404, "E0000007", "POST", pathEntitlements, newEntitlementBody(d.app, "Role", true, "Admin"))
		time.Sleep(31 * time.Second)
		if a := d.want(200, "", "GET", path, nil); a.text("status") != "OPTED_IN" {
			t.Errorf("after: %s", a.raw)
		}
		d.want(201, "", "POST", pathEntitlements, newEntitlementBody(d.app, "Role", true, "Admin"))
		d.want(400, "E0000001", "GET", "/governance/api/v2/resources/orn:okta:idp:x:apps:y:none/entitlement-settings", nil)
	})
}
