package intake

import (
	"strings"
	"unicode"
)

// headerKey reduces a header to lower-case letters and digits: User_Name, user name and UserName are one.
func headerKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
