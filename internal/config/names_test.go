package config_test

import (
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/config"
)

func TestAMisspeltSafetySettingInTheEnvironmentIsRefused(t *testing.T) {
	for name, want := range map[string]string{
		"READONLY": "READ_ONLY", "READ_ONY": "READ_ONLY", "read_only": "READ_ONLY", "READ-ONLY": "READ_ONLY",
		"OKTA_READ_ONLY": "READ_ONLY", "OKTA_READONLY": "READ_ONLY", "OKTA_MCP_READ_ONLY": "READ_ONLY",
		"OKTA_ENTITLEMENTS_MCP_READ_ONLY": "READ_ONLY", "okta.read-only": "READ_ONLY",
		"OKTA_GRANT_MODE": "GRANT_MODE", "GRANTMODE": "GRANT_MODE", "RINGSIZE": "RING_SIZE",
		"RATE_LIMIT_TRESHOLD": "RATE_LIMIT_THRESHOLD", "STOP_ERROR_RATES": "STOP_ERROR_RATE",
		"MFA_POLICYFILE": "MFA_POLICY_FILE", "S3_ALLOWED_PATH": "S3_ALLOWED_PATHS",
	} {
		_, err := config.Load(newWorld(t, live(name, "true")).options())
		if err == nil || !strings.Contains(err.Error(), name+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want it refused and %s named", name, err, want)
		}
	}
	if c := newWorld(t, live("READONLY", " ")).load(t); len(c.Warnings) != 0 {
		t.Errorf("a blank variable counts as not set: warnings %q", c.Warnings)
	}
}

func TestOtherNearNamesWarnAndKnownProgramsAreLeftAlone(t *testing.T) {
	for _, name := range []string{"LOG_LEVL", "OKTA_LOG_LEVEL", "OKTA_DOMAINS", "CSV_DIRS"} {
		c := newWorld(t, live(name, "x")).load(t)
		if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], name+": ") {
			t.Errorf("%s: warnings %q, want one", name, c.Warnings)
		}
	}
	for _, name := range []string{
		"OKTA_ORG_NAME", "OKTA_BASE_URL", "OKTA_ORG_URL", "OKTA_CLIENT_ORGURL", "OKTA_CLIENT_TOKEN", "OKTA_CLIENT_IDS",
		"OKTA_API_SCOPES", "OKTA_API_CLIENT_ID", "OKTA_ACCESS_TOKEN", "AWS_REGIONS", "AWS_PROFILES", "TF_LOG_LEVEL",
		"JIRA_PROJECT_KEY", "GITHUB_READ_ONLY", "PATH", "HOME",
	} {
		if c := newWorld(t, live(name, "x")).load(t); len(c.Warnings) != 0 {
			t.Errorf("%s: warnings %q, want none", name, c.Warnings)
		}
	}
}

func TestTheRefusalOfAMissingSettingNamesItsNeighbours(t *testing.T) {
	jira := []string{"JIRA_URL", "https://jira.example.com", "JIRA_EMAIL", "a@example.com", "JIRA_API_TOKEN", "t"}
	for _, test := range []struct {
		env  map[string]string
		want []string
	}{
		{map[string]string{"OKTA_ORG_URL": "https://acme.okta.com", "OKTA_API_TOKEN": "00a"},
			[]string{"OKTA_DOMAIN: not set", "OKTA_ORG_URL"}},
		{map[string]string{"OKTA_ORG_NAME": "acme", "OKTA_BASE_URL": "okta.com", "OKTA_API_TOKEN": "00a"},
			[]string{"OKTA_DOMAIN: not set", "OKTA_ORG_NAME and OKTA_BASE_URL"}},
		{map[string]string{"OKTA_DOMAIN": "acme.okta.com", "OKTA_CLIENT_TOKEN": "HUNTER2"},
			[]string{"OKTA_API_TOKEN: not set", "OKTA_CLIENT_TOKEN"}},
		{live(append(jira, "JIRA_PROJECT_KEY", "SEC")...), []string{"JIRA_PROJECT: ", "JIRA_PROJECT_KEY"}},
		{live("SLACK_BOT_TOKEN", "xoxb-1", "SLACK_CHANNEL_ID", "C1"), []string{"SLACK_CHANNEL: ", "SLACK_CHANNEL_ID"}},
	} {
		_, err := config.Load(newWorld(t, test.env).options())
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "HUNTER2") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	w := newWorld(t, live())
	put(t, w.work, ".env", "JIRA_PROJECT_KEY=SEC\n")
	if _, err := config.Load(w.options()); err == nil || !strings.Contains(err.Error(), "did you mean JIRA_PROJECT?") {
		t.Errorf("JIRA_PROJECT_KEY in the file: %v", err)
	}
}
