package simwire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// ServeOptions says where and how a service listens.
type ServeOptions struct {
	Addr   string           // host:port; 127.0.0.1:0 when empty
	TLSDir string           // serve HTTPS, and write ca.pem and server.pem there
	Log    *slog.Logger     // nil is silent
	Ready  func(url string) // called once the service answers; may be nil
}

// Serve answers on a listener until ctx ends, then lets calls in flight finish for a few seconds. It returns nil when ctx
// ended. handler is called once, with the address that the service has from now on.
func Serve(ctx context.Context, o ServeOptions, handler func(baseURL string) http.Handler) error {
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
	h := handler(base)
	o.Log.Info("simulated service is ready", "url", base)
	return serveOn(ctx, listener, h, base, o)
}

func serveOn(ctx context.Context, listener net.Listener, h http.Handler, base string, o ServeOptions) error {
	// Calls in flight outlive ctx until the grace period is over.
	calls, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return calls },
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	if o.Ready != nil {
		o.Ready(base)
	}
	select {
	case err := <-done:
		return fmt.Errorf("serve simulated service: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(calls, 3*time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		giveUp()
		_ = server.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve simulated service: %w", err)
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
