package tools_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

// scopesRow is a row of the README's table of scopes.
type scopesRow struct {
	tools, scopes []string
	viaGroup      bool
}

// Every tool works with the scopes that the README names for its row, and no row names one that none of its tools
// needs.
func TestReadmeScopesAreEnoughAndNeeded(t *testing.T) {
	if testing.Short() {
		t.Skip("about sizes and scopes, not about goroutines")
	}
	t.Parallel()
	rows := readScopes(t)
	all, named := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		for _, tool := range row.tools {
			named[tool] = true
			if code := withScopes(t, row, tool, row.scopes); code != "" {
				t.Errorf("%s with %v: %s", tool, row.scopes, code)
			}
		}
		for i, scope := range row.scopes {
			all[scope] = all[scope] || !row.viaGroup
			fewer := slices.Concat(row.scopes[:i], row.scopes[i+1:])
			// At Okta a manage scope contains the read scope of its area.
			if len(fewer) == 0 || slices.Contains(fewer, strings.Replace(scope, ".read", ".manage", 1)) {
				continue
			}
			if !slices.ContainsFunc(row.tools, func(tool string) bool { return withScopes(t, row, tool, fewer) != "" }) {
				t.Errorf("%v need no scope %s", row.tools, scope)
			}
		}
	}
	maps.DeleteFunc(all, func(_ string, always bool) bool { return !always })
	for _, setting := range config.Settings() {
		if standard := strings.Fields(setting.Default); setting.Name == "OKTA_SCOPES" &&
			!slices.Equal(slices.Sorted(slices.Values(standard)), slices.Sorted(maps.Keys(all))) {
			t.Errorf("the default of OKTA_SCOPES is %v, the README's tools need %v", standard, slices.Sorted(maps.Keys(all)))
		}
	}
	audits, silent := readAuditScopes(t)
	for _, row := range audits {
		named[row.tool] = true
	}
	for _, tool := range silent {
		named[tool] = true
	}
	for _, tool := range documentedTools(t) {
		far, name := *tool.Definition.Annotations.OpenWorldHint, tool.Definition.Name
		if far && name != "list_csv_files" && !named[name] {
			t.Errorf("README.md names no scopes for %s", name)
		}
	}
}

func readScopes(t *testing.T) []scopesRow {
	t.Helper()
	_, table, _ := strings.Cut(readText(t, readmeFile), "| tools | scopes |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	word := regexp.MustCompile("`([\\w.]+)`")
	words := func(text string) (all []string) {
		for _, match := range word.FindAllStringSubmatch(text, -1) {
			all = append(all, match[1])
		}
		return all
	}
	var rows []scopesRow
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		row := scopesRow{tools: words(cells[1]), scopes: words(cells[2])}
		if row.viaGroup = strings.Contains(cells[1], "assign_via_group"); row.viaGroup {
			row.tools = row.tools[:1]
		}
		if len(row.scopes) > 0 {
			rows = append(rows, row)
		}
	}
	if len(rows) < 5 {
		t.Fatalf("README.md has no table of scopes that can be read: %v", rows)
	}
	return rows
}

// withScopes uses one tool as a service app with these scopes, and returns how it failed. An administrator does the
// stages before.
func withScopes(t *testing.T, row scopesRow, tool string, scopes []string) string {
	t.Helper()
	r := newRig(t, rigOptions{})
	ids := r.small()
	report := arguments{"filename": "report.csv", "app_id": r.AppID}
	if tool != "prepare_entitlement_structure" {
		r.applied("prepare_entitlement_structure", report)
	}
	var run, entitlement, value string
	if offered := call[tools.ListEntitlementsOut](r, "okta_iga_list_entitlements",
		arguments{"app_id": r.AppID}); offered.Total > 0 {
		entitlement = offered.Entitlements[0].ID
		value = call[tools.ListValuesOut](r, "okta_iga_list_entitlement_values",
			arguments{"entitlement_id": entitlement}).Values[0].ID
	}
	if tool == "plan_undo" {
		run = r.applied("execute_user_grants", report).JobID
	}
	if row.viaGroup {
		group := r.Tenant.AddGroup("Finance people")
		r.Tenant.AssignGroupToApp(r.AppID, group)
		report["assign_via_group"] = group
	}
	app := r.restart(rigOptions{world: simtest.Options{Client: oktaclient.Options{Credentials: serviceApp(t,
		r.Tenant, scopes)}}})
	args, known := map[string]arguments{
		"okta_test": nil, "plan_undo": {"job_id": run}, "okta_user_search": {"query": "ada@acme.example.com"},
		"okta_batch_user_search":           {"names": []string{"ada@acme.example.com"}},
		"okta_iga_list_entitlements":       {"app_id": r.AppID},
		"okta_iga_list_entitlement_values": {"entitlement_id": entitlement},
		"prepare_entitlement_structure":    report, "execute_user_grants": report,
		"okta_batch_assign_users": {"app_id": r.AppID, "user_ids": ids},
		"okta_batch_create_grants": {"app_id": r.AppID,
			"grants": []any{arguments{"user_id": ids[0], "value_ids": []string{value}}}},
	}[tool]
	if !known {
		t.Fatalf("README.md names scopes for %s, which this test cannot use yet", tool)
	}
	answer, code := attempt(t, app, tool, args)
	if code == "" && answer.Status == "needs_confirmation" {
		answer, code = attempt(t, app, tool, arguments{"plan_id": answer.PlanID})
	}
	switch {
	case code != "":
		return code
	case answer.Cannot > 0 || answer.Status == "stopped" || answer.Status == "partly":
		return fmt.Sprintf("status %q, %d checks not ok", answer.Status, answer.Cannot)
	default:
		return ""
	}
}

// attempted is what of an answer shows whether a tool could do its work.
type attempted struct {
	Status string `json:"status"`
	PlanID string `json:"plan_id"`
	Cannot int    `json:"cannot"`
	Error  struct{ Code string }
}

func attempt(t *testing.T, r *rig, tool string, args arguments) (answer attempted, code string) {
	t.Helper()
	text, _ := r.raw(tool, args)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return answer, answer.Error.Code
}

func serviceApp(t *testing.T, tenant *oktasim.Tenant, scopes []string) oktaclient.Credentials {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	id := tenant.AddClient(oktasim.Client{
		KeyID:     "key",
		PublicKey: key.Public(),
		Scopes:    scopes,
		DPoP:      true,
	})
	return oktaclient.Credentials{
		ClientID: id,
		KeyID:    "key",
		Scopes:   scopes,
		PrivateKey: secret.New(string(pem.EncodeToMemory(&pem.Block{
			Type:  "EC PRIVATE KEY",
			Bytes: der,
		}))),
	}
}
