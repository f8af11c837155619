package audit_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/simtest"
)

// rig is an auditor on a simulated tenant.
type rig struct {
	*simtest.World
	t   *testing.T
	dir string
	mfa *audit.Auditor
}

// newRig makes a rig; its audits do not wait for a log that is never late, unless settle says so.
func newRig(t *testing.T, o simtest.Options, settle time.Duration) *rig {
	t.Helper()
	r := &rig{t: t, World: simtest.New(t, o)}
	r.dir = r.folder("mfa")
	r.again(audit.Options{LogSettle: settle})
	return r
}

// folder is a place for an auditor's state, gone with the test.
func (r *rig) folder(name string) string { return filepath.Join(filepath.Dir(r.Dir), name) }

// again makes a new auditor on the same state, as the next process would.
func (r *rig) again(o audit.Options) {
	r.t.Helper()
	o.Dir, o.Domain = r.dir, "acme.okta.test"
	if o.LogSettle == 0 {
		o.LogSettle = -1
	}
	var err error
	if r.mfa, err = audit.New(r.Okta, o); err != nil {
		r.t.Fatal(err)
	}
}

// audit audits everyone under the default policy.
func (r *rig) audit(change func(*audit.Request)) *mfa.Summary {
	r.t.Helper()
	req := audit.Request{Policy: mfa.DefaultPolicy()}
	req.Policy.Sample = 0
	if change != nil {
		change(&req)
	}
	s, err := r.mfa.Run(context.Background(), req, nil)
	if err != nil {
		r.t.Fatalf("audit: %v", err)
	}
	return s
}

func full(req *audit.Request) { req.Full = true }

// findings reads everyone's findings, by login, without what differs between a full and an incremental audit by design.
func (r *rig) findings(id string) map[string]mfa.Finding {
	r.t.Helper()
	all := map[string]mfa.Finding{}
	for f, err := range r.mfa.All(id) {
		if err != nil {
			r.t.Fatal(err)
		}
		f.Cached, f.ReadAt = false, time.Time{}
		slices.Sort(f.Disagree)
		all[f.Login.Raw()] = f
	}
	return all
}
