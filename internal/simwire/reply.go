package simwire

import (
	"bytes"
	"fmt"
	"net/http"
)

// ending says how an exchange ended on the wire.
type ending int

const (
	answered  ending = iota
	refused          // the connection was never made
	dropped          // the connection was reset
	truncated        // half of the body arrived
	dripping         // the body comes a byte a second
	abandoned        // the caller gave up
)

// Reply is a whole answer, kept until the wire takes it. It is an http.ResponseWriter. (The recorder of net/http/httptest
// would bring its flags into every program that imports this package.)
type Reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the headers of the answer, to be changed.
func (a *Reply) Header() http.Header { return a.header }

// WriteHeader sets the status, once.
func (a *Reply) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write adds to the body.
func (a *Reply) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// Body returns the buffer of the body, for encoders that have to look back at what they wrote.
func (a *Reply) Body() *bytes.Buffer { return &a.body }

// Reset drops status and body and the headers that go with them, so that something else can be put in their place.
// Headers that every answer of a service carries stay.
func (a *Reply) Reset() {
	a.status = 0
	a.body.Reset()
	for _, name := range []string{"Content-Type", "Link", "Location", "Etag", "WWW-Authenticate"} {
		a.header.Del(name)
	}
}

// object replaces the answer by a JSON object that is not the service's.
func (a *Reply) object(text string) {
	a.Reset()
	a.header.Set("Content-Type", "application/json")
	a.WriteHeader(http.StatusOK)
	a.body.WriteString(text)
}

// page replaces the answer by the HTML page of a gateway.
func (a *Reply) page(status int, text string) {
	a.Reset()
	a.header.Set("Content-Type", "text/html")
	a.WriteHeader(status)
	fmt.Fprintf(&a.body, "<html><head><title>%s</title></head><body><h1>%s</h1></body></html>", text, text)
}
