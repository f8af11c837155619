package s3sync

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

func TestKeysThatNoListCanCarryAreRefusedToo(t *testing.T) {
	for key, reason := range map[string]string{
		"in/x\x07.csv":             "control_character",
		"in/x\x00.csv":             "control_character",
		"in/x\u0085y.csv":          "control_character",
		"in/x\ufffd.csv":           "control_character",
		"in/x\xff.csv":             "not_utf8",
		"in/a\n/b.csv":             "control_character",
		"":                         "leaves_inbox",
		"in/com1.x.csv":            "reserved_name",
		"in/trailing /x.csv":       "bad_character",
		"in/\u202egpj.csv":         "invisible_character",
		"in/a\u200bb.csv":          "invisible_character",
		"in/x\u2066/b.csv":         "invisible_character",
		"in/so\u00adft.csv":        "invisible_character",
		"in/1/2/3/4/5/6/7/8/x.csv": "too_deep",
	} {
		if name, got := localName("in/", key); got != reason || name != "" {
			t.Errorf("%q: %q, %q, want %q", key, name, got, reason)
		}
	}
}

func TestThePrefixIsCutAtItsLastFolder(t *testing.T) {
	for _, test := range []struct{ prefix, key, want string }{
		{"", "a/b.csv", "s3/a/b.csv"},
		{"x/", "x/a/b.csv", "s3/a/b.csv"},
		{"x/2024-", "x/2024-01.csv", "s3/2024-01.csv"},
		{"2024-", "2024-01.csv", "s3/2024-01.csv"},
	} {
		if got, reason := localName(test.prefix, test.key); got != test.want || reason != "" {
			t.Errorf("%q under %q: %q, %q, want %q", test.key, test.prefix, got, reason, test.want)
		}
	}
}

func FuzzLocalNameStaysInTheInbox(f *testing.F) {
	for _, key := range []string{"a/b.csv", "../x.csv", "/x.csv", `a\..\b.csv`, "C:x.csv", ".x.csv", "a//b.csv",
		"nul.csv", "x\x00.csv", "..", ""} {
		f.Add("in/", "in/"+key)
		f.Add("", key)
	}
	f.Fuzz(func(t *testing.T, prefix, key string) {
		name, reason := localName(prefix, key)
		if (name == "") == (reason == "") {
			t.Fatalf("%q: name %q, reason %q", key, name, reason)
		}
		if name == "" {
			return
		}
		if !fs.ValidPath(name) || !filepath.IsLocal(name) || !strings.HasPrefix(name, Folder+"/") ||
			strings.Contains(name, "/.") ||
			strings.ContainsFunc(name, unicode.IsControl) || strings.Contains(name, `\`) ||
			!strings.HasSuffix(key, strings.TrimPrefix(name, Folder+"/")) {
			t.Errorf("%q became %q", key, name)
		}
	})
}
