package app

import (
	"context"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/trail"
)

// record is the one way into the trail for what happens inside the program; calls of tools are recorded by the server. It
// fills in the actor.
func (p *App) record(ctx context.Context, e trail.Entry) error {
	e.Actor = actorOf(p.Config)
	_, err := p.Trail.Append(ctx, e)
	return err
}

// recordDecision keeps what the gate decides. It reads the whole trail first: nothing is written to Okta upon a record
// that was changed in its middle, which an append alone does not see.
func (p *App) recordDecision(ctx context.Context, e trail.Entry) error {
	if _, err := p.Trail.Verify(ctx); err != nil {
		return trailFault(err, p.stateDir("trail"))
	}
	return p.record(ctx, e)
}

// actorOf says under which name the trail records: a credential's kind, never a part of it.
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
