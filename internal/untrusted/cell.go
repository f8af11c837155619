package untrusted

import "strings"

// Cell guards text against being run as a formula when it is opened in a spreadsheet: a cell that begins, after
// blanks, with =, +, -, @, a tab, CR, LF or a full-width form of these gets an apostrophe before it. Quoting for CSV is
// still up to the writer.
func Cell(s string) string {
	first := strings.TrimLeft(s, " \u00a0\u3000\ufeff\u200b")
	for _, lead := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "\x00"} {
		if strings.HasPrefix(first, lead) {
			return "'" + s
		}
	}
	return s
}
