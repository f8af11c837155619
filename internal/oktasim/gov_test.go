package oktasim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// fixture is a caller of a tenant with one opted-in application and three people.
type fixture struct {
	*caller
	app   string
	users []string
}

func newFixture(t testing.TB, o Options) *fixture {
	d := &fixture{caller: newCaller(t, o)}
	d.app = d.tenant.AddApp(NewApp{Label: "Salesforce", Name: "salesforce"})
	for _, email := range []string{"ada@acme.example.com", "ben@acme.example.com", "cleo@acme.example.com"} {
		d.users = append(d.users, d.tenant.AddUser(NewUser{Email: email}))
	}
	return d
}

// reading is a reply with its decoded body; v is nil govWithout one.
type reading struct {
	status int
	header http.Header
	raw    string
	v      any
}

// call sends a request; a body that is a string goes as it is.
func (d *fixture) call(method, path string, body any) reading {
	d.Helper()
	text, plain := body.(string)
	if body != nil && !plain {
		data, err := json.Marshal(body)
		if err != nil {
			d.Fatal(err)
		}
		text = string(data)
	}
	s := d.do(method, path, text)
	a := reading{status: s.StatusCode, header: s.Header, raw: string(s.raw)}
	if len(s.raw) > 0 {
		if err := json.Unmarshal(s.raw, &a.v); err != nil {
			d.Fatalf("%s %s: %v in %s", method, path, err, s.raw)
		}
	}
	return a
}

// want sends a request and insists on the status and, for errors, the code.
func (d *fixture) want(status int, code, method, path string, body any) reading {
	d.Helper()
	a := d.call(method, path, body)
	if a.status != status || (code != "" && a.at("errorCode") != code) {
		d.Fatalf("%s %s: got %d %s, want %d %s", method, path, a.status, a.raw, status, code)
	}
	return a
}

// at walks the body: field names, and indexes into arrays.
func (a reading) at(path ...any) any {
	v := a.v
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			list, _ := v.([]any)
			if s >= len(list) {
				return nil
			}
			v = list[s]
		}
	}
	return v
}

func (a reading) text(path ...any) string {
	s, _ := a.at(path...).(string)
	return s
}

func (a reading) size(path ...any) int {
	list, _ := a.at(path...).([]any)
	return len(list)
}

func filtered(path, filter string) string { return path + "?filter=" + url.QueryEscape(filter) }

func (d *fixture) onApp(prefix string) string {
	return prefix + `.externalId eq "` + d.app + `" AND ` + prefix + `.type eq "APPLICATION"`
}

func (d *fixture) onUser(i int) string {
	return `targetPrincipal.externalId eq "` + d.users[i] + `" AND targetPrincipal.type eq "OKTA_USER"`
}

type obj = map[string]any

func newEntitlementBody(app, name string, multi bool, values ...string) obj {
	list := []any{}
	for _, v := range values {
		list = append(list, obj{"name": v, "externalValue": strings.ToLower(v)})
	}
	return obj{
		"name": name, "externalValue": strings.ToLower(name), "parent": obj{"externalId": app, "type": "APPLICATION"},
		"multiValue": multi, "dataType": dataType(multi), "values": list,
	}
}

// grantBody makes a grant of values; each pair is an entitlement id followed by a value id.
func (d *fixture) grantBody(kind string, user int, pairs ...string) obj {
	list := []any{}
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, obj{"id": pairs[i], "values": []any{obj{"id": pairs[i+1]}}})
	}
	return obj{
		"grantType": kind, "targetPrincipal": obj{"externalId": d.users[user], "type": "OKTA_USER"},
		"target": obj{"externalId": d.app, "type": "APPLICATION"}, "entitlements": list,
	}
}

func govWithout(body obj, key string) obj {
	out := obj{}
	for k, v := range body {
		if k != key {
			out[k] = v
		}
	}
	return out
}

func with(body obj, key string, value any) obj {
	out := govWithout(body, key)
	out[key] = value
	return out
}
