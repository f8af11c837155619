package simwire

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"time"

	"okta-entitlements-mcp/internal/wait"
)

// Transport reaches the service without a socket. It runs the call in the caller's goroutine, honours the request's context
// in every wait, and reaches no host but that of the base URL, which is asked for each time because a listener changes it.
// Errors look like those of net/http's transport.
func (w *Wire) Transport(baseURL func() string) http.RoundTripper { return inProcess{w, baseURL} }

type inProcess struct {
	wire    *Wire
	baseURL func() string
}

// RoundTrip carries out one request.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if base, err := url.Parse(p.baseURL()); err != nil || base.Host != r.URL.Host {
		return nil, p.wire.elsewhere(r)
	}
	a, end := p.wire.exchange(serverSide(r))
	switch end {
	case refused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case dropped:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case abandoned:
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return nil, io.ErrUnexpectedEOF
	}
	return a.response(r, end), nil
}

// elsewhere is the error for a host that the service is not. It is counted: a client that follows links blindly shows there.
func (w *Wire) elsewhere(r *http.Request) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls.count(r.Method, "(another host)", 0)
	return &net.OpError{
		Op:  "dial",
		Net: "tcp",
		Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true},
	}
}

// serverSide is the request as a server would see it.
func serverSide(r *http.Request) *http.Request {
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if r.Body == nil {
		in.Body = http.NoBody
	} else {
		in.Body = r.Body
	}
	in.RemoteAddr = "192.0.2.1:443"
	return in
}

func (a *Reply) response(r *http.Request, end ending) *http.Response {
	body := a.body.Bytes()
	if r.Method == http.MethodHead {
		body = nil
	}
	resp := &http.Response{
		StatusCode: a.status,
		Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        a.header,
		Request:       r,
		ContentLength: int64(len(body)),
	}
	if a.status != http.StatusNoContent {
		a.header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	switch end {
	case truncated:
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
	case dripping:
		resp.Body = io.NopCloser(&drip{r.Context(), body})
	default:
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}
	return resp
}

// broken is the rest of a body that never arrives.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// drip is a body that comes a byte a second.
type drip struct {
	ctx  context.Context
	left []byte
}

// Read gives one byte after a second.
func (d *drip) Read(p []byte) (int, error) {
	if len(d.left) == 0 {
		return 0, io.EOF
	}
	if err := wait.For(d.ctx, time.Second); err != nil {
		return 0, err
	}
	n := copy(p[:min(1, len(p))], d.left)
	d.left = d.left[n:]
	return n, nil
}

// ServeHTTP serves over a real connection. A listener cannot refuse a connection that it has taken, so that fault shows as a
// reset there.
func (w *Wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	a, end := w.exchange(r)
	switch end {
	case refused, dropped, abandoned:
		sever(rw)
		return
	}
	for name, lines := range a.header {
		rw.Header()[name] = lines
	}
	body := a.body.Bytes()
	if a.status != http.StatusNoContent {
		rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	rw.WriteHeader(a.status)
	if end == truncated {
		_, _ = rw.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	if end == dripping {
		for b := (&drip{r.Context(), body}); len(b.left) > 0; {
			if _, err := io.CopyN(rw, b, 1); err != nil {
				panic(http.ErrAbortHandler)
			}
			_ = http.NewResponseController(rw).Flush()
		}
		return
	}
	_, _ = rw.Write(body)
}

// sever cuts the connection without an answer: a TCP reset where the connection can be taken over.
func sever(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}
