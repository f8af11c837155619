package oktasim

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// ServeOptions says where and how the tenant listens.
type ServeOptions struct {
	Addr   string           // host:port; 127.0.0.1:0 when empty
	TLSDir string           // serve HTTPS, and write ca.pem and server.pem there
	Log    *slog.Logger     // nil is silent
	Ready  func(url string) // called once the tenant answers; may be nil
}

// Serve answers on a listener until ctx ends, then lets calls in flight finish for a few seconds. It returns nil when ctx
// ended. Besides Okta's API it answers GET /_sim/state and GET /_sim/calls, without a credential.
func (t *Tenant) Serve(ctx context.Context, o ServeOptions) error {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", o.Addr, err)
	}
	defer func() { _ = listener.Close() }()
	scheme := "http"
	address := publicAddress(o.Addr, listener.Addr())
	if o.TLSDir != "" {
		scheme = "https"
		host, _, _ := net.SplitHostPort(address)
		cert, err := issueCertificate(o.TLSDir, host)
		if err != nil {
			return err
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	base := scheme + "://" + address
	t.mu.Lock()
	t.baseURL = base
	t.mu.Unlock()
	o.Log.Info("simulated tenant is ready", "url", base)
	return t.serveOn(ctx, listener, base, o)
}

func (t *Tenant) serveOn(ctx context.Context, listener net.Listener, base string, o ServeOptions) error {
	// Calls in flight outlive ctx until the grace period is over.
	calls, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	server := &http.Server{
		Handler: t.withInspection(), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return calls },
		ErrorLog:    slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	if o.Ready != nil {
		o.Ready(base)
	}
	select {
	case err := <-done:
		return fmt.Errorf("serve simulated tenant: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(calls, 3*time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		giveUp()
		_ = server.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve simulated tenant: %w", err)
	}
	return nil
}

// publicAddress keeps the host name that was asked for, so that a certificate and a URL with "localhost" stay usable.
func publicAddress(asked string, bound net.Addr) string {
	host, _, err := net.SplitHostPort(asked)
	_, port, err2 := net.SplitHostPort(bound.String())
	if err != nil || err2 != nil {
		return bound.String()
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// withInspection adds the two addresses that only the listener has.
func (t *Tenant) withInspection() http.Handler {
	mux := http.NewServeMux()
	show := func(what func() any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = writeJSON(w, what())
		}
	}
	mux.HandleFunc("GET /_sim/state", show(func() any { return t.State() }))
	mux.HandleFunc("GET /_sim/calls", show(func() any { return map[string]any{"calls": t.Calls(), "peak_concurrency": t.PeakConcurrency()} }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ServeMux tidies paths by redirecting; only its own two addresses go through it.
		if strings.HasPrefix(r.URL.Path, "/_sim/") {
			mux.ServeHTTP(w, r)
			return
		}
		t.ServeHTTP(w, r)
	})
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
