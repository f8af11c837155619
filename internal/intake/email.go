package intake

import (
	"bytes"
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
	for {
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
	return s, emailFlaw([]byte(s))
}

// emailFlaw says in words what is wrong with a trimmed e-mail address, or "". The check is light: one @, a sensible
// local part and a domain with a dot. Okta decides in the end.
func emailFlaw(b []byte) string {
	at := bytes.IndexByte(b, '@')
	switch {
	case at < 0:
		return "it has no @"
	case at == 0:
		return "there is nothing before the @"
	case bytes.IndexByte(b[at+1:], '@') >= 0:
		return "it has more than one @"
	case len(b) > 254:
		return "it is longer than 254 bytes"
	case at > 64:
		return "the part before the @ is longer than 64 bytes"
	case bytes.ContainsAny(b, " \t\r\n\"<>,;:()[]\\*|"):
		return "it holds a space or a character that addresses do not have"
	}
	domain := b[at+1:]
	switch {
	case !bytes.Contains(domain, []byte{'.'}):
		return "the part behind the @ has no dot"
	case domain[0] == '.' || domain[0] == '-' || domain[len(domain)-1] == '.' || domain[len(domain)-1] == '-' ||
		bytes.Contains(domain, []byte("..")):
		return "the part behind the @ is no domain"
	}
	if mark := switchedOff(strings.ToLower(string(b[:at])), strings.ToLower(string(domain))); mark != "" {
		return "it holds " + mark + ", which marks addresses that were switched off"
	}
	plain := true
	for _, c := range domain {
		if c >= utf8.RuneSelf {
			plain = false
		} else if c != '.' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return "the part behind the @ holds a sign that domains do not have"
		}
	}
	if !plain || !plainText(b) {
		if o := inspect(b); o.invalid || o.control || o.invisible || o.lineBreak {
			return "it holds invisible or broken characters"
		}
	}
	return ""
}

// switchedOff returns the mark that directories add to the addresses of people who left, or "".
func switchedOff(local, domain string) string {
	label := domain[strings.LastIndexByte(domain, '.')+1:]
	switch label {
	case "invalid", "deleted", "old", "disabled", "inactive", "deactivated", "removed", "terminated", "archived", "left", "expired", "former":
		return "." + label
	}
	for _, word := range []string{"deleted", "disabled", "inactive", "deactivated", "terminated", "archived"} {
		for _, sign := range []string{".", "_", "-", "+"} {
			if strings.HasSuffix(local, sign+word) {
				return sign + word
			}
			if strings.HasPrefix(local, word+sign) {
				return word + sign
			}
		}
	}
	return ""
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
