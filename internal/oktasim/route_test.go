package oktasim

import (
	"slices"
	"testing"
)

func TestRouterDecodesSegmentsOneByOne(t *testing.T) {
	var rt router
	for _, pattern := range []string{"/a/{id}", "/a/me", "/a/{id}/b", "/a/values/{v}", "/r/{orn}/settings"} {
		rt.add(&route{method: "GET", pattern: pattern})
	}
	rt.add(&route{method: "PUT", pattern: "/a/{id}"})
	for path, want := range map[string][2]string{
		"/a/1": {"/a/{id}", "1"}, "/a/me": {"/a/me", ""}, "/a/x%2Fy": {"/a/{id}", "x/y"}, "/a/me/b": {"/a/{id}/b", "me"},
		"/a/values": {"/a/{id}", "values"}, "/a/values/b": {"/a/values/{v}", "b"},
		"/r/orn:okta:idp:00o:apps:x:0oa/settings":             {"/r/{orn}/settings", "orn:okta:idp:00o:apps:x:0oa"},
		"/r/orn%3Aokta%3Aidp%3A00o%3Aapps%3Ax%3A0oa/settings": {"/r/{orn}/settings", "orn:okta:idp:00o:apps:x:0oa"},
	} {
		r, values, _ := rt.find("GET", path)
		if r == nil {
			t.Errorf("%s: not found", path)
			continue
		}
		got := ""
		for _, v := range values {
			got = v
		}
		if r.pattern != want[0] || got != want[1] {
			t.Errorf("%s: got %s with %q, want %v", path, r.pattern, got, want)
		}
	}
	for _, path := range []string{"/", "/a", "/a/", "/a/1/", "//a/1", "/a/%zz"} {
		if r, _, _ := rt.find("GET", path); r != nil {
			t.Errorf("%q found %s", path, r.pattern)
		}
	}
	if _, _, allowed := rt.find("DELETE", "/a/1"); !slices.Equal(allowed, []string{"GET", "PUT"}) {
		t.Errorf("allowed %v", allowed)
	}
}

func FuzzRouter(f *testing.F) {
	for _, seed := range []string{"/api/v1/users/me", "/api/v1/users/a%2Fb", "//", "/%", "/api/v1/apps/x/users/y/"} {
		f.Add(seed)
	}
	tenant := New(Options{})
	f.Fuzz(func(t *testing.T, path string) {
		if r, values, _ := tenant.router.find("GET", path); r != nil && len(values) != len(r.names) {
			t.Errorf("%q: %d values for %v", path, len(values), r.names)
		}
	})
}

func TestIDsHaveOktasShapeAndRise(t *testing.T) {
	tenant := New(Options{})
	last := ""
	for range 5000 {
		id := tenant.AddUser(NewUser{Email: "x@x.example"})
		if len(id) != 20 || id[:3] != "00u" || id <= last {
			t.Fatalf("id %q after %q", id, last)
		}
		last = id
	}
}
