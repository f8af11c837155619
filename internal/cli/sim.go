package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
)

type simOptions struct {
	addr, tlsDir, usersFrom, limits, latency, token string
	clientKey                                       string
	clientScopes                                    []string
	clientDPoP                                      bool
	users                                           int
	seed                                            uint64
}

func simCommand() *cobra.Command {
	var o simOptions
	cmd := &cobra.Command{Use: "sim", Short: "Serves the simulated Okta tenant on a local address, for any Okta client", Args: cobra.NoArgs,
		Long: "Serves the simulated tenant. With --tls-dir it serves HTTPS and writes ca.pem there: give that to the client\n" +
			"(OKTA_CA_FILE for this program). GET /_sim/state answers the whole state, GET /_sim/calls what was called.\n" +
			"docs/simulator.md says what it does not model.",
		RunE: func(cmd *cobra.Command, _ []string) error { return o.serve(cmd) }}
	f := cmd.Flags()
	f.StringVar(&o.addr, "addr", "127.0.0.1:0", "address to listen on")
	f.StringVar(&o.tlsDir, "tls-dir", "", "serve HTTPS, and write the CA certificate into this directory")
	f.IntVar(&o.users, "users", 50, "made-up users")
	f.StringVar(&o.usersFrom, "users-from", "", "CSV file whose people become users as well")
	f.Uint64Var(&o.seed, "seed", 1, "seed of everything random")
	f.StringVar(&o.limits, "limits", "real", "rate limits: real or off")
	f.StringVar(&o.latency, "latency", "off", "latency: real or off")
	f.StringVar(&o.token, "token", oktasim.DemoToken, "API token that the tenant accepts")
	f.StringVar(&o.clientKey, "client-key", "", "register a service app with this key: a file with PEM or JWK, public or private")
	f.StringSliceVar(&o.clientScopes, "client-scopes", nil, "scopes that the service app is granted; all of them without this")
	f.BoolVar(&o.clientDPoP, "client-dpop", true, "the service app must use DPoP, as Okta demands of new ones")
	return cmd
}

func (o simOptions) serve(cmd *cobra.Command) error {
	limits, err := oneOf("limits", o.limits, oktasim.LimitsOff, oktasim.LimitsReal)
	if err != nil {
		return err
	}
	latency, err := oneOf("latency", o.latency, oktasim.LatencyOff, oktasim.LatencyReal)
	if err != nil {
		return err
	}
	if o.users < 0 || o.users > 200_000 {
		return usage(fmt.Errorf("--users: must be 0 to 200000, not %d", o.users))
	}
	tenant := oktasim.New(oktasim.Options{
		Seed:    o.seed,
		Users:   o.users,
		Token:   o.token,
		Limits:  oktasim.Limits{Mode: limits},
		Latency: latency,
	})
	app := tenant.AddApp(oktasim.NewApp{Label: app.DemoAppLabel})
	if o.usersFrom != "" {
		emails, err := peopleOf(cmd.Context(), o.usersFrom)
		if err != nil {
			return fmt.Errorf("read --users-from: %w", err)
		}
		tenant.SeedPeople(emails)
	}
	service, err := o.register(tenant)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return tenant.Serve(cmd.Context(), oktasim.ServeOptions{Addr: o.addr, TLSDir: o.tlsDir, Log: log, Ready: func(url string) {
		fmt.Fprintf(cmd.OutOrStdout(), "url %s\ntoken %s\napp %s\n%s", url, tenant.Token(), app, service)
		if o.tlsDir != "" {
			fmt.Fprintf(cmd.OutOrStdout(), "ca %s/ca.pem\n", o.tlsDir)
		}
	}})
}

// register registers the service app and returns the lines that say how to use it; none without --client-key.
func (o simOptions) register(tenant *oktasim.Tenant) (string, error) {
	if o.clientKey == "" {
		if len(o.clientScopes) > 0 {
			return "", usage(errors.New("--client-scopes: needs --client-key, the key of the service app"))
		}
		return "", nil
	}
	text, err := os.ReadFile(o.clientKey)
	if err != nil {
		return "", fmt.Errorf("read --client-key: %w", err)
	}
	key, kid, err := oktasim.ParseClientKey(text)
	if err != nil {
		return "", usage(fmt.Errorf("--client-key %s: %w", o.clientKey, err))
	}
	scopes := tenant.Scopes()
	for _, scope := range o.clientScopes {
		if !slices.Contains(scopes, scope) {
			return "", usage(fmt.Errorf("--client-scopes: no operation of the simulated tenant needs %q", scope))
		}
	}
	if len(o.clientScopes) > 0 {
		scopes = o.clientScopes
	}
	id := tenant.AddClient(oktasim.Client{
		Label:     "Rehearsal",
		KeyID:     kid,
		PublicKey: key,
		Scopes:    scopes,
		DPoP:      o.clientDPoP,
	})
	return fmt.Sprintf("client %s\nkey %s\n", id, kid), nil
}

// peopleOf lists the e-mails of a report.
func peopleOf(ctx context.Context, path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	report, err := intake.Read(ctx, f, intake.Options{File: path})
	if err != nil {
		return nil, err
	}
	return app.EmailsOf(report), nil
}
