package batch

import (
	"context"
	"errors"

	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// Stop says why a run ended before its last operation: a trouble.Error in the words of summary.json.
type Stop struct {
	Code trouble.Code `json:"code"`
	What string       `json:"message"`
	Next string       `json:"next"`
	Err  error        `json:"-"`
}

// stopFor returns why a run must end on this error, nil when only the one operation is concerned.
func stopFor(ctx context.Context, err error) *Stop {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return cancelled(ctx)
	}
	if known := trouble.Find(err); known != nil {
		stop := Stop(*known)
		return &stop
	}
	for _, end := range []struct {
		kind error
		code trouble.Code
		next string
	}{
		{oktaclient.ErrUnauthorized, trouble.TokenRejected, "renew the credential, restart, and apply the plan again"},
		{oktaclient.ErrScope, trouble.ScopeMissing, "grant the scope to the service app, restart, and apply the plan again"},
		{oktaclient.ErrCertificate, trouble.CertificateRefused,
			"put the certificate authority into OKTA_CA_FILE, restart, and apply the plan again"},
		{oktaclient.ErrFeatureOff, trouble.FeatureOff, "Identity Governance must be licensed for this organisation"},
		{oktaclient.ErrUnavailable, trouble.OktaUnavailable, "apply the plan again once Okta answers"},
		{oktaclient.ErrRateLimited, trouble.OktaUnavailable, "apply the plan again once Okta answers"},
	} {
		if errors.Is(err, end.kind) {
			return &Stop{Code: end.code, What: err.Error(), Next: end.next}
		}
	}
	return nil
}

// cancelled tells a person's cancellation from the end of the process.
func cancelled(ctx context.Context) *Stop {
	if errors.Is(context.Cause(ctx), progress.ErrCancelled) {
		return &Stop{
			Code: trouble.Cancelled,
			What: "the run was cancelled",
			Next: "apply the plan again to go on where it stopped",
		}
	}
	return &Stop{
		Code: trouble.Interrupted,
		What: "the program was stopped",
		Next: "start the server again or apply the plan again; it goes on where it stopped",
	}
}

// halt ends the run before its last operation: nothing new is started, and what is on the wire is awaited, so that it
// ends in a known outcome. The first reason is kept.
func (r *run) halt(s Stop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == nil {
		r.stop = &s
	}
}

func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stop != nil
}

// stopOn turns an error that ends the run early into its Stop. What remains is an error only when the run could not
// be kept honestly: the journal, or what it must read on this machine. What happens to single operations is in their
// results.
func (r *run) stopOn(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, ErrJournal) {
		return err
	}
	stop := stopFor(ctx, err)
	if stop == nil {
		return err
	}
	r.halt(*stop)
	return nil
}
