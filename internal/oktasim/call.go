package oktasim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/simwire"
)

// call is one request on its way through the tenant. Handlers run with t.mu held.
type call struct {
	t   *Tenant
	x   *simwire.Exchange
	w   *simwire.Reply
	r   *http.Request
	now time.Time // the tenant's clock

	op        *operation        // nil for an unknown one
	values    map[string]string // of the path's parameters
	allowed   []string          // methods that an unknown operation's path exists for
	refusal   func(*call)       // answers instead of the operation, for a credential that is not good; nil otherwise
	principal principal
	requestID string

	parsed url.Values
}

// path returns a path parameter, percent-decoded.
func (c *call) path(name string) string { return c.values[name] }

// query returns the query parameters, decoded once.
func (c *call) query() url.Values {
	if c.parsed == nil {
		c.parsed = c.r.URL.Query()
	}
	return c.parsed
}

// body decodes the JSON body. On failure it answers 400 E0000003 and returns false.
func (c *call) body(into any) bool {
	dec := json.NewDecoder(bytes.NewReader(c.x.Body))
	if err := dec.Decode(into); err != nil {
		c.fail(http.StatusBadRequest, codeMalformed, "The request body was not well-formed.")
		return false
	}
	return true
}

// reply answers with JSON. Okta sends application/json without a charset.
func (c *call) reply(status int, v any) {
	buf := c.w.Body()
	before := buf.Len()
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil { // nothing is written then
		http.Error(c.w, err.Error(), http.StatusInternalServerError)
		return
	}
	if n := buf.Len(); n > before { // without the encoder's line feed
		buf.Truncate(n - 1)
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
}

// created answers 201. location is a path, or a URL on the admin host; it goes into Location and into a Link line.
func (c *call) created(location string, v any) {
	if strings.HasPrefix(location, "/") {
		location = c.adminBase() + location
	}
	c.w.Header().Set("Location", location)
	c.w.Header().Add("Link", "<"+location+`>; rel="self"`)
	c.reply(http.StatusCreated, v)
}

// empty answers without a body.
func (c *call) empty(status int) { c.w.WriteHeader(status) }

// base is scheme and host as the client addressed them; management links point there.
func (c *call) base() string {
	scheme := c.r.URL.Scheme
	switch {
	case scheme != "":
	case c.r.TLS != nil:
		scheme = "https"
	default:
		scheme = "http"
	}
	host := c.r.Host
	if host == "" {
		host = c.r.URL.Host
	}
	return scheme + "://" + host
}

// adminBase is scheme and host of the admin console; governance links point there, so that a client that follows links
// blindly ends up elsewhere, as it would with Okta.
func (c *call) adminBase() string { return adminBase(c.base()) }

func adminBase(base string) string {
	u, err := url.Parse(base)
	if err != nil || isAddress(u.Hostname()) {
		return "https://admin.invalid"
	}
	label, rest, dotted := strings.Cut(u.Host, ".")
	if !dotted {
		label, rest, dotted = strings.Cut(u.Host, ":")
		if dotted {
			return u.Scheme + "://" + label + "-admin:" + rest
		}
		return u.Scheme + "://" + u.Host + "-admin"
	}
	return u.Scheme + "://" + label + "-admin." + rest
}

func isAddress(host string) bool {
	return strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == ""
}

// href is a HAL link.
type href struct {
	Href   string `json:"href"`
	Method string `json:"method,omitempty"`
}

// hintedHref is a HAL link with hints, as governance and policies write them; Hints is {} or {"allow":[…]}.
type hintedHref struct {
	Href  string `json:"href"`
	Hints hints  `json:"hints"`
}

// hints says which methods a link takes; nothing at all on governance links.
type hints struct {
	Allow []string `json:"allow,omitempty"`
}

// adminLink is a governance link: admin host, empty hints.
func (c *call) adminLink(path string) hintedHref {
	return hintedHref{c.adminBase() + path, hints{}}
}

// link is a management link.
func (c *call) link(path string) href { return href{Href: c.base() + path} }
