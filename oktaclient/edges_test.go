package oktaclient

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/trouble"
)

func TestAnUntrustedCertificateIsAFaultOfConfiguration(t *testing.T) {
	host := httptest.NewUnstartedServer(http.NotFoundHandler())
	host.Config.ErrorLog = log.New(io.Discard, "", 0)
	host.StartTLS()
	defer host.Close()
	c, _, err := Connect(t.Context(), Options{BaseURL: host.URL, Credentials: tokenCredentials()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.App(t.Context(), "0oa1")
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrCertificate) || errors.Is(err, ErrUnavailable) || e.Sent != NotSent {
		t.Fatalf("got %v (%+v)", err, e)
	}
	if e.TroubleCode() != trouble.CertificateRefused || !strings.Contains(err.Error(), "Acme Co") ||
		!strings.Contains(e.Next(), "OKTA_CA_FILE") {
		t.Errorf("%s: %v; %s", e.TroubleCode(), err, e.Next())
	}
	if c.Stats().Retries != 0 {
		t.Errorf("%d repetitions of what cannot help", c.Stats().Retries)
	}
}

const portal = "<!DOCTYPE html><html><head><title>Guest\x1b[31m Wi-Fi sign in</title></head><body>please</body></html>"

func TestAPageOfAProxyIsNotOktas(t *testing.T) {
	for _, status := range []int{200, 401, 403, 404, 407} {
		s := (&script{}).then(status, portal, "Content-Type", "text/html")
		_, w := connect(t, s)
		_, err := w.AssignUser(t.Context(), "0oa1", "00u1")
		if !errors.Is(err, ErrBadAnswer) || !strings.Contains(err.Error(), "Guest Wi-Fi sign in") ||
			!strings.Contains(err.Error(), "not Okta's") {
			t.Errorf("%d: %v, want a page that is not Okta's", status, err)
		}
	}
	_, w := connect(t, (&script{}).then(511, portal, "Content-Type", "text/html"))
	if _, err := w.AssignUser(t.Context(), "0oa1", "00u1"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("511: %v, want an outage", err)
	}
	s := (&script{}).then(403, portal, "Content-Type", "text/html", "X-Okta-Request-Id", "r1")
	c, _ := connect(t, s)
	if _, err := c.App(t.Context(), "0oa1"); !errors.Is(err, ErrForbidden) {
		t.Errorf("a page with Okta's request id: %v, want its status believed", err)
	}
}

func TestAWriteThatAProxyAnswersMayHaveHappened(t *testing.T) {
	s := (&script{}).then(403, portal, "Content-Type", "text/html")
	_, w := connect(t, s)
	_, err := w.AssignUser(t.Context(), "0oa1", "00u1")
	if !MayHaveHappened(err) {
		t.Errorf("got %v, want it looked up before it is believed", err)
	}
}

// case72 are the answers of the token endpoint that a wrong clock was met with.
func case72(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "given-72-k12-clock-ahead.txt"))
	if err != nil {
		t.Fatal(err)
	}
	bodies := regexp.MustCompile(`\{.*\}`).FindAllString(string(text), -1)
	if len(bodies) != 2 {
		t.Fatalf("%d answers in the case, want 2", len(bodies))
	}
	return bodies
}

func TestAClockDifferenceIsMeasuredAndSaid(t *testing.T) {
	for i, body := range case72(t) {
		for _, dated := range []bool{true, false} {
			srv, text := newECServer(t, false)
			srv.reject = "x"
			wire := roundTrip(func(req *http.Request) (*http.Response, error) {
				h := http.Header{"Content-Type": {"application/json"}}
				if dated {
					h.Set("Date", time.Now().Add(-5*time.Minute-4*time.Second).UTC().Format(http.TimeFormat))
				}
				return (&script{}).answer(req, 401, body, h), nil
			})
			c := srv.connectOver(t, text, wire)
			_, err := c.App(t.Context(), "0oa1")
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Next(), "clock") {
				t.Errorf("answer %d, dated %t: %v (%+v)", i, dated, err, e)
				continue
			}
			if dated != strings.Contains(err.Error(), "this machine's clock is 5m") ||
				dated != strings.Contains(err.Error(), "ahead of Okta's") {
				t.Errorf("answer %d, dated %t: %v", i, dated, err)
			}
		}
	}
}

func TestConsentRequiredIsAMissingScope(t *testing.T) {
	s, text := newECServer(t, false)
	s.reject = "consent_required"
	_, err := s.connect(t, text).App(t.Context(), "0oa1")
	var e *Error
	if !errors.As(err, &e) || e.TroubleCode() != trouble.ScopeMissing || !strings.Contains(e.Next(), "OKTA_SCOPES") {
		t.Errorf("got %v (%+v)", err, e)
	}
}

func TestHeadersAreBoundedWithAnyTransport(t *testing.T) {
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 20 {
			w.Header().Add("X-Fill", strings.Repeat("x", 32<<10))
		}
		_, _ = io.WriteString(w, `{"id":"0oa1"}`)
	}))
	defer host.Close()
	wires := map[string]http.RoundTripper{
		"none":                 nil,
		"a clone of Go's own":  http.DefaultTransport.(*http.Transport).Clone(),
		"one that is no *http": roundTrip(http.DefaultTransport.(*http.Transport).Clone().RoundTrip),
	}
	for name, wire := range wires {
		_, w, err := Connect(t.Context(), Options{
			BaseURL:     host.URL,
			Credentials: tokenCredentials(),
			Transport:   wire,
		})
		if err != nil {
			t.Fatal(err)
		}
		// A write is not repeated, so the test does not wait.
		if _, err = w.AssignUser(t.Context(), "0oa1", "00u1"); err == nil {
			t.Errorf("%s: 640 KiB of headers are taken", name)
		}
	}
}

func TestAKeyAfterItsParametersSigns(t *testing.T) {
	_, text := newECServer(t, false)
	const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
	if _, _, err := parseKey(parameters + text); err != nil {
		t.Error(err)
	}
}
