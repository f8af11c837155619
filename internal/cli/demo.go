package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

const demoFile = "sample_medium_denormalized.csv"

func demoCommand(samples fs.FS) *cobra.Command {
	o := demoOptions{samples: samples}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Shows the whole workflow on an embedded simulated tenant; nothing leaves this machine",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags := common{demo: true}
			cfg, err := flags.load()
			if err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return usage(err)
			}
			show := newScreen(cmd.OutOrStdout())
			if o.asJSON {
				show = newScreen(io.Discard)
			}
			story, err := runDemo(cmd.Context(), cfg, o, show)
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			if o.asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(story)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.file, "file", demoFile, "a report of CSV_DIR, or one of the samples")
	cmd.Flags().IntVar(&o.scale, "scale", 0, "import a made-up report of this many users instead, compressed in time")
	cmd.Flags().StringVar(&o.limits, "limits", "real", "with --scale: rate limits real or off")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON object instead of the story")
	return cmd
}

type demoOptions struct {
	samples fs.FS
	file    string
	scale   int
	limits  string
	asJSON  bool
}

func (o *demoOptions) check() error {
	if o.scale < 0 || o.scale > 100_000 {
		return fmt.Errorf("--scale: must be 1 to 100000, not %d", o.scale)
	}
	if o.scale > 0 {
		o.file = fmt.Sprintf("made_up_%d_users.csv", o.scale)
	}
	_, err := oneOf("limits", o.limits, oktasim.LimitsOff, oktasim.LimitsReal)
	return err
}

// Story is what `demo --json` prints: what the demo did.
type Story struct {
	File      string `json:"file"`
	Rows      int    `json:"rows"`
	Users     int    `json:"users"`
	Structure struct {
		Entitlements int `json:"entitlements_created"`
		Values       int `json:"values_created"`
	} `json:"structure"`
	Grants struct {
		Rows     map[string]int `json:"rows"`
		Granted  int            `json:"users_granted"`
		Assigned int            `json:"users_assigned"`
	} `json:"grants"`
	Okta struct {
		Calls   int `json:"calls"`
		HTTP429 int `json:"http_429"`
	} `json:"okta"`
	Rerun struct {
		Writes int `json:"writes"`
	} `json:"rerun"`
	MFA AuditStory `json:"mfa_audit"`
}

// demo is one showing: an MCP client, the server it talks to, and the tenant behind that.
type demo struct {
	client *client.Client
	world  *app.World
	show   *screen
	file   string
	story  Story

	polling  bool          // the call before was get_job
	granting time.Duration // how long stage 3 took, on this machine's clock
}

// world builds the tenant of a showing: an ordinary one with wide rate limits, or a scaled one.
func (o *demoOptions) world(ctx context.Context, cfg *config.Config) (*app.World, error) {
	if o.scale > 0 {
		return scaledWorld(ctx, cfg, o)
	}
	const wide = 60_000 // calls a minute and kind, so that a file of a few thousand people runs without a pause
	return app.NewWorld(ctx, cfg, o.samples, app.Reports{Only: o.file}, oktasim.Options{Seed: 1, Users: 40, Limits: limitsOf(wide)})
}

// runDemo serves the embedded tenant, connects a client to the real server in this process, and runs the workflow twice.
func runDemo(ctx context.Context, cfg *config.Config, o demoOptions, show *screen) (_ *Story, err error) {
	world, err := o.world(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, world.Remove()) }()
	if o.scale > 0 {
		show.compress(o.limits)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, err := app.Assemble(ctx, world.Config, world.Wire, log)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	d := &demo{world: world, show: show, file: o.file}
	if d.client, err = p.Client(ctx, "demo"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.client.Close()) }()
	show.opening(world, o.file)
	if err := d.workflow(ctx, true); err != nil {
		return nil, err
	}
	before := d.world.Writes()
	show.rerun()
	if err := d.workflow(ctx, false); err != nil {
		return nil, err
	}
	d.story.Rerun.Writes = d.world.Writes() - before
	if o.scale == 0 {
		if err := d.audit(ctx); err != nil {
			return nil, err
		}
	}
	for _, call := range world.Tenant.Calls() {
		d.story.Okta.Calls += call.Count
		if call.Status == 429 {
			d.story.Okta.HTTP429 += call.Count
		}
	}
	if o.scale > 0 {
		show.figures(&d.story, d.granting)
	}
	show.closing(&d.story)
	return &d.story, nil
}

// workflow runs the three stages. The first time it shows each step; the second time it shows that nothing is left to do.
func (d *demo) workflow(ctx context.Context, first bool) error {
	var seen tools.AnalyzeOut
	if err := d.call(ctx, "analyze_csv_for_entitlements", map[string]any{"filename": d.file}, &seen); err != nil {
		return err
	}
	if first {
		d.story.File, d.story.Rows, d.story.Users = d.file, seen.Counts.Rows, seen.Counts.Users
		d.show.analysis(&seen)
	}
	structure, err := d.planned(ctx, "prepare_entitlement_structure", first)
	if err != nil {
		return err
	}
	started := time.Now()
	grants, err := d.planned(ctx, "execute_user_grants", first)
	if err != nil || !first {
		return err
	}
	d.granting = time.Since(started)
	if structure.Done != nil {
		d.story.Structure.Entitlements, d.story.Structure.Values = structure.Done.EntitlementsCreated, structure.Done.ValuesCreated
	}
	d.story.Grants.Rows = grants.Rows
	if grants.Done != nil {
		d.story.Grants.Granted, d.story.Grants.Assigned = grants.Done.UsersGranted, grants.Done.UsersAssigned
	}
	return nil
}

// planned calls a writing tool as a client does: plan, look, confirm, follow.
func (d *demo) planned(ctx context.Context, tool string, first bool) (*tools.PlanOut, error) {
	out := &tools.PlanOut{}
	if err := d.call(ctx, tool, map[string]any{"filename": d.file, "app_id": d.world.AppID}, out); err != nil {
		return nil, err
	}
	d.show.plan(out, first)
	if out.Status != "needs_confirmation" {
		return out, nil
	}
	planID := out.PlanID
	d.show.confirm(tool, planID)
	out = &tools.PlanOut{}
	if err := d.call(ctx, tool, map[string]any{"plan_id": planID}, out); err != nil {
		return nil, err
	}
	for out.Status == "running" {
		d.show.progress(out.Progress)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		job := &tools.JobOut{}
		if err := d.call(ctx, "get_job", map[string]any{"job_id": out.JobID}, job); err != nil {
			return nil, err
		}
		out.Renew(job)
	}
	d.show.outcome(out)
	return out, nil
}

// call calls a tool and decodes what it says. A tool error ends the demo with the tool's own words.
func (d *demo) call(ctx context.Context, tool string, arguments map[string]any, into any) error {
	if tool != "get_job" || !d.polling { // polling is shown as one call with progress
		d.show.call(tool, arguments)
	}
	d.polling = tool == "get_job"
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, arguments
	result, err := d.client.CallTool(ctx, req)
	if err != nil {
		return fmt.Errorf("call %s: %w", tool, err)
	}
	text := ""
	if len(result.Content) > 0 {
		if content, ok := result.Content[0].(mcp.TextContent); ok {
			text = content.Text
		}
	}
	if result.IsError {
		var failed struct{ Error tools.Problem }
		if err := json.Unmarshal([]byte(text), &failed); err != nil {
			return fmt.Errorf("%s: %s", tool, text)
		}
		return fmt.Errorf("%s: %s: %w", tool, failed.Error.Code, &failed.Error)
	}
	return json.Unmarshal([]byte(text), into)
}
