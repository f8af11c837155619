package app

import (
	"context"
	"errors"
	"fmt"

	"okta-entitlements-mcp/tools"
)

// Examination is what the configuration and the credential can do.
type Examination struct {
	Okta    tools.OktaTestOut
	Clock   string        // how far this machine's clock is from Okta's, in words
	Audits  []tools.Check // what only audits need; it may be missing where no audits are run
	Reports []tools.Check // the ticket system and the channel, as far as they are configured
}

// Examine checks without writing anything. It fails when Okta cannot be reached or does not accept the credential.
func (p *App) Examine(ctx context.Context) (*Examination, error) {
	var e Examination
	var err error
	if e.Okta, err = tools.Diagnose(ctx, p.Deps); err != nil {
		problem := tools.Explain(err)
		return nil, fmt.Errorf("okta cannot be used: %s: %w", problem.Code, problem)
	}
	e.Clock, _ = p.Okta.Clock()
	e.Audits = tools.AuditChecks(ctx, p.Deps)
	if p.jira != nil {
		e.Reports = append(e.Reports, checked("jira", p.jira.Check(ctx)))
	}
	if p.slack != nil {
		e.Reports = append(e.Reports, checked("slack", p.slack.Check(ctx)))
	}
	return &e, nil
}

// ok is the result of a check that found nothing wrong.
const ok = "ok"

func checked(what string, err error) tools.Check {
	if err != nil {
		return tools.Check{What: what, Result: err.Error()}
	}
	return tools.Check{What: what, Result: ok}
}

// Failed is nil when all that is configured can be used.
func (e *Examination) Failed() error {
	var failed []error
	for _, c := range e.Reports {
		if c.Result != ok {
			failed = append(failed, fmt.Errorf("%s: %s", c.What, c.Result))
		}
	}
	if e.Okta.Cannot > 0 {
		failed = append(failed, fmt.Errorf("%d of %d checks are not ok", e.Okta.Cannot, len(e.Okta.Checks)))
	}
	return errors.Join(failed...)
}
