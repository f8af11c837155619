package tools

import (
	"errors"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/planning"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/s3sync"
)

// Place says where the program found something, and why there.
type Place struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// About is what the program says of itself; it is fixed at start.
type About struct {
	Version  string
	Domain   string // base URL of the organisation, or "demo"
	Demo     bool
	ReadOnly bool
	EnvFile  Place
	Inbox    Place
	State    Place
	Notes    []string // what was corrected or looks doubtful in the configuration
}

// Deps is what handlers work with. Okta can only be read through it: writing needs an engine and a permit.
type Deps struct {
	About    About
	Okta     *oktaclient.Client
	Inbox    *intake.Inbox
	Plans    *plan.Store
	Mappings *mapping.Store
	Gate     *policy.Gate
	Engine   *batch.Engine
	Jobs     *batch.Jobs
	S3       *s3sync.Syncer // nil when S3 is off
	Mode     plan.Mode      // how grants are written
	MFA      *MFA           // audits and their reports
	ToolWait time.Duration  // how long a call waits for a run before it answers `running`

	seal *seal
}

// Planner makes plans from the reports of the inbox.
func (d *Deps) Planner() *planning.Planner {
	return &planning.Planner{
		Okta:     d.Okta,
		Inbox:    d.Inbox,
		Plans:    d.Plans,
		Mappings: d.Mappings,
		Mode:     d.Mode,
		Await:    d.Engine.AwaitLists,
	}
}

// ready refuses half-built dependencies, which would otherwise show as a panic in the middle of a conversation.
func (d *Deps) ready() error {
	if d.Okta == nil || d.Inbox == nil || d.Plans == nil || d.Mappings == nil || d.Gate == nil || d.Engine == nil || d.Jobs == nil ||
		d.MFA == nil {
		return errors.New("tools: a dependency is missing")
	}
	if d.ToolWait <= 0 {
		d.ToolWait = 45 * time.Second
	}
	var err error
	d.seal, err = newSeal()
	return err
}
