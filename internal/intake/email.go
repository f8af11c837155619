package intake

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// emailIdentity returns the form by which two spellings are one user: trimmed and lower-cased.
func emailIdentity(s string) string { return strings.ToLower(foldSpace(s)) }

// emailFlaw says in words what is wrong with a trimmed e-mail address, or "". The check is light: one @, a sensible
// local part and a domain with a dot. Okta decides in the end.
func emailFlaw(b []byte) string {
	at := bytes.IndexByte(b, '@')
	switch {
	case at < 0:
		return "it has no @"
	case at == 0:
		return "nothing stands before the @"
	case bytes.IndexByte(b[at+1:], '@') >= 0:
		return "it has more than one @"
	case len(b) > 254:
		return "it is longer than 254 bytes"
	case at > 64:
		return "the part before the @ is longer than 64 bytes"
	case bytes.ContainsAny(b, " \t\r\n\"<>,;:()[]\\"):
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
	if !plainText(b) {
		if o := inspect(b); o.invalid || o.control || o.invisible || o.lineBreak {
			return "it holds invisible or broken characters"
		}
	}
	return ""
}

// ShortenEmail hides most of an e-mail address and leaves enough to recognise a known one: ada.lovelace@acme.example.com
// becomes a***e@acme.example.com. Text that is no address is cut in the same way.
func ShortenEmail(s string) string {
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
