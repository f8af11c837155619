package spelling_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/spelling"
)

func TestSpellingsThatAreOneAndSpellingsThatAreNot(t *testing.T) {
	for _, same := range [][2]string{
		{"Admin", "admin"}, {" Admin ", "ADMIN"}, {"Sales  Manager", "sales manager"}, {"a\tb", "A b"},
		{"a\u00a0b", "a b"}, {"ÉMILE@x.example", "émile@x.example"}, {"ПЕТР", "петр"}, {"ΣΑΣ", "σασ"}, {"Ａｄ", "ａｄ"},
	} {
		if !spelling.Same(same[0], same[1]) {
			t.Errorf("%q and %q are not one", same[0], same[1])
		}
	}
	for _, apart := range [][2]string{
		{"Admin", "Admin2"}, {"ab", "a b"}, {"A-B", "A B"},
		{"mi\u212ae", "mike"}, {"mi\u212ae", "miKe"}, // Kelvin sign: found from outside, B5
		{"jone\u017f", "jones"}, {"jone\u017f", "JONES"}, // long s
		{"\u0131rene", "irene"}, {"\u0131rene", "Irene"}, // dotless i
		{"\u0130rene", "irene"}, {"\u0130rene", "Irene"}, {"\u0130", "i\u0307"}, // dotted capital I
		{"\u212bsa", "åsa"}, {"\u2126", "ω"}, {"\u00b5", "μ"}, {"Straße", "STRASSE"}, {"σας", "σασ"},
		{"\uff21nn", "Ann"}, {"\uff41nn", "ann"}, {"\u01c5", "\u01c6"}, {"\ufb01", "fi"}, {"é", "e\u0301"}, {"а", "a"},
		{"a\xff", "a\xfe"}, {"a\xff", "a\ufffd"},
		{"Ad\u200bmin", "Admin"}, {"Ad\u00admin", "Ad\u2060min"},
	} {
		if spelling.Same(apart[0], apart[1]) {
			t.Errorf("%q and %q are one", apart[0], apart[1])
		}
	}
}

func TestTwinsAreSeenAsOne(t *testing.T) {
	// Each shows as nothing. Found from outside, B6.
	for name, r := range map[string]rune{"zero width space": 0x200b, "soft hyphen": 0xad, "word joiner": 0x2060,
		"tag letter": 0xe0061, "variation selector": 0xfe0f, "later variation selector": 0xe0100, "Hangul filler": 0x3164,
		"half-width Hangul filler": 0xffa0, "Mongolian selector": 0x180b, "joiner": 0x200d, "byte order mark": 0xfeff,
		"combining joiner": 0x34f, "musical beam": 0x1d173, "shorthand overlap": 0x1bca0, "braille blank": 0x2800,
		"left-to-right mark": 0x200e, "unassigned ignorable": 0x2065} {
		if twin := "Ad" + string(r) + "min"; spelling.Seen(twin) != "admin" || spelling.Same(twin, "admin") {
			t.Errorf("%s: %q is seen as %q", name, twin, spelling.Seen(twin))
		}
	}
	if spelling.Seen("Ad\xffmin") == spelling.Seen("Admin") {
		t.Error("a broken byte is not seen")
	}
}

// sameButForCase reports whether two runes are a letter and its one partner in the other case.
func sameButForCase(a, b rune) bool {
	return a == b || unicode.ToLower(a) == b && unicode.ToUpper(b) == a || unicode.ToLower(b) == a && unicode.ToUpper(a) == b
}

// No two letters become one but a capital and its own small letter; for each letter there is at most one partner.
func TestEachLetterHasAtMostOnePartner(t *testing.T) {
	capital := map[string]rune{}
	for r := rune(1); r <= unicode.MaxRune; r++ {
		folded := spelling.Fold(string(r))
		if folded == string(r) || unicode.IsSpace(r) || !utf8.ValidRune(r) {
			continue
		}
		small, n := utf8.DecodeRuneInString(folded)
		if n != len(folded) || !sameButForCase(r, small) || spelling.Fold(folded) != folded {
			t.Errorf("%c folds to %q", r, folded)
		}
		if other, taken := capital[folded]; taken {
			t.Errorf("%c and %c are both %q", r, other, folded)
		}
		capital[folded] = r
	}
	for r := 'A'; r <= 'Z'; r++ {
		if spelling.Fold(string(r)) != string(r+'a'-'A') {
			t.Errorf("%c is not folded", r)
		}
	}
}

// letters that have tempted programs to make one name of two.
var letters = []rune("kK\u212asS\u017fiI\u0130\u0131åÅ\u212bωΩ\u2126µμΜßẞσςΣ aA\uff41\uff21\u01c4\u01c5\u01c6éÉ\u0301\u200b\u00ad@.")

func word(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteRune(letters[r.IntN(len(letters))])
	}
	return b.String()
}

func TestRandomPairsThatAreOneDifferInCaseAlone(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	equal := 0
	for range 300_000 {
		a, b := word(r), word(r)
		if spelling.Same(a, b) {
			equal++
			check(t, a, b)
		}
	}
	if equal < 300 {
		t.Errorf("only %d pairs were one", equal)
	}
}

// check holds a pair that is one against the rule, letter by letter.
func check(t *testing.T, a, b string) {
	t.Helper()
	x, y := strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")
	for len(x) > 0 && len(y) > 0 {
		r, n := utf8.DecodeRuneInString(x)
		q, m := utf8.DecodeRuneInString(y)
		if r == utf8.RuneError && x[:n] != y[:m] || !sameButForCase(r, q) {
			t.Fatalf("%q and %q are one", a, b)
		}
		x, y = x[n:], y[m:]
	}
	if x != y {
		t.Fatalf("%q and %q are one", a, b)
	}
}

func FuzzOneNameDiffersInCaseAlone(f *testing.F) {
	f.Add("Admin", "admin")
	f.Add("mi\u212ae", "mike")
	f.Add("a\xff", "a\ufffd")
	f.Fuzz(func(t *testing.T, a, b string) {
		if spelling.Same(a, b) {
			check(t, a, b)
		}
		if again := spelling.Fold(spelling.Fold(a)); again != spelling.Fold(a) {
			t.Errorf("%q folds to %q and then to %q", a, spelling.Fold(a), again)
		}
		if spelling.Same(a, b) && spelling.Seen(a) != spelling.Seen(b) {
			t.Errorf("%q and %q are one and seen as two", a, b)
		}
	})
}
