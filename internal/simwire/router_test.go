package simwire

import (
	"slices"
	"strings"
	"testing"
)

func TestRouterDecodesSegmentsOneByOne(t *testing.T) {
	var rt Router[string]
	for _, pattern := range []string{"/a/{id}", "/a/me", "/a/{id}/b", "/a/values/{v}", "/r/{orn}/settings"} {
		rt.Add("GET", pattern, pattern)
	}
	rt.Add("PUT", "/a/{id}", "put")
	for path, want := range map[string][2]string{
		"/a/1": {"/a/{id}", "1"}, "/a/me": {"/a/me", ""}, "/a/x%2Fy": {"/a/{id}", "x/y"}, "/a/me/b": {"/a/{id}/b", "me"},
		"/a/values": {"/a/{id}", "values"}, "/a/values/b": {"/a/values/{v}", "b"},
		"/r/orn:okta:idp:00o:apps:x:0oa/settings":             {"/r/{orn}/settings", "orn:okta:idp:00o:apps:x:0oa"},
		"/r/orn%3Aokta%3Aidp%3A00o%3Aapps%3Ax%3A0oa/settings": {"/r/{orn}/settings", "orn:okta:idp:00o:apps:x:0oa"},
	} {
		r, _ := rt.Find("GET", path)
		if r == nil {
			t.Errorf("%s: not found", path)
			continue
		}
		got := ""
		for _, v := range r.Values {
			got = v
		}
		if r.Pattern != want[0] || r.Value != want[0] || got != want[1] {
			t.Errorf("%s: got %s with %q, want %v", path, r.Pattern, got, want)
		}
	}
	for _, path := range []string{"/", "/a", "/a/", "/a/1/", "//a/1", "/a/%zz"} {
		if r, _ := rt.Find("GET", path); r != nil {
			t.Errorf("%q found %s", path, r.Pattern)
		}
	}
	if _, allowed := rt.Find("DELETE", "/a/1"); !slices.Equal(allowed, []string{"GET", "PUT"}) {
		t.Errorf("allowed %v", allowed)
	}
}

func FuzzRouter(f *testing.F) {
	for _, seed := range []string{"/api/v1/users/me", "/api/v1/users/a%2Fb", "//", "/%", "/api/v1/apps/x/users/y/"} {
		f.Add(seed)
	}
	var rt Router[int]
	for i, pattern := range []string{"/api/v1/users", "/api/v1/users/me", "/api/v1/users/{id}",
		"/api/v1/apps/{id}/users/{userId}"} {
		rt.Add("GET", pattern, i)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if r, _ := rt.Find("GET", path); r != nil && len(r.Values) != strings.Count(r.Pattern, "{") {
			t.Errorf("%q: values %v for %s", path, r.Values, r.Pattern)
		}
	})
}
