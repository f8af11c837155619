// Package app puts the packages together: the one place where they meet. It prints nothing; commands do.
package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/s3sync"
	"okta-entitlements-mcp/server"
	"okta-entitlements-mcp/tools"
)

// App is everything put together: the wiring diagram of all commands that speak to Okta.
type App struct {
	Config *config.Config
	Log    *slog.Logger
	Okta   *oktaclient.Client
	Plans  *plan.Store
	Trail  *trail.Trail
	Gate   *policy.Gate
	Engine *batch.Engine
	Jobs   *batch.Jobs
	Deps   *tools.Deps // what the tools of the MCP server get

	// StateWriters says in words who may write the state directory.
	StateWriters string

	temp    *temp
	secrets *secret.Hider // what must not reach the trail, wherever it is given

	jira  *notify.Jira  // nil when not configured
	slack *notify.Slack // nil when not configured
}

// UsageError is a mistake in a setting, a flag or an argument. Nothing was done.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *UsageError) Unwrap() error { return e.Err }

// Assemble builds the program. Wire is the transport towards Okta; nil is the network. Nothing is sent yet.
func Assemble(ctx context.Context, cfg *config.Config, wire http.RoundTripper, log *slog.Logger) (*App, error) {
	p := &App{Config: cfg, Log: log, secrets: cfg.Secrets()}
	if wire == nil {
		var err error
		if wire, err = network(cfg.Okta.CA); err != nil {
			return nil, err
		}
	}
	okta, writer, err := oktaclient.Connect(ctx, oktaclient.Options{
		BaseURL: cfg.Okta.BaseURL,
		Credentials: oktaclient.Credentials{
			Token:      cfg.Okta.Token,
			ClientID:   cfg.Okta.ClientID,
			PrivateKey: cfg.Okta.PrivateKey,
			KeyID:      cfg.Okta.KeyID,
			Scopes:     cfg.Okta.Scopes,
		},
		Threshold:      cfg.Threshold,
		MaxConcurrency: cfg.MaxConcurrency,
		Transport:      wire,
		Log:            log,
		UserAgent:      "okta-entitlements-mcp/" + Version(),
	})
	if err != nil {
		return nil, err
	}
	p.Okta = okta
	if err := p.openState(ctx); err != nil {
		return nil, err
	}
	p.Gate = policy.New(policy.Options{
		ReadOnly: cfg.ReadOnly,
		Record:   p.recordDecision,
		Declined: p.Plans.Declined,
	})
	p.Engine, err = batch.New(okta, writer, batch.Options{
		Dir:         p.stateDir("runs"),
		Log:         log,
		RingSize:    cfg.RingSize,
		RingAbove:   max(cfg.RingAbove, 1), // 0 would be the engine's own default
		StopRate:    cfg.StopErrorRate,
		SettleAfter: cfg.SettleAfter,
		Record:      p.record,
	})
	if err != nil {
		return nil, err
	}
	p.Jobs = batch.NewJobs(ctx, p.Engine, p.afterRun)
	if p.Deps, err = p.dependencies(); err != nil {
		return nil, err
	}
	p.Deps.MFA, err = p.audits(ctx)
	return p, err
}

func (p *App) dependencies() (*tools.Deps, error) {
	inbox, err := intake.NewInbox(p.Config.CSVDir)
	if err != nil {
		return nil, err
	}
	if p.temp, err = openTemp(p.stateDir("tmp")); err != nil {
		return nil, err
	}
	inbox.UseTemp(p.temp.dir)
	syncer, err := bucket(p.Config, p.Log)
	if err != nil {
		return nil, err
	}
	notes := p.Config.Warnings
	if strings.HasPrefix(p.StateWriters, "others") {
		notes = append(slices.Clone(notes), "the state directory may be written by "+p.StateWriters)
	}
	return &tools.Deps{
		About: tools.About{
			Version:  Version(),
			Domain:   domainOf(p.Config),
			Demo:     p.Config.Okta.Demo,
			ReadOnly: p.Config.ReadOnly,
			EnvFile:  tools.Place{Path: p.Config.Sources.EnvFile.Path, Why: p.Config.Sources.EnvFile.From},
			Inbox:    tools.Place{Path: p.Config.CSVDir, Why: p.Config.Sources.CSVDir.From},
			State:    tools.Place{Path: p.Config.StateDir, Why: p.Config.Sources.StateDir.From},
			Notes:    notes,
		},
		Okta:     p.Okta,
		Inbox:    inbox,
		Plans:    p.Plans,
		Mappings: mapping.At(p.Config.StateDir),
		Gate:     p.Gate,
		Engine:   p.Engine,
		Jobs:     p.Jobs,
		S3:       syncer,
		Mode:     plan.Mode(p.Config.GrantMode),
		ToolWait: p.Config.ToolWait,
	}, nil
}

// MCP builds the MCP server over the catalogue.
func (p *App) MCP() (*mcpserver.MCPServer, error) {
	catalog, err := tools.Catalog(p.Deps)
	if err != nil {
		return nil, err
	}
	return server.New(server.Options{
		Version:   Version(),
		Tools:     catalog,
		Resources: tools.Resources(p.Deps),
		Trail:     p.Trail,
		Actor:     actorOf(p.Config),
		Log:       p.Log,
	})
}

// Close ends what is under way and leaves resumable runs.
func (p *App) Close() {
	p.Jobs.Close()
	p.Deps.MFA.Auditor.Close()
	if err := p.Deps.Inbox.Close(); err != nil {
		p.Log.Warn("close inbox", "error", err)
	}
	if err := p.temp.close(); err != nil {
		p.Log.Warn("remove temporary files", "error", err)
	}
}

// afterRun moves the report on once all that its plan could do is done.
func (p *App) afterRun(done *plan.Plan, summary *batch.Summary) {
	moved, err := p.Deps.Finish(done, summary)
	switch {
	case err != nil:
		p.Log.Warn("the finished report stays where it is", "file", done.File, "error", err)
	case moved != "":
		p.Log.Info("report finished", "file", moved)
	}
}

// Resume picks up the runs that a crash or a restart left behind, under the confirmation that they had.
func (p *App) Resume(ctx context.Context) {
	runs, err := p.Engine.Unfinished(p.Plans.Load)
	if err != nil {
		p.Log.Warn("unfinished runs cannot be listed", "error", err)
		return
	}
	for _, run := range runs {
		if p.Config.ResumeRuns == config.ReportRuns {
			p.Log.Info("unfinished run", "plan", run.PlanID, "next", "apply the plan again, or set RESUME_RUNS=resume")
			continue
		}
		saved, err := p.Plans.Load(run.PlanID)
		if err != nil {
			p.Log.Warn("unfinished run has no plan", "plan", run.PlanID, "error", err)
			continue
		}
		permit, err := p.Gate.Permit(ctx, saved, run.Permit)
		if err != nil {
			p.Log.Warn("unfinished run is not permitted any more", "plan", run.PlanID, "error", err)
			continue
		}
		p.Log.Info("resuming run", "plan", run.PlanID)
		p.Jobs.Start(saved, permit)
	}
}

// network is the wire: TLS 1.2 or newer, the system's certificates and those of OKTA_CA_FILE, proxies from the environment.
func network(ca []byte) (http.RoundTripper, error) {
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	wire.MaxIdleConnsPerHost = 64
	wire.ResponseHeaderTimeout = 2 * time.Minute
	if len(ca) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(ca) {
			return nil, errors.New("OKTA_CA_FILE: no certificate in it")
		}
		wire.TLSClientConfig.RootCAs = pool
	}
	return wire, nil
}

func domainOf(cfg *config.Config) string {
	if cfg.Okta.Demo {
		return "demo"
	}
	return cfg.Okta.BaseURL
}

// bucket returns the copier from S3, nil when S3 is off.
func bucket(cfg *config.Config, log *slog.Logger) (*s3sync.Syncer, error) {
	s3 := cfg.S3
	if !s3.Enabled {
		return nil, nil
	}
	return s3sync.New(s3sync.Options{
		Enabled:         true,
		Bucket:          s3.Bucket,
		Prefix:          s3.Prefix,
		AllowedPaths:    s3.AllowedPaths,
		MaxObjectBytes:  s3.MaxObjectBytes,
		Endpoint:        s3.Endpoint,
		Region:          s3.Region,
		Profile:         s3.Profile,
		AccessKeyID:     s3.AccessKeyID,
		SecretAccessKey: s3.SecretAccessKey,
		SessionToken:    s3.SessionToken,
		InboxDir:        cfg.CSVDir,
		StateDir:        cfg.StateDir,
		Log:             log,
	})
}
