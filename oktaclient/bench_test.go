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
	const body = `{"id":"gra1","grantType":"ENTITLEMENT","status":"ACTIVE","targetPrincipal":{"externalId":"00u1"}}`
	reset := strconv.FormatInt(time.Now().Unix()+60, 10)
	wire := roundTrip(func(req *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, req.Body)
		return &http.Response{
			StatusCode:    201,
			ContentLength: int64(len(body)),
			Body:          io.NopCloser(strings.NewReader(body)),
			Request:       req,
			Header: http.Header{
				"Content-Type": {"application/json"}, headerLimit: {"100000000"}, headerRemaining: {"99999999"},
				headerReset: {reset},
				"Date":      {time.Now().UTC().Format(http.TimeFormat)}},
		}, nil
	})
	_, w, err := Connect(b.Context(), Options{
		BaseURL:     "https://acme.okta.com",
		Transport:   wire,
		Credentials: tokenCredentials(),
	})
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

// BenchmarkFactorsCall is what one person of an audit costs on this side.
func BenchmarkFactorsCall(b *testing.B) {
	const factor = `{"id":"opf1","factorType":"push","provider":"OKTA","vendorName":"OKTA","status":"ACTIVE",
"created":"2026-01-01T00:00:00.000Z","lastUpdated":"2026-01-02T00:00:00.000Z",
"profile":{"credentialId":"a@x.example","deviceType":"SmartPhone_IPhone","name":"phone","platform":"IOS",
"version":"19.1","keys":[{"kty":"EC","use":"sig","kid":"default","x":"0123456789","y":"0123456789",
"crv":"P-256"}]},"_links":{"self":{"href":"https://acme.okta.com/api/v1/users/00u1/factors/opf1",
"hints":{"allow":["GET","DELETE"]}}}}`
	const body = "[" + factor + "," + factor + "," + factor + "]"
	reset := strconv.FormatInt(time.Now().Unix()+60, 10)
	wire := roundTrip(func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode:    200,
			ContentLength: int64(len(body)),
			Body:          io.NopCloser(strings.NewReader(body)),
			Request:       req,
			Header: http.Header{
				"Content-Type": {"application/json"}, headerLimit: {"100000000"}, headerRemaining: {"99999999"},
				headerReset: {reset},
				"Date":      {time.Now().UTC().Format(http.TimeFormat)}},
		}, nil
	})
	c, _, err := Connect(b.Context(), Options{
		BaseURL:     "https://acme.okta.com",
		Transport:   wire,
		Credentials: tokenCredentials(),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if got, err := c.Factors(b.Context(), "00u1"); err != nil || len(got) != 3 {
			b.Fatal(got, err)
		}
	}
}
