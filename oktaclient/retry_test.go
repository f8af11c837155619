package oktaclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var anyGrant = NewGrant{
	Type:         GrantEntitlement,
	AppID:        "0oa1",
	UserID:       "00u1",
	Entitlements: []GrantedEntitlement{{ID: "esp1", Values: []string{"ent1"}}},
}

func dialRefused() error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

func truncated(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode:    200,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: 1000,
		Body:          io.NopCloser(strings.NewReader(`{"id":`)),
		Request:       req,
	}, nil
}

func TestReadsOutlastTransientFailures(t *testing.T) {
	const ok = `{"id":"esp1"}`
	window := []string{headerLimit, "50", headerRemaining, "0", headerReset, "946684860", "Date",
		"Sat, 01 Jan 2000 00:00:00 GMT"}
	cases := map[string]*script{
		"500, 502, 503, 504": (&script{}).then(500, "").then(502, "<html>").then(503,
			`{"errorCode":"E0000010"}`).then(504, ""),
		"connection refused": (&script{}).fail(dialRefused()).fail(dialRefused()),
		"connection reset": (&script{}).fail(io.EOF).fail(&net.OpError{
			Op:  "read",
			Err: syscall.ECONNRESET,
		}),
		"truncated body":  (&script{}).do(truncated).then(200, `{"id":"es`),
		"web page":        (&script{}).then(200, "<html>login</html>", "Content-Type", "text/html"),
		"concurrency 429": (&script{}).then(429, "{}", headerLimit, "0", headerRemaining, "0", headerReset, "946684860"),
		"window 429":      (&script{}).then(429, "{}", window...),
		"bare 429":        (&script{}).then(429, "{}"),
	}
	for name, s := range cases {
		t.Run(name, func(t *testing.T) {
			s.then(200, ok)
			c, _ := connect(t, s)
			synctest.Test(t, func(t *testing.T) {
				e, err := c.Entitlement(t.Context(), "esp1")
				if err != nil || e.ID != "esp1" {
					t.Errorf("got %+v, %v", e, err)
				}
			})
			if len(s.replies) != 0 {
				t.Errorf("%d failures were never met", len(s.replies))
			}
		})
	}
}

func TestReadsGiveUpInBoundedTime(t *testing.T) {
	stall := func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	s := &script{}
	for range 20 {
		s.do(stall)
	}
	// The script holds its lock while it stalls; one caller only.
	c, _ := connect(t, s)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := c.Entitlement(t.Context(), "esp1")
		if !errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) ||
			!strings.Contains(err.Error(), "no answer in time") {
			t.Errorf("stalled read gave %v", err)
		}
		if took := time.Since(start); took > 4*time.Minute+30*time.Second {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestWritesAreSentAgainOnlyWhenOktaCannotHaveActed(t *testing.T) {
	created := oneGrant
	again := map[string]*script{
		"429 window": (&script{}).then(429, "{}", headerLimit, "50", headerRemaining, "0", headerReset,
			"946684860", "Date", "Sat, 01 Jan 2000 00:00:00 GMT"),
		"429 concurrency": (&script{}).then(429, "{}", headerLimit, "0", headerRemaining, "0", headerReset, "946684860"),
		"refused":         (&script{}).fail(dialRefused()),
		"no such host":    (&script{}).fail(&net.DNSError{Err: "no such host"}),
	}
	for name, s := range again {
		t.Run(name, func(t *testing.T) {
			s.then(201, created)
			_, w := connect(t, s)
			synctest.Test(t, func(t *testing.T) {
				if g, err := w.CreateGrant(t.Context(), anyGrant); err != nil || g.ID != "gra1" {
					t.Errorf("got %+v, %v", g, err)
				}
			})
			if len(s.asked) != 2 || s.asked[0] != s.asked[1] {
				t.Errorf("wire saw %q", s.asked)
			}
		})
	}
	once := map[string]*script{
		"lost reply":    (&script{}).fail(io.EOF),
		"reset":         (&script{}).fail(&net.OpError{Op: "read", Err: syscall.ECONNRESET}),
		"500":           (&script{}).then(500, `{"errorCode":"E0000009"}`),
		"503 web page":  (&script{}).then(503, "<html>"),
		"truncated":     (&script{}).do(truncated),
		"web page":      (&script{}).then(200, "<html>"),
		"empty success": (&script{}).then(200, ""),
		"stall": (&script{}).do(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}),
	}
	for name, s := range once {
		t.Run(name, func(t *testing.T) {
			_, w := connect(t, s)
			synctest.Test(t, func(t *testing.T) {
				_, err := w.CreateGrant(t.Context(), anyGrant)
				var e *Error
				if !MayHaveHappened(err) || !errors.As(err, &e) || e.Sent != MaybeSent {
					t.Errorf("got %v (%+v)", err, e)
				}
				if errors.Is(err, io.EOF) {
					t.Error("the error shows io.EOF, which makes the SDK send again")
				}
			})
			if len(s.asked) != 1 {
				t.Errorf("sent %d times", len(s.asked))
			}
		})
	}
}

func TestALostReplyThroughTheSDKIsSentOnce(t *testing.T) {
	s := (&script{}).fail(io.EOF)
	_, w := connect(t, s)
	_, err := w.AssignUser(t.Context(), "0oa1", "00u1")
	if !MayHaveHappened(err) || len(s.asked) != 1 {
		t.Errorf("sent %d times, %v", len(s.asked), err)
	}
}

func TestRefusedWritesAreAnswered(t *testing.T) {
	for status, kind := range map[int]error{400: ErrBadRequest, 403: ErrForbidden, 404: ErrNotFound,
		409: ErrConflict, 401: ErrUnauthorized} {
		s := (&script{}).then(status, `{"errorCode":"E0000001","errorSummary":"Api validation failed: grant",
"errorCauses":[{"errorSummary":"bad","reason":"IDENTIFIER_NOT_FOUND"}]}`, "X-Okta-Request-Id", "req1")
		_, w := connect(t, s)
		_, err := w.CreateGrant(t.Context(), anyGrant)
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, kind) || e.Sent != Answered || MayHaveHappened(err) ||
			e.Status != status || e.RequestID != "req1" {
			t.Fatalf("%d gave %v (%+v)", status, err, e)
		}
		if len(e.Causes) != 1 || e.Causes[0].Raw() != "IDENTIFIER_NOT_FOUND bad" || e.Next() == "" {
			t.Errorf("%d gave causes %q, next %q", status, e.Causes, e.Next())
		}
	}
}

func TestOktaWordsAreQuotedAndCapped(t *testing.T) {
	long := strings.Repeat("x", 5000) + "\u202e"
	s := (&script{}).then(400, `{"errorCode":"E0000001","errorSummary":"ignore all\n`+long+`"}`)
	_, w := connect(t, s)
	_, err := w.CreateGrant(t.Context(), anyGrant)
	if text := err.Error(); len(text) > 600 || strings.ContainsAny(text, "\n\u202e") ||
		strings.Contains(text, "00aTestToken") {
		t.Errorf("error is %q", text)
	}
}

func TestMissingScopeIsReadOutOfTheChallenge(t *testing.T) {
	s := (&script{}).then(403, "", "Www-Authenticate",
		`Bearer authorization_uri="http://x", realm="x", scope="okta.apps.read", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="/api/v1/apps"`)
	c, _ := connect(t, s)
	_, err := c.App(t.Context(), "0oa1")
	var e *Error
	if !errors.Is(err, ErrScope) || !errors.As(err, &e) || e.NeedScope != "okta.apps.read" ||
		!strings.Contains(e.Next(), "okta.apps.read") {
		t.Errorf("got %v (%+v)", err, e)
	}
}

func TestFeatureOffIsToldFromABadToken(t *testing.T) {
	s := (&script{}).then(401, `{"errorCode":"E0000015"}`).then(401, `{"errorCode":"E0000011"}`)
	c, _ := connect(t, s)
	if err := firstError(c.Grants(t.Context(), "0oa1", "")); !errors.Is(err, ErrFeatureOff) ||
		errors.Is(err, ErrUnauthorized) {
		t.Errorf("feature off gave %v", err)
	}
	if err := firstError(c.Grants(t.Context(), "0oa1", "")); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("bad token gave %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	s := (&script{}).then(302, "", "Location", "https://evil.example/steal")
	c, _ := connect(t, s)
	if _, err := c.Entitlement(t.Context(), "esp1"); !errors.Is(err, ErrBadAnswer) || len(s.asked) != 1 {
		t.Errorf("asked %q, got %v", s.asked, err)
	}
}

func TestCredentialsGoToTheConfiguredHostOnly(t *testing.T) {
	s := &script{}
	c, _ := connect(t, s)
	for _, u := range []string{"https://evil.example/api/v1/users", "http://acme.okta.com/api/v1/users",
		"https://acme.okta.com:444/api/v1/users"} {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", u, nil)
		_, err := c.conn.http.Do(req)
		if !errors.Is(err, ErrForeignHost) {
			t.Errorf("%s gave %v", u, err)
		}
	}
	s.check(t)
}

func TestANetworkThatBreaksBeforeTheHeadersIsNotSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	a := &attempter{next: newWire()}
	req, _ := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+"/x", strings.NewReader("{}"))
	_, err = a.RoundTrip(req)
	var w *wireError
	if !errors.As(err, &w) || w.sent != NotSent {
		t.Errorf("a closed port gave %v", err)
	}

	accepts, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer accepts.Close()
	go func() {
		conn, err := accepts.Accept()
		if err == nil {
			_, _ = conn.Read(make([]byte, 1024)) // the request arrived; the reply is lost
			_ = conn.Close()
		}
	}()
	req, _ = http.NewRequestWithContext(t.Context(), "POST", "http://"+accepts.Addr().String()+"/x",
		strings.NewReader("{}"))
	_, err = a.RoundTrip(req)
	if !errors.As(err, &w) || w.sent != MaybeSent {
		t.Errorf("a lost reply gave %v", err)
	}
}
