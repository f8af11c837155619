package notify

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/untrusted"
)

func FuzzTextsForOthersAreOneCleanLineWithinTheirLimit(f *testing.F) {
	for _, seed := range []string{"", "a\x00b", "\u202eabc", "é\xff", "  a  b ", strings.Repeat("😀", 50), "<!here>&amp;", "h1. x", `\\ {code}`, "bq.", "&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&"} {
		f.Add(seed, 40)
	}
	f.Fuzz(func(t *testing.T, text string, max int) {
		max = 8 + (max%4000+4000)%4000
		for _, c := range []string{untrusted.Clean(text, max), slackText(text, untrusted.Width(max))} {
			if n := utf8.RuneCountInString(c); n > max || !utf8.ValidString(c) {
				t.Errorf("%d characters of %d, valid %t: %q", n, max, utf8.ValidString(c), c)
			}
			if strings.ContainsFunc(c, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
				t.Errorf("control characters in %q", c)
			}
		}
		if s := slackText(text, untrusted.Width(max)); strings.ContainsAny(s, "<>") {
			t.Errorf("markup in %q", s)
		}
	})
}

func FuzzWikiTextHasNoMarkupThatWorks(f *testing.F) {
	for _, seed := range []string{"h1. x", " bq. y", `a\\b`, "{code}", "[a|b]", "http://x", "&#123;", `\{`, "*b*", "||a||"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := wikiText(untrusted.Clean(text, 1000))
		for n, r := range out {
			escaped := n > 0 && out[n-1] == '\\'
			if strings.ContainsRune(`*_-+^~?{}[]|!@(`, r) && !escaped || strings.ContainsRune("<>", r) {
				t.Fatalf("%q at %d of %q works", r, n, out)
			}
			if r == '\\' && (n+1 == len(out) || !strings.ContainsRune(`*_-+^~?{}[]|!#@(`, rune(out[n+1]))) {
				t.Fatalf("a backslash of the text's own in %q", out)
			}
		}
		if blockStart.MatchString(out) || strings.Contains(out, "://") {
			t.Fatalf("a heading, a quotation or a link in %q", out)
		}
	})
}
