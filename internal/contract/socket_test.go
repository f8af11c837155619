package contract

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/oktaclient"
)

// Over a socket, on a port, with a certificate that the client must be given: as a listener of the tenant serves it.
func TestClientOverARealConnection(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 30}, nil)
	for i := range 250 {
		u := w.tenant.AddUser(oktasim.NewUser{Email: fmt.Sprintf("user%d@many.example.com", i)})
		w.tenant.AddGrant(oktasim.NewGrant{AppID: w.app, UserID: u, Values: w.values[:1]})
	}
	server := httptest.NewTLSServer(w.tenant)
	defer server.Close()
	connect := func(o oktaclient.Options) (*oktaclient.Client, *oktaclient.Writer) {
		o.BaseURL, o.Credentials = server.URL, oktaclient.Credentials{Token: secret.New(w.tenant.Token())}
		c, writer, err := oktaclient.Connect(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return c, writer
	}
	client, writer := connect(oktaclient.Options{Transport: server.Client().Transport})
	if app, err := client.App(t.Context(), w.app); err != nil || app.ID != w.app {
		t.Errorf("app is %+v, %v", app, err)
	}
	if n := len(collect(t, client.Grants(t.Context(), w.app, ""))); n != 250 {
		t.Errorf("read %d grants, want 250", n)
	}
	lost := w.tenant.Inject(oktasim.Fault{
		Method:  "POST",
		Pattern: "/governance/api/v1/grants",
		Effect:  oktasim.EffectLoseReply,
		Acted:   true,
	})
	_, err := writer.CreateGrant(t.Context(), w.grant(w.ann, w.values[0]))
	if !oktaclient.MayHaveHappened(err) || lost.Fired() != 1 || len(w.tenant.ActiveGrants(w.app, w.ann)) != 1 {
		t.Errorf("lost reply gave %v, fired %d", err, lost.Fired())
	}
	stranger, _ := connect(oktaclient.Options{})
	if _, err := stranger.App(t.Context(), w.app); err == nil || oktaclient.MayHaveHappened(err) {
		t.Errorf("an unknown certificate gave %v", err)
	}
}
