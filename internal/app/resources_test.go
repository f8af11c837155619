package app

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

func (d *desk) readResource(uri string) (string, error) {
	d.t.Helper()
	var req mcp.ReadResourceRequest
	req.Params.URI = uri
	result, err := d.client.ReadResource(d.t.Context(), req)
	if err != nil {
		return "", err
	}
	if len(result.Contents) != 1 {
		d.t.Fatalf("%s has %d contents", uri, len(result.Contents))
	}
	text, ok := result.Contents[0].(mcp.TextResourceContents)
	if !ok {
		d.t.Fatalf("%s is %T", uri, result.Contents[0])
	}
	return text.Text, nil
}

func TestResultsOfARunAreNamedAndReadableAsResources(t *testing.T) {
	d := newDesk(t, nil, oktasim.Options{})
	plan := d.plan()
	text, failed := d.ask("execute_user_grants", map[string]any{"plan_id": plan.PlanID})
	if failed {
		t.Fatal(text)
	}
	var done tools.PlanOut
	if err := json.Unmarshal([]byte(text), &done); err != nil {
		t.Fatal(err)
	}
	if len(done.Resources) != 2 || done.Report == "" {
		t.Fatalf("resources %v, report %q", done.Resources, done.Report)
	}
	report, err := d.readResource(done.Resources[0])
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(report)).ReadAll()
	if err != nil || len(rows) != done.Total+1 {
		t.Errorf("report.csv has %d lines for %d rows: %v", len(rows), done.Total, err)
	}
	summary, err := d.readResource(done.Resources[1])
	if err != nil {
		t.Fatal(err)
	}
	var s batch.Summary
	if err := json.Unmarshal([]byte(summary), &s); err != nil || s.PlanID != plan.PlanID ||
		s.Ended != batch.EndedComplete {
		t.Errorf("summary %+v, %v", s, err)
	}
	recorded, err := os.ReadFile(filepath.Join(d.cfg.StateDir, "trail", "trail.jsonl"))
	if err != nil || !strings.Contains(string(recorded), done.Resources[0]) {
		t.Errorf("the trail does not say who read the report: %v", err)
	}
	for _, uri := range []string{"run://" + plan.PlanID + "/journal.jsonl", "run://../plans/report.csv",
		"run://plan_00000000000000000000000000000000/report.csv",
		"run://" + plan.PlanID + "%2f..%2f..%2ftrail/report.csv", "file:///etc/passwd"} {
		if text, err := d.readResource(uri); err == nil {
			t.Errorf("%s gives %q", uri, text)
		}
	}
}
