package app

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

// DemoAppLabel is the application of the embedded tenant; entitlement management is on for it.
const DemoAppLabel = "Acme Finance"

// Connect assembles the program for live use, or for the demo with an embedded tenant. The demo lives in a folder of its
// own that cleanup removes: inbox and state of the caller stay as they are.
func Connect(ctx context.Context, cfg *config.Config, samples fs.FS, log *slog.Logger) (*App, func() error, error) {
	if !cfg.Okta.Demo {
		p, err := Assemble(ctx, cfg, nil, log)
		return p, func() error { return nil }, err
	}
	world, err := NewWorld(ctx, cfg, samples, Reports{}, oktasim.Options{Seed: 1, Users: 40})
	if err != nil {
		return nil, nil, err
	}
	p, err := Assemble(ctx, world.Config, world.Wire, log)
	if err != nil {
		return nil, nil, errors.Join(err, world.Remove())
	}
	return p, world.Remove, nil
}

// World is an embedded tenant with a private copy of the inbox.
type World struct {
	Config *config.Config // as the caller's, with places and credential replaced
	Tenant *oktasim.Tenant
	Wire   http.RoundTripper // the way to the tenant
	AppID  string            // DemoAppLabel's id
	dir    string
}

// Reports says what the private inbox of a World holds: the samples and the caller's new reports when empty.
type Reports struct {
	Only string // one file by name
	Made []byte // made-up content for that file
}

// NewWorld makes a tenant in which everyone who is named by a report in the inbox is an active user. Samples has the
// built-in reports in its folder csv.
func NewWorld(ctx context.Context, cfg *config.Config, samples fs.FS, reports Reports, options oktasim.Options) (_ *World, err error) {
	dir, err := os.MkdirTemp("", "okta-entitlements-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	w := &World{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Remove())
		}
	}()
	inboxDir := filepath.Join(dir, "csv")
	if err := reports.fill(samples, cfg.CSVDir, inboxDir); err != nil {
		return nil, fmt.Errorf("copy the inbox for the demo: %w", err)
	}
	w.Tenant = oktasim.New(options)
	w.Wire = w.Tenant.Transport()
	w.AppID = w.Tenant.AddApp(oktasim.NewApp{Label: DemoAppLabel})
	if err := seedFrom(ctx, w.Tenant, inboxDir); err != nil {
		return nil, err
	}
	seedAdmins(w.Tenant)
	copied := *cfg
	copied.Okta = config.Okta{Demo: true, BaseURL: w.Tenant.BaseURL(), Token: secret.New(w.Tenant.Token())}
	copied.SettleAfter = 100 * time.Millisecond // the embedded tenant's lists do not lag
	copied.MFA = config.MFA{Keep: cfg.MFA.Keep}
	copied.Jira = config.Jira{} // the demo must not make tickets or send messages about made-up people
	copied.Slack = config.Slack{}
	copied.CSVDir = inboxDir
	copied.StateDir = filepath.Join(dir, "state")
	copied.Sources.CSVDir = config.Place{Path: inboxDir, From: "a copy of " + cfg.CSVDir + " and the samples, for the demo"}
	copied.Sources.StateDir = config.Place{Path: copied.StateDir, From: "temporary, for the demo"}
	// There is no Admin Console here to look the id up in.
	copied.Warnings = append(slices.Clone(cfg.Warnings), fmt.Sprintf("the demo's application is %s, app_id %s", DemoAppLabel, w.AppID))
	w.Config = &copied
	return w, nil
}

// Remove deletes the world's folder.
func (w *World) Remove() error { return os.RemoveAll(w.dir) }

// Writes counts what the tenant was asked to change.
func (w *World) Writes() int {
	n := 0
	for _, call := range w.Tenant.Calls() {
		if call.Method != http.MethodGet {
			n += call.Count
		}
	}
	return n
}

// fill copies the samples and the caller's new reports; of files with one name the caller's stays.
func (r Reports) fill(samples fs.FS, from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	if r.Made != nil {
		return os.WriteFile(filepath.Join(to, r.Only), r.Made, 0o600)
	}
	builtIn, err := fs.Sub(samples, "csv")
	if err != nil {
		return err
	}
	if err := copyReports(builtIn, to, r.Only); err != nil {
		return err
	}
	root, err := os.OpenRoot(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(copyReports(root.FS(), to, r.Only), root.Close())
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

// seedFrom makes a user of every person in the reports. A file that is no report is left to the tools, which say why.
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
			tenant.SeedPeople(EmailsOf(report))
		}
	}
	return nil
}

// seedAdmins gives the demo's tenant role holders, direct and through a group, and one person who is under attack.
func seedAdmins(tenant *oktasim.Tenant) {
	people := tenant.People()
	if len(people) < 8 {
		return
	}
	tenant.GiveRole(people[1], "HELP_DESK_ADMIN")
	tenant.GiveRole(people[3], "ORG_ADMIN")
	tenant.GiveGroupRole(tenant.AddGroup("Identity team", people[2], people[5]), "USER_ADMIN")
	for range 4 {
		tenant.AddEvent(oktasim.Event{Type: "user.mfa.okta_verify.deny_push", UserID: people[3]})
	}
}

// EmailsOf lists the e-mails of a report.
func EmailsOf(r *intake.Report) []string {
	emails := make([]string, len(r.People))
	for i, person := range r.People {
		emails[i] = person.Email.Raw()
	}
	return emails
}
