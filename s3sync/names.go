package s3sync

import (
	"io/fs"
	"path"
	"strings"

	"okta-entitlements-mcp/internal/untrusted"
)

// localName turns a key into a name in the inbox. A key that is no plain relative path to a visible report gets a
// reason instead; nothing is put right, so that two keys never meet in one name.
func localName(prefix, key string) (name, reason string) {
	const longest = 200 // of the whole name; file systems allow 255 bytes for each part, Windows 260 for a path
	rel := strings.TrimPrefix(key, prefix[:strings.LastIndexByte(prefix, '/')+1])
	switch {
	case strings.HasSuffix(key, "/"):
		return "", "folder"
	case !fs.ValidPath(rel) || rel == ".":
		return "", badPath(rel)
	}
	for part := range strings.SplitSeq(rel, "/") {
		if reason := badPart(part); reason != "" {
			return "", reason
		}
	}
	switch strings.ToLower(path.Ext(rel)) {
	case ".csv", ".tsv", ".txt", ".xlsx":
	default:
		return "", "not_a_report"
	}
	if name = path.Join(Folder, rel); len(name) > longest {
		return "", "too_long"
	}
	if strings.Count(name, "/") > maxDepth {
		return "", "too_deep"
	}
	return name, ""
}

// maxDepth is how many folders deep the inbox is looked into.
const maxDepth = 8

func badPath(rel string) string {
	if strings.ContainsRune(rel, '\uFFFD') || strings.ToValidUTF8(rel, "") != rel {
		return "not_utf8"
	}
	return "leaves_inbox" // "..", an absolute path, or a path that is not in its shortest form
}

// badPart says why a part of a key cannot be a file's or a folder's name, "" when it can.
func badPart(part string) (reason string) {
	flaws := []struct {
		reason string
		found  bool
	}{
		{"control_character", strings.ContainsFunc(part, unprintable)},
		{"invisible_character", untrusted.HiddenName(part)}, // what the inbox would not list
		{"backslash", strings.Contains(part, `\`)},
		{"drive_letter", len(part) > 1 && part[1] == ':'},
		// Names that Windows does not have, or reads as others.
		{"bad_character", strings.ContainsAny(part, `<>:"|?*`) || strings.HasSuffix(part, " ") || strings.HasSuffix(part, ".")},
		{"hidden", strings.HasPrefix(part, ".")},
		{"reserved_name", windowsDevice(part)},
	}
	for _, flaw := range flaws {
		if flaw.found {
			return flaw.reason
		}
	}
	return ""
}

func unprintable(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\uFFFD' }

// windowsDevice reports whether Windows takes a name for one of its devices, whatever its extension: CON, COM1, LPT9.
func windowsDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	number := strings.TrimPrefix(strings.TrimPrefix(stem, "COM"), "LPT")
	return len(stem) == 4 && len(number) == 1 && number[0] >= '0' && number[0] <= '9'
}
