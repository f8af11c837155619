package tools_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

// auditScopes is a row of the README's table of the scopes of audits.
type auditScopes struct {
	tool, argument string
	needed, better []string
}

// readAuditScopes reads the table: the tools with scopes, and those that ask Okta nothing.
func readAuditScopes(t *testing.T) (rows []auditScopes, silent []string) {
	t.Helper()
	_, table, _ := strings.Cut(readText(t, readmeFile),
		"| tool | needs | names what is missing without |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	word := regexp.MustCompile("`([\\w.]+)`")
	words := func(cell string) (all []string) {
		for _, match := range word.FindAllStringSubmatch(cell, -1) {
			all = append(all, match[1])
		}
		return all
	}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		named := words(cells[1])
		row := auditScopes{tool: named[0], needed: words(cells[2]), better: words(cells[3])}
		if len(named) > 1 {
			row.argument = named[1]
		}
		if len(row.needed) > 0 {
			rows = append(rows, row)
		} else {
			silent = append(silent, named...)
		}
	}
	if len(rows) < 5 {
		t.Fatalf("README.md has no table of the scopes of audits that can be read: %v", rows)
	}
	return rows, silent
}

// Every tool of audits works with the scopes that the README says it needs, fails without one of them, and says what
// is missing without one of the others.
func TestReadmeScopesOfAuditsAreEnoughNeededAndMissed(t *testing.T) {
	if testing.Short() {
		t.Skip("about sizes and scopes, not about goroutines")
	}
	t.Parallel()
	rows, silent := readAuditScopes(t)
	for _, tool := range silent {
		if n := silentCalls(t, tool); n != 0 {
			t.Errorf("%s is said to ask Okta nothing, and asks %d times", tool, n)
		}
	}
	for _, row := range rows {
		all := slices.Concat(row.needed, row.better)
		if code, notes := auditWith(t, row, all); code != "" || len(notes) > 0 {
			t.Errorf("%s %s with all of its scopes: %s %v", row.tool, row.argument, code, notes)
		}
		for i, scope := range row.needed {
			if len(all) == 1 {
				break // an app without any scope gets no token
			}
			if code, _ := auditWith(t, row, slices.Delete(slices.Clone(all), i, i+1)); code != "scope_missing" &&
				code != "no one could be read: "+scope {
				t.Errorf("%s %s without %s: %q, want scope_missing", row.tool, row.argument, scope, code)
			}
		}
		for i, scope := range row.better {
			at := len(row.needed) + i
			code, notes := auditWith(t, row, slices.Delete(slices.Clone(all), at, at+1))
			if code != "" || !slices.ContainsFunc(notes, func(s string) bool {
				return strings.Contains(s, scope) || strings.Contains(s, "cannot be read")
			}) {
				t.Errorf("%s %s without %s: %s, and the notes do not name it: %v", row.tool, row.argument, scope, code, notes)
			}
		}
		if code, notes := auditWith(t, row, row.needed); code != "" || len(notes) < len(row.better)/2 {
			t.Errorf("%s %s with no more than it needs: %s %v", row.tool, row.argument, code, notes)
		}
	}
}

// auditWith uses a tool as a service app with these scopes. An administrator has audited before where the tool looks
// at audits.
func auditWith(t *testing.T, row auditScopes, scopes []string) (code string, notes []string) {
	t.Helper()
	r := newRig(t, rigOptions{})
	ids := r.staffed()
	r.Tenant.AddEnrollmentPolicy("Sales", []string{r.Tenant.AddGroup("Sales people", ids["ed"], ids["flo"])},
		map[string]string{"okta_password": "REQUIRED", "phone_number": "OPTIONAL"}, 1)
	if row.tool == "okta_mfa_findings" {
		r.audited(nil)
	}
	app := r.restart(rigOptions{world: simtest.Options{Client: oktaclient.Options{Credentials: serviceApp(t,
		r.Tenant, scopes)}}})
	args := arguments{}
	switch {
	case row.argument == "group":
		args["group"] = "Sales people"
	case row.argument == "user":
		args["user"] = "ed@acme.example.com"
	case row.tool == "okta_mfa_user_status":
		args["user"] = "ed@acme.example.com"
	}
	if _, code = attempt(t, app, row.tool, args); code != "" {
		return code, nil
	}
	switch row.tool {
	case "okta_mfa_audit":
		if s := call[tools.MFASummaryOut](app, "okta_mfa_summary", nil); s.ByVerdict["unreadable"] == s.Total {
			reason := call[tools.FindingsOut](app, "okta_mfa_findings", nil).People[0].Reason
			_, scope, _ := strings.Cut(reason, `needs scope "`)
			scope, _, _ = strings.Cut(scope, `"`)
			return "no one could be read: " + scope, nil
		}
		return "", call[tools.MFASummaryOut](app, "okta_mfa_summary", nil).Notes
	case "okta_mfa_user_status":
		status := call[tools.UserStatusOut](app, row.tool, args)
		return "", slices.DeleteFunc(status.Notes, func(s string) bool { return strings.Contains(s, "is not read here") })
	}
	return "", nil
}

// silentCalls counts what a tool asks Okta after an audit.
func silentCalls(t *testing.T, tool string) int {
	t.Helper()
	r := newRig(t, rigOptions{})
	r.staffed()
	r.audited(nil)
	args := arguments{}
	if tool == "okta_mfa_report" {
		args["files"] = true
	}
	return r.asks(func() {
		if text, failed := r.raw(tool, args); failed {
			t.Errorf("%s: %s", tool, text)
		}
	})
}
