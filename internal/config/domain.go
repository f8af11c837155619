package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// demo is the OKTA_DOMAIN of the tenant inside the program.
const demo = "demo"

// baseURL turns what people paste for a domain into scheme://host[:port], or says why not. "demo" stays as it is.
// Okta API: calls go to the organisation's own host; the -admin host serves the console only.
func baseURL(text string) (base, note string, err error) {
	if strings.EqualFold(text, demo) {
		return demo, "", nil
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", "", fmt.Errorf("is not an address; write it like acme.okta.com")
	}
	if err := onlyHost(u); err != nil {
		return "", "", err
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if err := checkHost(host); err != nil {
		return "", "", err
	}
	if u.Scheme == "http" && !loopback(host) {
		return "", "", errors.New("http would send the credential in the clear; use https")
	}
	if plain, ok := withoutAdmin(host); ok {
		note = fmt.Sprintf("%s is the admin console; using %s, where the API is", host, plain)
		host = plain
	}
	port := u.Port()
	if port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host, note, nil
}

// onlyHost refuses every part of an address other than scheme, host and port. Its errors do not quote the address:
// it may hold a password.
func onlyHost(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("scheme %q is not known; use https", u.Scheme)
	case u.User != nil:
		return errors.New("must not hold a user name or password; credentials have settings of their own")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("must not hold a query or fragment; write the host alone, like acme.okta.com")
	case u.Path != "" && u.Path != "/":
		return fmt.Errorf("must not hold a path (%s); write the host alone, like acme.okta.com", strconv.Quote(u.Path))
	case strings.HasSuffix(u.Host, ":"):
		return errors.New("ends with a colon; write the port or leave the colon out")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("port %s does not exist", port)
		}
	}
	return nil
}

func checkHost(host string) error {
	if host == "" {
		return errors.New("has no host; write it like acme.okta.com")
	}
	if _, err := netip.ParseAddr(host); err == nil || loopback(host) {
		return nil
	}
	for _, r := range host {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' {
			return fmt.Errorf("host %s holds a character that hosts do not have", strconv.QuoteToASCII(host))
		}
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return fmt.Errorf("host %q is not well formed", host)
		}
	}
	if !strings.Contains(host, ".") {
		return fmt.Errorf("%q is only a name; write the whole host, such as %s.okta.com", host, host)
	}
	for _, suffix := range oktaSuffixes() {
		if host == suffix[1:] || host == "www"+suffix {
			return fmt.Errorf("%s is Okta's own site; write your organisation's host, like acme.okta.com", host)
		}
	}
	return nil
}

// oktaSuffixes are the domains under which Okta hosts organisations. On custom domains "-admin" means nothing.
func oktaSuffixes() []string {
	return []string{".okta.com", ".oktapreview.com", ".okta-emea.com", ".okta-gov.com", ".okta.mil", ".trexcloud.com"}
}

func withoutAdmin(host string) (plain string, ok bool) {
	for _, suffix := range oktaSuffixes() {
		if name, found := strings.CutSuffix(host, "-admin"+suffix); found && name != "" {
			return name + suffix, true
		}
	}
	return host, false
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
