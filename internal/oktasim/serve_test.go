package oktasim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// serve runs a tenant on a listener until the test ends, and returns its address and a client that trusts it.
func serve(t *testing.T, tenant *Tenant, withTLS bool) (base string, client *http.Client) {
	t.Helper()
	o := ServeOptions{}
	if withTLS {
		o.TLSDir = filepath.Join(t.TempDir(), "tls")
	}
	ready := make(chan string, 1)
	o.Ready = func(url string) { ready <- url }
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tenant.Serve(ctx, o) }()
	select {
	case base = <-ready:
	case err := <-ended:
		stop()
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if withTLS {
		ca, err := os.ReadFile(filepath.Join(o.TLSDir, "ca.pem"))
		if err != nil || !pool.AppendCertsFromPEM(ca) {
			t.Fatalf("ca.pem is not usable: %v", err)
		}
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve ended with %v", err)
		}
	})
	return base, &http.Client{Transport: transport}
}

func fetch(t *testing.T, client *http.Client, url, auth string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", auth)
	resp, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

func TestServeOverTLSIsTrustedThroughItsCA(t *testing.T) {
	tenant := New(Options{Users: 5})
	app := tenant.AddApp(NewApp{Label: "Payroll"})
	tenant.AddEntitlement(app, "Role", true, "Admin")
	base, client := serve(t, tenant, true)
	if base != tenant.BaseURL() || !strings.HasPrefix(base, "https://127.0.0.1:") {
		t.Errorf("base %q", base)
	}
	resp, body, err := fetch(t, client, base+"/api/v1/users?limit=2", "SSWS "+tenant.Token())
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v %v %s", err, resp, body)
	}
	for _, line := range resp.Header.Values("Link") {
		if !strings.HasPrefix(line, "<"+base+"/api/v1/users?") {
			t.Errorf("link %s leaves the listener", line)
		}
	}
	_, body, err = fetch(t, client, base+"/_sim/state", "")
	var state map[string]any
	if err != nil || json.Unmarshal(body, &state) != nil {
		t.Fatalf("state: %v %s", err, body)
	}
	for _, key := range []string{"users", "groups", "apps", "entitlements", "grants", "factors", "policies"} {
		if state[key] == nil {
			t.Errorf("state has no %s", key)
		}
	}
	_, body, err = fetch(t, client, base+"/_sim/calls", "")
	if err != nil || !strings.Contains(string(body), `{"method":"GET","pattern":"/api/v1/users","status":200,"count":1}`) {
		t.Errorf("calls: %v %s", err, body)
	}
	if tenantHas := slices.ContainsFunc(tenant.Calls(),
		func(c Call) bool { return strings.HasPrefix(c.Pattern, "/_sim") }); tenantHas {
		t.Error("looking counts as a call")
	}
}

func TestFaultsBreakRealConnections(t *testing.T) {
	for _, effect := range []Effect{EffectReset, EffectLoseReply, EffectTruncate, EffectRefuse} {
		tenant := New(Options{})
		base, client := serve(t, tenant, false)
		injection := tenant.Inject(Fault{Pattern: "/api/v1/org", Effect: effect, Times: -1})
		if _, _, err := fetch(t, client, base+"/api/v1/org", "SSWS "+tenant.Token()); err == nil || injection.Fired() == 0 {
			t.Errorf("%s: error %v, fired %d", effect, err, injection.Fired())
		}
	}
}

func TestAdminLinksNeverPointAtTheTenantItself(t *testing.T) {
	for base, want := range map[string]string{
		"https://acme.okta.test": "https://acme-admin.okta.test", "http://127.0.0.1:8080": "https://admin.invalid",
		"https://localhost:8443": "https://localhost-admin:8443", "http://[::1]:80": "https://admin.invalid",
	} {
		if got := adminBase(base); got != want {
			t.Errorf("%s: got %s, want %s", base, got, want)
		}
	}
}
