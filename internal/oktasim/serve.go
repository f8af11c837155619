package oktasim

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"okta-entitlements-mcp/internal/simwire"
)

// ServeOptions says where and how the tenant listens.
type ServeOptions = simwire.ServeOptions

// Serve answers on a listener until ctx ends. Besides Okta's API it answers GET /_sim/state and GET /_sim/calls, without a
// credential.
func (t *Tenant) Serve(ctx context.Context, o ServeOptions) error {
	return simwire.Serve(ctx, o, func(baseURL string) http.Handler {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.baseURL = baseURL
		return t.withInspection()
	})
}

// ServeHTTP serves the tenant over a real connection.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.wire.ServeHTTP(w, r) }

// Transport reaches the tenant without a socket, see simwire.Wire.Transport.
func (t *Tenant) Transport() http.RoundTripper { return t.wire.Transport(t.BaseURL) }

// withInspection adds the two addresses that only the listener has.
func (t *Tenant) withInspection() http.Handler {
	mux := http.NewServeMux()
	show := func(what func() any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			_ = enc.Encode(what())
		}
	}
	mux.HandleFunc("GET /_sim/state", show(func() any { return t.State() }))
	mux.HandleFunc("GET /_sim/calls", show(func() any {
		return map[string]any{"calls": t.Calls(), "peak_concurrency": t.PeakConcurrency()}
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ServeMux cleans paths by redirecting; only these two addresses go through it.
		if strings.HasPrefix(r.URL.Path, "/_sim/") {
			mux.ServeHTTP(w, r)
			return
		}
		t.ServeHTTP(w, r)
	})
}

var _ http.Handler = (*Tenant)(nil)
