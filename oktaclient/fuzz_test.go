package oktaclient

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
)

func FuzzLinkNext(f *testing.F) {
	for _, s := range []string{`<https://h/x?after=1>; rel="next"`, `<a>;rel=self,<b?after=2>;rel="next"`, `<`,
		`<>`, `;;;`, `<a>; rel="`, `<a>; x="\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if target := linkNext([]string{line}); !strings.Contains(line, target) {
			t.Errorf("target %q is not in %q", target, line)
		}
		after, err := nextAfter(http.Header{"Link": {line}}, "")
		if err == nil && after == "" && linkNext([]string{line}) != "" {
			t.Errorf("next link of %q lost without an error", line)
		}
	})
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Bearer authorization_uri="http://acme.okta.com/oauth2/v1/authorize", realm="x", scope="okta.groups.read", error="insufficient_scope", resource="/api/v1/groups"`)
	f.Add(`DPoP algs="RS256 ES256", scope=okta.users.read`)
	f.Add(`=`)
	f.Add(`a="\`)
	f.Fuzz(func(t *testing.T, line string) {
		for name := range challenge([]string{line}) {
			if name == "" {
				t.Errorf("nameless parameter out of %q", line)
			}
		}
		e := refusal("GET", "/x", 403, http.Header{"Www-Authenticate": {line}}, nil)
		if strings.ContainsFunc(e.NeedScope, unicode.IsControl) {
			t.Errorf("scope %q holds control characters", e.NeedScope)
		}
	})
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"/api/v1/users/00u1", "", "/", "//", "/api/v1/users//groups", "/api/v1/x/%2F"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p := pattern(path)
		if strings.Count(p, "/") != strings.Count(path, "/") {
			t.Errorf("pattern(%q) = %q has another number of segments", path, p)
		}
		if again := pattern(p); again != p {
			t.Errorf("pattern is not stable: %q, %q, %q", path, p, again)
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", `"`, `\`, `\"`, `a" or id pr or "b`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := Quote(s)
		if len(q) < 2 || q[0] != '"' || q[len(q)-1] != '"' {
			t.Fatalf("Quote(%q) = %s is no string", s, q)
		}
		var plain strings.Builder
		inner := q[1 : len(q)-1]
		for i := 0; i < len(inner); i++ {
			if inner[i] == '"' {
				t.Fatalf("Quote(%q) = %s ends early", s, q)
			}
			if inner[i] == '\\' {
				i++
				if i == len(inner) {
					t.Fatalf("Quote(%q) = %s leaves the string open", s, q)
				}
			}
			plain.WriteByte(inner[i])
		}
		if plain.String() != s {
			t.Errorf("Quote(%q) reads back as %q", s, plain.String())
		}
	})
}
