package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/untrusted"
)

// cleanAddress takes off what people and programs put around an address: quotes, apostrophes, angle brackets with a
// name before them, mailto:. What stands behind an address, such as (inactive), is never taken off: it may change
// what the row says, so it is a flaw.
func cleanAddress(s string) (string, string) {
	s = foldSpace(s)
	for !isBareAddress(s) {
		short := s
		if n := len(short); n > 0 && short[n-1] == '>' {
			if i := strings.LastIndexByte(short, '<'); i >= 0 && !strings.Contains(short[:i], "@") {
				short = short[i+1 : n-1]
			}
		}
		for _, mark := range []string{`"`, "'", "`", "’", "‘", "“", "”", "´"} {
			short = strings.TrimPrefix(short, mark)
			short = strings.TrimSuffix(short, mark)
		}
		for _, scheme := range []string{"mailto:", "smtp:"} {
			if len(short) > len(scheme) && strings.EqualFold(short[:len(scheme)], scheme) {
				short = short[len(scheme):]
			}
		}
		short = strings.TrimSpace(short)
		if short == s {
			break
		}
		s = short
	}
	return s, emailFlaw(s)
}

// isBareAddress reports text with nothing around it that could be taken off.
func isBareAddress(s string) bool {
	if s == "" || !isAlphanumeric(s[0]) || !isAlphanumeric(s[len(s)-1]) {
		return s == ""
	}
	return strings.IndexByte(s, ':') < 0
}

func isAlphanumeric(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }

// emailFlaw says in words what is wrong with a trimmed e-mail address, or "". The check is light: one @, a sensible
// local part and a domain with a dot. Okta decides in the end.
func emailFlaw(s string) string {
	at := strings.IndexByte(s, '@')
	switch {
	case at < 0:
		return "it has no @"
	case at == 0:
		return "there is nothing before the @"
	case strings.IndexByte(s[at+1:], '@') >= 0:
		return "it has more than one @"
	case len(s) > 254:
		return "it is longer than 254 bytes"
	case at > 64:
		return "the part before the @ is longer than 64 bytes"
	case strings.ContainsAny(s, " \t\r\n\"<>,;:()[]\\*|"):
		return "it holds a space or a character that addresses do not have"
	}
	domain := s[at+1:]
	switch {
	case strings.IndexByte(domain, '.') < 0:
		return "the part behind the @ has no dot"
	case domain[0] == '.' || domain[0] == '-' || domain[len(domain)-1] == '.' || domain[len(domain)-1] == '-' ||
		strings.Contains(domain, ".."):
		return "the part behind the @ is no domain"
	}
	if mark := switchedOff(s[:at], domain); mark != "" {
		return "it holds " + mark + ", which marks addresses that were switched off"
	}
	plain := true
	for i := range len(domain) {
		c := domain[i]
		if c >= utf8.RuneSelf {
			plain = false
		} else if c != '.' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return "the part behind the @ holds a sign that domains do not have"
		}
	}
	if !plain || !isFolded(s) {
		if o := inspect([]byte(s)); o.invalid || o.control || o.invisible || o.lineBreak {
			return "it holds invisible or broken characters"
		}
	}
	return ""
}

// switchedOff returns the mark that directories add to the addresses of people who left, or "". Each address of a report
// comes here, so it allocates nothing for those that have none.
func switchedOff(local, domain string) string {
	label := domain[strings.LastIndexByte(domain, '.')+1:]
	for _, word := range switchedOffLabels {
		if asWord(label, word) {
			return "." + word
		}
	}
	for _, word := range switchedOffWords {
		at := len(local) - len(word)
		if at < 1 {
			continue
		}
		if c := local[at-1]; joinsWords(c) && asWord(local[at:], word) {
			return string(c) + word
		}
		if c := local[len(word)]; joinsWords(c) && asWord(local[:len(word)], word) {
			return word + string(c)
		}
	}
	return ""
}

// The marks of addresses that were switched off: the last part of the domain, and words before the @.
var (
	switchedOffLabels = [...]string{"invalid", "deleted", "old", "disabled", "inactive", "deactivated", "removed",
		"terminated", "archived", "left", "expired", "former"}
	switchedOffWords = [...]string{"deleted", "disabled", "inactive", "deactivated", "terminated", "archived"}
)

func joinsWords(c byte) bool { return c == '.' || c == '_' || c == '-' || c == '+' }

// asWord reports whether s is a word of small letters, in any case.
func asWord(s, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i := range len(word) {
		if s[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}

// loginFlaw says what is wrong with a cell that should be a login, or "".
func loginFlaw(s string) string {
	switch {
	case strings.ContainsFunc(s, unicode.IsSpace):
		return "it holds a space, so it looks like a name and not like a login"
	case !isLoginText(s):
		return "it does not look like a login"
	}
	return ""
}

// ShortenEmail hides most of an e-mail address and leaves enough to recognise a known one:
// ada.lovelace@acme.example.com becomes a***e@acme.example.com. Text that is no address is cut in the same way.
func ShortenEmail(address untrusted.Text) string {
	s := address.Show(untrusted.Name)
	local, domain, found := strings.Cut(s, "@")
	if !found {
		return shortenWord(s)
	}
	return shortenWord(local) + "@" + domain
}

func shortenWord(s string) string {
	if s == "" {
		return ""
	}
	first, n := utf8.DecodeRuneInString(s)
	if utf8.RuneCountInString(s) < 5 {
		return string(first) + "***"
	}
	last, _ := utf8.DecodeLastRuneInString(s[n:])
	return string(first) + "***" + string(last)
}
