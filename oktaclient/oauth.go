package oktaclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/internal/wait"
)

// tokenSource holds the access token of a service app. One fetch runs at a time, in the goroutine of the first caller
// that needs it; nothing runs in the background.
type tokenSource struct {
	app      *serviceApp
	way      http.RoundTripper // pace and retry, without authorization
	endpoint string
	now      func() time.Time // Okta's time as far as known: proofs and assertions are judged by it

	mu      sync.Mutex
	current *accessToken
	nonce   string        // last DPoP nonce of the token endpoint; good for days
	busy    chan struct{} // closed when the running fetch ends; nil when none runs
}

// accessToken is one token; two fetches give two pointers.
type accessToken struct {
	text    string
	dpop    bool
	expires time.Time
}

// renewEarly is the life that a token must have left to be used: a call may wait on the wire for a while.
const renewEarly = 5 * time.Minute

// get gives a token that is good for some minutes, fetching one when needed.
func (s *tokenSource) get(ctx context.Context) (*accessToken, error) {
	for {
		s.mu.Lock()
		if s.current != nil && time.Now().Before(s.current.expires) {
			t := s.current
			s.mu.Unlock()
			return t, nil
		}
		if s.busy == nil {
			s.busy = make(chan struct{})
			s.mu.Unlock()
			return s.lead(ctx)
		}
		busy := s.busy
		s.mu.Unlock()
		select {
		case <-busy: // look again: had the leader failed, this caller leads and gets the error itself
		case <-ctx.Done():
			return nil, &wireError{sent: NotSent, what: "call cancelled while waiting for an access token", cause: ctx.Err()}
		}
	}
}

func (s *tokenSource) lead(ctx context.Context) (*accessToken, error) {
	t, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.busy)
	s.busy = nil
	if err != nil {
		return nil, err
	}
	s.current = t
	return t, nil
}

// retire puts a refused token away, unless a newer one took its place already.
func (s *tokenSource) retire(t *accessToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == t {
		s.current = nil
	}
}

// sign puts the token on a request, with a proof of its own where the token is bound to our key.
func (s *tokenSource) sign(req *http.Request, t *accessToken) error {
	if !t.dpop {
		req.Header.Set("Authorization", "Bearer "+t.text)
		return nil
	}
	proof, err := s.app.proofs.proof(req.Method, req.URL, s.now(), "", t.text)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "DPoP "+t.text)
	req.Header.Set("Dpop", proof)
	return nil
}

const maxTokenTries = 5

// fetch asks for a token. A lost reply is harmless here, as every try carries a new assertion. A proof is sent from the
// start, so apps with and without DPoP take the same way; the server's demand for a nonce is met by trying again. After
// a refusal the try is repeated once: by then the answer's Date has taught us Okta's clock.
func (s *tokenSource) fetch(ctx context.Context) (*accessToken, error) {
	var last *Error
	corrected := false
	for range maxTokenTries {
		before := time.Until(s.now())
		x, err := s.ask(ctx)
		switch {
		case err == nil && x.status == http.StatusOK:
			return s.accept(x)
		case err == nil:
			last = refusal(http.MethodPost, "/oauth2/v1/token", x.status, x.header, x.body)
		case !errors.As(err, &last):
			return nil, err
		}
		last.Sent = NotSent // said of the caller's request, which waits for the token
		if ctx.Err() != nil {
			return nil, last
		}
		demanded := last.Code == "use_dpop_nonce" && x != nil && s.takeNonce(x.header)
		moved := (time.Until(s.now()) - before).Abs() > 20*time.Second
		switch {
		case demanded:
		case last.Status >= 500 || last.Status == 0 && last.kind == ErrUnavailable:
			if err := wait.For(ctx, backoff(1)); err != nil {
				return nil, last
			}
		case moved && !corrected && (last.Code == "invalid_client" || last.Code == "invalid_dpop_proof"):
			corrected = true
		default:
			last.skew = s.skew(last)
			return nil, last
		}
	}
	return nil, last
}

// skew is Okta's time minus ours when a refusal may come of the difference, 0 when it cannot.
func (s *tokenSource) skew(refused *Error) time.Duration {
	const harmless = 2 * time.Second
	skew := time.Until(s.now())
	signed := refused.Code == "invalid_client" || refused.Code == "invalid_dpop_proof"
	if !signed || skew.Abs() < harmless || !aboutTime(refused.Summary.Show(untrusted.Paragraph)) && skew.Abs() < time.Minute {
		return 0
	}
	return skew
}

// takeNonce keeps the nonce that an answer brought, and reports whether it is a new one.
func (s *tokenSource) takeNonce(h http.Header) bool {
	n := h.Get("Dpop-Nonce")
	if n == "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := n != s.nonce
	s.nonce = n
	return changed
}

// ask makes one token request. Okta API: form-encoded client_credentials with a private_key_jwt assertion.
func (s *tokenSource) ask(ctx context.Context) (*exchange, error) {
	assertion, err := s.app.assertion(s.endpoint, s.now())
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"scope":                 {strings.Join(s.app.scopes, " ")},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}
	ctx, x := withExchange(ctx, nil) // accept judges it
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	serverNonce := s.nonce
	s.mu.Unlock()
	proof, err := s.app.proofs.proof(req.Method, req.URL, s.now(), serverNonce, "")
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Dpop", proof)
	if _, err := s.way.RoundTrip(req); err != nil {
		return nil, err
	}
	return x, nil
}

func (s *tokenSource) accept(x *exchange) (*accessToken, error) {
	var reply struct {
		Type    string `json:"token_type"`
		Token   string `json:"access_token"`
		Expires int    `json:"expires_in"` // seconds
	}
	bad := &Error{Method: http.MethodPost, Pattern: "/oauth2/v1/token", Status: x.status, Sent: NotSent, kind: ErrBadAnswer}
	if json.Unmarshal(x.body, &reply) != nil || reply.Token == "" {
		bad.cause = errors.New("token answer holds no access token")
		return nil, bad
	}
	s.takeNonce(x.header)
	life := time.Duration(reply.Expires) * time.Second
	t := &accessToken{text: reply.Token, expires: time.Now().Add(max(life-renewEarly, life/2))}
	switch strings.ToLower(reply.Type) {
	case "bearer":
	case "dpop":
		t.dpop = true
	default:
		bad.cause = errors.New("token answer is neither of type Bearer nor DPoP")
		return nil, bad
	}
	return t, nil
}
