package oktaclient

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkGrantCall is what one write costs on its way through every layer, with a wire that answers at once.
func BenchmarkGrantCall(b *testing.B) {
	const body = `{"id":"gra1","grantType":"ENTITLEMENT","status":"ACTIVE"}`
	reset := strconv.FormatInt(time.Now().Unix()+60, 10)
	wire := roundTrip(func(req *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, req.Body)
		return &http.Response{StatusCode: 201, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: req, Header: http.Header{
			"Content-Type": {"application/json"}, headerLimit: {"100000000"}, headerRemaining: {"99999999"}, headerReset: {reset},
			"Date": {time.Now().UTC().Format(http.TimeFormat)}}}, nil
	})
	_, w, err := Connect(b.Context(), Options{BaseURL: "https://acme.okta.com", Transport: wire, Credentials: tokenCredentials()})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.CreateGrant(b.Context(), anyGrant); err != nil {
			b.Fatal(err)
		}
	}
}
