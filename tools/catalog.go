package tools

import "fmt"

// Catalog builds every tool, in the order of the workflow. It is the one place where a tool is listed: the server, the
// README's table and the snapshot test all read it.
func Catalog(d *Deps) ([]Tool, error) {
	if err := d.ready(); err != nil {
		return nil, err
	}
	return everyTool(d)
}

func everyTool(d *Deps) ([]Tool, error) {
	var c catalog
	add(&c, d, specAbout, about)
	add(&c, d, specOktaTest, oktaTest)

	add(&c, d, specListFiles, listFiles)
	add(&c, d, specSync, syncS3)
	add(&c, d, specReadFile, readFile)
	add(&c, d, specPreflight, preflight)

	add(&c, d, specAnalyze, analyze)
	add(&c, d, specPrepare, prepare)
	add(&c, d, specGrants, executeGrants)

	add(&c, d, specGetJob, getJob)
	add(&c, d, specCancelJob, cancelJob)
	add(&c, d, specPlanUndo, planUndo)

	add(&c, d, specListEntitlements, listEntitlements)
	add(&c, d, specListValues, listValues)
	add(&c, d, specUserSearch, userSearch)
	add(&c, d, specBatchUserSearch, batchUserSearch)
	add(&c, d, specBatchAssign, batchAssign)
	add(&c, d, specBatchGrants, batchGrants)
	add(&c, d, specRateStatus, rateStatus)

	add(&c, d, specMFAAudit, mfaAudit)
	add(&c, d, specMFASummary, mfaSummary)
	add(&c, d, specMFAFindings, mfaFindings)
	add(&c, d, specMFAUser, mfaUser)
	add(&c, d, specMFAEvents, mfaEvents)
	add(&c, d, specMFAReport, mfaReport)
	return c.tools, c.err
}

type catalog struct {
	tools []Tool
	err   error
}

func add[In, Out any](c *catalog, d *Deps, spec Spec, h handler[In, Out]) {
	if c.err != nil || d.About.ReadOnly && spec.Effect == Reports {
		return // a tool that only sends has no place beside READ_ONLY
	}
	tool, err := define(d, spec, h)
	if err != nil {
		c.err = fmt.Errorf("define tool %s: %w", spec.Name, err)
		return
	}
	c.tools = append(c.tools, tool)
}
