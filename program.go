package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/s3sync"
	"okta-entitlements-mcp/server"
	"okta-entitlements-mcp/tools"
)

// program is everything put together: the wiring diagram of all commands that speak to Okta.
type program struct {
	cfg    *config.Config
	log    *slog.Logger
	okta   *oktaclient.Client
	plans  *plan.Store
	trail  *trail.Trail
	gate   *policy.Gate
	engine *batch.Engine
	jobs   *batch.Jobs
	deps   *tools.Deps
}

// assemble builds the program. Wire is the transport towards Okta; nil is the network. Nothing is sent yet.
func assemble(ctx context.Context, cfg *config.Config, wire http.RoundTripper, log *slog.Logger) (*program, error) {
	p := &program{cfg: cfg, log: log}
	if wire == nil {
		var err error
		if wire, err = network(cfg.Okta.CA); err != nil {
			return nil, err
		}
	}
	okta, writer, err := oktaclient.Connect(ctx, oktaclient.Options{
		BaseURL: cfg.Okta.BaseURL,
		Credentials: oktaclient.Credentials{Token: cfg.Okta.Token, ClientID: cfg.Okta.ClientID, PrivateKey: cfg.Okta.PrivateKey,
			KeyID: cfg.Okta.KeyID, Scopes: cfg.Okta.Scopes},
		Threshold: cfg.Threshold, MaxConcurrency: cfg.MaxConcurrency, Transport: wire, Log: log, UserAgent: "okta-entitlements-mcp/" + version(),
	})
	if err != nil {
		return nil, err
	}
	p.okta = okta
	if err := p.openState(ctx); err != nil {
		return nil, err
	}
	p.gate = policy.New(policy.Options{ReadOnly: cfg.ReadOnly, Record: p.record})
	p.engine, err = batch.New(okta, writer, batch.Options{Dir: p.stateDir("runs"), Log: log, RingSize: cfg.RingSize, RingAbove: max(cfg.RingAbove, 1), // 0 stands for the engine's own default
		StopRate: cfg.StopErrorRate, SettleAfter: cfg.SettleAfter, Record: p.record})
	if err != nil {
		return nil, err
	}
	p.jobs = batch.NewJobs(ctx, p.engine, p.afterRun)
	if p.deps, err = p.dependencies(); err != nil {
		return nil, err
	}
	p.deps.MFA, err = p.audits(ctx)
	return p, err
}

func (p *program) stateDir(name string) string { return filepath.Join(p.cfg.StateDir, name) }

// openState opens what the program remembers. Without it nothing is done, since nothing could be remembered.
func (p *program) openState(ctx context.Context) error {
	for _, name := range []string{"runs", "plans", "trail"} {
		if err := durable.MkdirAll(p.stateDir(name), 0o700); err != nil {
			return fmt.Errorf("state_not_writable: the state directory %s cannot be used: %w; set STATE_DIR to a directory that this user may write", p.cfg.StateDir, err)
		}
	}
	var err error
	if p.plans, err = plan.NewStore(p.stateDir("plans")); err != nil {
		return err
	}
	if p.trail, err = trail.Open(ctx, p.stateDir("trail")); err != nil {
		return fmt.Errorf("state_not_writable: the trail cannot be opened: %w; make %s writable, or set STATE_DIR", err, p.cfg.StateDir)
	}
	return nil
}

func (p *program) dependencies() (*tools.Deps, error) {
	inbox, err := intake.NewInbox(p.cfg.CSVDir)
	if err != nil {
		return nil, err
	}
	syncer, err := bucket(p.cfg, p.log)
	if err != nil {
		return nil, err
	}
	return &tools.Deps{
		About: tools.About{Version: version(), Domain: domainOf(p.cfg), Demo: p.cfg.Okta.Demo, ReadOnly: p.cfg.ReadOnly,
			EnvFile: tools.Place{Path: p.cfg.Sources.EnvFile.Path, Why: p.cfg.Sources.EnvFile.From},
			Inbox:   tools.Place{Path: p.cfg.CSVDir, Why: p.cfg.Sources.CSVDir.From},
			State:   tools.Place{Path: p.cfg.StateDir, Why: p.cfg.Sources.StateDir.From}, Notes: p.cfg.Warnings},
		Okta: p.okta, Inbox: inbox, Plans: p.plans, Gate: p.gate, Engine: p.engine, Jobs: p.jobs, S3: syncer,
		Mode: plan.Mode(p.cfg.GrantMode), ToolWait: p.cfg.ToolWait,
	}, nil
}

// mcp builds the MCP server over the catalogue.
func (p *program) mcp() (*mcpserver.MCPServer, error) {
	catalog, err := tools.Catalog(p.deps)
	if err != nil {
		return nil, err
	}
	return server.New(server.Options{Version: version(), Tools: catalog, Resources: tools.Resources(p.deps), Trail: p.trail, Actor: actorOf(p.cfg), Log: p.log})
}

// close ends what is under way and leaves resumable runs.
func (p *program) close() {
	p.jobs.Close()
	p.deps.MFA.Auditor.Close()
	if err := p.deps.Inbox.Close(); err != nil {
		p.log.Warn("close inbox", "error", err)
	}
}

// record puts an entry into the trail under the program's actor, before anything acts on it.
func (p *program) record(ctx context.Context, e trail.Entry) error {
	e.Actor = actorOf(p.cfg)
	_, err := p.trail.Append(ctx, e)
	return err
}

// afterRun moves the report on once all that its plan could do is done.
func (p *program) afterRun(done *plan.Plan, summary *batch.Summary) {
	moved, err := p.deps.Finish(done, summary)
	switch {
	case err != nil:
		p.log.Warn("the finished report stays where it is", "file", done.File, "error", err)
	case moved != "":
		p.log.Info("report finished", "file", moved)
	}
}

// resume picks up the runs that a crash or a restart left behind, under the confirmation that they had.
func (p *program) resume(ctx context.Context) {
	runs, err := p.engine.Unfinished(p.plans.Load)
	if err != nil {
		p.log.Warn("unfinished runs cannot be listed", "error", err)
		return
	}
	for _, run := range runs {
		if p.cfg.ResumeRuns == config.ReportRuns {
			p.log.Info("unfinished run", "plan", run.PlanID, "next", "apply the plan again, or set RESUME_RUNS=resume")
			continue
		}
		saved, err := p.plans.Load(run.PlanID)
		if err != nil {
			p.log.Warn("unfinished run has no plan", "plan", run.PlanID, "error", err)
			continue
		}
		permit, err := p.gate.Permit(ctx, saved, run.Permit)
		if err != nil {
			p.log.Warn("unfinished run is not permitted any more", "plan", run.PlanID, "error", err)
			continue
		}
		p.log.Info("resuming run", "plan", run.PlanID)
		p.jobs.Start(saved, permit)
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

// actorOf says under whose name the trail records: a credential's kind, never a part of it.
func actorOf(cfg *config.Config) string {
	switch {
	case cfg.Okta.Demo:
		return "demo"
	case cfg.Okta.ClientID != "":
		return "service app " + cfg.Okta.ClientID
	default:
		return "api token at " + cfg.Okta.BaseURL
	}
}

// logger writes to stderr: stdout belongs to the protocol, or to a command's result.
func logger(cfg *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// bucket returns the copier from S3, nil when S3 is off.
func bucket(cfg *config.Config, log *slog.Logger) (*s3sync.Syncer, error) {
	s3 := cfg.S3
	if !s3.Enabled {
		return nil, nil
	}
	return s3sync.New(s3sync.Options{Enabled: true, Bucket: s3.Bucket, Prefix: s3.Prefix, AllowedPaths: s3.AllowedPaths, MaxObjectBytes: s3.MaxObjectBytes,
		Endpoint: s3.Endpoint, Region: s3.Region, Profile: s3.Profile, AccessKeyID: s3.AccessKeyID, SecretAccessKey: s3.SecretAccessKey, SessionToken: s3.SessionToken,
		InboxDir: cfg.CSVDir, StateDir: cfg.StateDir, Log: log})
}
