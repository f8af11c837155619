// Package contract holds the Okta client, the simulated tenant and Okta's own API documents against each other. It is
// the only place where client and tenant meet.
package contract

import (
	"iter"
	"net/http"
	"testing"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/oktaclient"
)

// world is a tenant with one application, a few people and one entitlement, and a client of it.
type world struct {
	tenant      *oktasim.Tenant
	client      *oktaclient.Client
	writer      *oktaclient.Writer
	app         string
	group       string
	ann, bob    string
	entitlement string
	values      []string
}

// newWorld builds it. wire wraps the tenant's transport; nil leaves it as it is. Call it outside a synctest bubble: the
// Okta SDK starts a goroutine.
func newWorld(t *testing.T, o oktasim.Options, wire func(http.RoundTripper) http.RoundTripper) *world {
	t.Helper()
	w := &world{tenant: oktasim.New(o)}
	w.ann = w.tenant.AddUser(oktasim.NewUser{
		Email:          "ann@acme.example.com",
		FirstName:      "Ann",
		LastName:       "O'Neil",
		EmployeeNumber: "17",
	})
	w.bob = w.tenant.AddUser(oktasim.NewUser{Email: "bob@acme.example.com"})
	w.app = w.tenant.AddApp(oktasim.NewApp{Label: "HR portal"})
	w.group = w.tenant.AddGroup("Staff", w.ann)
	w.tenant.AssignApp(w.app, w.ann)
	w.tenant.AssignGroupToApp(w.app, w.group)
	w.entitlement, w.values = w.tenant.AddEntitlement(w.app, "Role", true, "Admin", "Viewer", "Editor")
	w.connect(t, oktaclient.Credentials{Token: secret.New(w.tenant.Token())}, wire)
	return w
}

func (w *world) connect(t *testing.T, keys oktaclient.Credentials, wire func(http.RoundTripper) http.RoundTripper) {
	t.Helper()
	transport := w.tenant.Transport()
	if wire != nil {
		transport = wire(transport)
	}
	var err error
	w.client, w.writer, err = oktaclient.Connect(t.Context(), oktaclient.Options{
		BaseURL:     w.tenant.BaseURL(),
		Credentials: keys,
		Transport:   transport,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) grant(user string, values ...string) oktaclient.NewGrant {
	return oktaclient.NewGrant{Type: oktaclient.GrantEntitlement, AppID: w.app, UserID: user,
		Entitlements: []oktaclient.GrantedEntitlement{{ID: w.entitlement, Values: values}}}
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for item, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, item)
	}
	return out
}
