package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
)

// demoAppLabel is the application of the embedded tenant; entitlement management is on for it.
const demoAppLabel = "Acme Finance"

// connect assembles the program for live use, or for the demo with an embedded tenant. The demo lives in a folder of its
// own that cleanup removes: inbox and state of the caller stay as they are.
func connect(ctx context.Context, cfg *config.Config, log *slog.Logger) (*program, func() error, error) {
	if !cfg.Okta.Demo {
		p, err := assemble(ctx, cfg, nil, log)
		return p, func() error { return nil }, err
	}
	world, err := newWorld(ctx, cfg, inboxOf{}, oktasim.Options{Seed: 1, Users: 40})
	if err != nil {
		return nil, nil, err
	}
	p, err := assemble(ctx, world.cfg, world.wire, log)
	if err != nil {
		return nil, nil, errors.Join(err, world.remove())
	}
	return p, world.remove, nil
}

// world is an embedded tenant with a private copy of the inbox.
type world struct {
	cfg    *config.Config // as the caller's, with places and credential replaced
	tenant *oktasim.Tenant
	wire   http.RoundTripper // the way to the tenant
	appID  string
	dir    string
}

// inboxOf says what the private inbox holds: everything when empty, one file by name, or one file with made-up content.
type inboxOf struct {
	only string
	made []byte
}

// newWorld makes a tenant in which everybody whom a report in the inbox names is an active user.
func newWorld(ctx context.Context, cfg *config.Config, inbox inboxOf, options oktasim.Options) (_ *world, err error) {
	dir, err := os.MkdirTemp("", "okta-entitlements-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	w := &world{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.remove())
		}
	}()
	inboxDir := filepath.Join(dir, "csv")
	if err := inbox.fill(cfg.CSVDir, inboxDir); err != nil {
		return nil, fmt.Errorf("copy the inbox for the demo: %w", err)
	}
	w.tenant = oktasim.New(options)
	w.wire = w.tenant.Transport()
	w.appID = w.tenant.AddApp(oktasim.NewApp{Label: demoAppLabel})
	if err := seedFrom(ctx, w.tenant, inboxDir); err != nil {
		return nil, err
	}
	seedAdmins(w.tenant)
	copied := *cfg
	copied.Okta = config.Okta{Demo: true, BaseURL: w.tenant.BaseURL(), Token: secret.New(w.tenant.Token())}
	copied.SettleAfter = 100 * time.Millisecond                                                           // the embedded tenant's lists do not lag
	copied.MFA, copied.Jira, copied.Slack = config.MFA{Keep: cfg.MFA.Keep}, config.Jira{}, config.Slack{} // made-up people are nobody's tickets
	copied.CSVDir, copied.StateDir = inboxDir, filepath.Join(dir, "state")
	copied.Sources.CSVDir = config.Place{Path: inboxDir, From: "a copy of " + cfg.CSVDir + " and the samples, for the demo"}
	copied.Sources.StateDir = config.Place{Path: copied.StateDir, From: "temporary, for the demo"}
	// Nobody can look the id up in an Admin Console here.
	copied.Warnings = append(slices.Clone(cfg.Warnings), fmt.Sprintf("the demo's application is %s, app_id %s", demoAppLabel, w.appID))
	w.cfg = &copied
	return w, nil
}

func (w *world) remove() error { return os.RemoveAll(w.dir) }

// fill copies the samples and the caller's new reports; of files with one name the caller's stays.
func (i inboxOf) fill(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	if i.made != nil {
		return os.WriteFile(filepath.Join(to, i.only), i.made, 0o600)
	}
	builtIn, err := fs.Sub(samples, "csv")
	if err != nil {
		return err
	}
	if err := copyReports(builtIn, to, i.only); err != nil {
		return err
	}
	root, err := os.OpenRoot(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(copyReports(root.FS(), to, i.only), root.Close())
}

// copyReports copies the files at the top of a folder; links and folders stay behind.
func copyReports(from fs.FS, to, only string) error {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || only != "" && entry.Name() != only {
			continue
		}
		if err := copyReport(from, entry.Name(), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyReport(from fs.FS, name, to string) (err error) {
	in, err := from.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// seedFrom makes users of everybody in the reports. A file that is no report is left to the tools to complain of.
func seedFrom(ctx context.Context, tenant *oktasim.Tenant, dir string) error {
	inbox, err := intake.NewInbox(dir)
	if err != nil {
		return err
	}
	defer func() { _ = inbox.Close() }()
	files, err := inbox.List()
	if err != nil {
		return err
	}
	for _, file := range files {
		report, err := inbox.Read(ctx, file.Name, intake.Options{})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			tenant.SeedPeople(emailsOf(report))
		}
	}
	return nil
}
