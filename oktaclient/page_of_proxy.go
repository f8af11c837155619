package oktaclient

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// webPage reports whether an answer is HTML, which Okta's API never gives.
func webPage(h http.Header, body []byte) bool {
	text := bytes.TrimSpace(body)
	return len(text) > 0 && (strings.Contains(h.Get("Content-Type"), "html") && text[0] != '{' && text[0] != '[' || text[0] == '<')
}

// fromOkta reports whether an answer is Okta's own. Okta API: every answer has a request id.
func fromOkta(h http.Header) bool { return h.Get("X-Okta-Request-Id") != "" }

// pageTitle has no counted repeat: it would be compiled into that many copies before main begins.
var pageTitle = regexp.MustCompile(`(?is)<title[^>]*>(.+?)</title>`)

// foreignPage names a web page that something between here and Okta answered with: a proxy, or the sign-in page of a
// network.
func foreignPage(body []byte) string {
	what := "a web page that is not Okta's came instead of an answer"
	if title := pageTitle.FindSubmatch(body[:min(len(body), 64<<10)]); title != nil {
		what += fmt.Sprintf(", with the title %q", clean(string(title[1])))
	}
	return what + ": a proxy or the sign-in page of a network answers in Okta's place"
}
