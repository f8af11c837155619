package untrusted_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/untrusted"
)

func TestCleanTakesOutWhatCannotBeSeen(t *testing.T) {
	tests := []struct {
		in   string
		max  int
		want string
	}{
		{"Account Manager", 0, "Account Manager"},
		{"  a \t\r\n b\u00a0 ", 0, "a b"},
		{"\x1b[31mred\x1b[0m", 0, "red"},
		{"\x1b]0;title\x07text", 0, "text"},
		{"\x1b]8;;http://evil.example\x1b\\link", 0, "link"},
		{"\x1b]never ended", 0, "never ended"},
		{"\u009b31mred", 0, "red"},
		{"a\u202eb\u2066c\u200bd\ufeffe", 0, "abcde"},
		{"tag\U000e0041\U000e0042s", 0, "tags"},
		{"bad\xff\xfebytes", 0, "badbytes"},
		{"nul\x00del\x7fc1\u0085", 0, "nuldelc1"},
		{"Größe 🙂", 0, "Größe 🙂"},
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abcde…"},
		{"abcde fgh", 7, "abcde…"},
		{"abc", 1, "…"},
	}
	for _, tt := range tests {
		if got := untrusted.Clean(tt.in, tt.max); got != tt.want {
			t.Errorf("Clean(%q, %d): got %q, want %q", tt.in, tt.max, got, tt.want)
		}
	}
}

func FuzzCleanIsSafeAndStable(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b[1;31mx", "\x1b\x1b]a\x1b", "\u009b", "a\u202e\U000e0001",
		"\xff", strings.Repeat("é ", 50), "\x1b\u200b[31m"} {
		f.Add(seed, 20)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		got := untrusted.Clean(s, max)
		if max > 0 && utf8.RuneCountInString(got) > max {
			t.Errorf("%q is longer than %d", got, max)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || r == 0x202e || r == 0x200b || r >= 0xe0000 && r <= 0xe0fff {
				t.Errorf("%q still holds %U", got, r)
			}
		}
		if again := untrusted.Clean(got, max); again != got {
			t.Errorf("cleaning twice gives %q after %q", again, got)
		}
	})
}

func TestCellDisarmsFormulas(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x",
		"\tx": "'\tx", "\rx": "'\rx", " =x": "' =x", "＝x": "'＝x",
		"Admin": "Admin", "": "", "a=b": "a=b", "\ufeff=x": "'\ufeff=x"} {
		if got := untrusted.Cell(in); got != want {
			t.Errorf("Cell(%q): got %q, want %q", in, got, want)
		}
	}
}
