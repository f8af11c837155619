package config

import (
	"runtime"
	"slices"
	"strings"
)

// checkNames looks for names that are meant for this program but mean nothing to it. In the .env file, which is this
// program's alone, they are refused. The environment is shared with others: there a name that is close to a setting
// is a warning, and refused when the setting is one that holds the program back.
func (l *loading) checkNames() {
	secretInFile := false
	known := map[string]bool{}
	for _, s := range Settings() {
		known[s.Name] = true
		secretInFile = secretInFile || s.Secret && l.file.values[s.Name] != ""
		if s.EnvOnly && l.file.values[s.Name] != "" {
			l.refuse(s.Name, "has no effect in an .env file; set it in the environment")
		}
	}
	for _, name := range sortedNames(l.file.values) {
		if !known[name] {
			l.checkFileName(name)
		}
	}
	for _, name := range l.opts.Names {
		if !known[name] {
			l.checkEnvironmentName(name)
		}
	}
	if secretInFile {
		l.warnIfOpen(".env", l.file.path)
	}
}

func (l *loading) checkFileName(name string) {
	near := nearest(name)
	if near == "" {
		near = neighbourOf(name)
	}
	switch {
	case near != "":
		l.refuse(name, "in %s is not a setting; did you mean %s?", l.file.path, near)
	case strings.HasPrefix(name, "AWS_"):
		l.refuse(name, "has no effect in %s; set it in the environment, where the AWS SDK finds it", l.file.path)
	case strings.HasPrefix(name, "OKTA_") || strings.HasPrefix(name, "S3_"):
		l.refuse(name, "in %s is not a setting; see .env.example for the list", l.file.path)
	}
}

func (l *loading) checkEnvironmentName(name string) {
	if text, ok := l.opts.Environ(name); ok && strings.TrimSpace(text) == "" || ofOtherProgram(name) {
		return
	}
	near := nearest(name)
	switch {
	case near == "":
	case runtime.GOOS == "windows" && strings.EqualFold(name, near): // one variable there, whatever the case
	case safetySetting(near):
		l.refuse(name, "in the environment is not a setting; write %s, or remove it if another program needs it", near)
	default:
		l.warn("%s: environment variable is not a setting; did you mean %s?", name, near)
	}
}

// missing refuses because a setting is not set, and names variables of the environment in which other programs keep
// the same thing.
func (l *loading) missing(setting, text string) {
	var found []string
	for _, other := range neighbours(setting) {
		if value, ok := l.opts.Environ(other); ok && strings.TrimSpace(value) != "" {
			found = append(found, other)
		}
	}
	if len(found) > 0 {
		text += "; " + strings.Join(found, " and ") + " in the environment is another program's name for it and is not read here"
	}
	l.refuse(setting, "%s", text)
}

func safetySetting(name string) bool {
	return slices.ContainsFunc(Settings(), func(s Setting) bool { return s.Name == name && s.Safety })
}

func sortedNames(values map[string]string) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// neighbours lists what other programs call what a setting holds: Terraform's Okta provider, Okta's SDKs, CLI and MCP
// server, and the usual clients of Jira and Slack.
func neighbours(setting string) []string {
	switch setting {
	case "OKTA_DOMAIN":
		return []string{"OKTA_ORG_URL", "OKTA_ORGURL", "OKTA_URL", "OKTA_ORG", "OKTA_CLIENT_ORGURL", "OKTA_ORG_DOMAIN",
			"OKTA_ORG_NAME", "OKTA_BASE_URL"}
	case "OKTA_API_TOKEN":
		return []string{"OKTA_TOKEN", "OKTA_CLIENT_TOKEN", "OKTA_APITOKEN", "OKTA_API_KEY", "OKTA_SSWS_TOKEN"}
	case "OKTA_CLIENT_ID":
		return []string{"OKTA_CLIENT_CLIENTID", "OKTA_API_CLIENT_ID", "OKTA_CLIENTID"}
	case "OKTA_PRIVATE_KEY":
		return []string{"OKTA_CLIENT_PRIVATEKEY", "OKTA_API_PRIVATE_KEY", "OKTA_PRIVATEKEY"}
	case "OKTA_KEY_ID":
		return []string{"OKTA_CLIENT_PRIVATEKEYID", "OKTA_API_PRIVATE_KEY_ID", "OKTA_PRIVATE_KEY_ID", "OKTA_KID"}
	case "OKTA_SCOPES":
		return []string{"OKTA_CLIENT_SCOPES", "OKTA_API_SCOPES"}
	case "S3_BUCKET_NAME":
		return []string{"S3_BUCKET", "AWS_S3_BUCKET", "AWS_BUCKET", "AWS_BUCKET_NAME"}
	case "JIRA_URL":
		return []string{"JIRA_BASE_URL", "JIRA_SERVER", "JIRA_HOST", "JIRA_INSTANCE_URL", "JIRA_SITE"}
	case "JIRA_PROJECT":
		return []string{"JIRA_PROJECT_KEY", "JIRA_PROJECTS", "JIRA_PROJECT_ID"}
	case "JIRA_EMAIL":
		return []string{"JIRA_USERNAME", "JIRA_USER", "JIRA_USER_EMAIL"}
	case "JIRA_API_TOKEN":
		return []string{"JIRA_TOKEN", "JIRA_API_KEY", "JIRA_PASSWORD"}
	case "JIRA_PAT":
		return []string{"JIRA_PERSONAL_TOKEN", "JIRA_PERSONAL_ACCESS_TOKEN"}
	case "SLACK_BOT_TOKEN":
		return []string{"SLACK_TOKEN", "SLACK_API_TOKEN", "SLACK_OAUTH_TOKEN", "SLACK_MCP_XOXB_TOKEN"}
	case "SLACK_CHANNEL":
		return []string{"SLACK_CHANNEL_ID", "SLACK_CHANNEL_IDS", "SLACK_DEFAULT_CHANNEL"}
	}
	return nil
}

// neighbourOf returns the setting for which a name is another program's, "" for none.
func neighbourOf(name string) string {
	upper := spelling(name)
	for _, s := range Settings() {
		if slices.Contains(neighbours(s.Name), upper) {
			return s.Name
		}
	}
	return ""
}

// ofOtherProgram reports whether a variable of the environment is known to belong to another program, and so is none
// of ours that is misspelt.
func ofOtherProgram(name string) bool {
	for _, prefix := range []string{
		"AWS_",            // AWS SDKs
		"TF_",             // Terraform
		"OKTA_CLIENT_",    // Okta's SDKs
		"OKTA_TESTING_",   // Okta's SDKs
		"OKTA_AWSCLI_",    // okta-aws-cli
		"OKTA_CLI_",       // Okta CLI
		"OKTA_OAUTH2_",    // Okta's Spring Boot starter and samples
		"OKTA_HTTP_PROXY", // Terraform's Okta provider
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	// Terraform's Okta provider: the names that are not in neighbours.
	others := []string{"OKTA_ACCESS_TOKEN", "OKTA_API_SCOPES", "OKTA_DPOP_PRIVATE_KEY"}
	return slices.Contains(others, name) || neighbourOf(name) != "" && spelling(name) == name
}

// spelling is a name in capitals with underscores, as settings are written.
func spelling(name string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}

// nearest returns the setting that a wrong name was probably meant to be, or "": one within two letters, or the same
// without its underscores, or with this program's or Okta's name before it.
func nearest(name string) string {
	upper := withoutOurPrefix(spelling(name))
	best, bestDistance := "", tooFar
	for _, s := range Settings() {
		if len(s.Name) < 6 || s.Name == name {
			continue
		}
		d := min(distance(upper, s.Name), distance(spelling(name), s.Name))
		if squeeze(upper) == squeeze(s.Name) {
			d = 0
		}
		if d < bestDistance {
			best, bestDistance = s.Name, d
		}
	}
	return best
}

// withoutOurPrefix takes off what people put before a setting to say whose it is: OKTA_, OKTA_MCP_,
// OKTA_ENTITLEMENTS_MCP_ and the like.
func withoutOurPrefix(name string) string {
	for {
		word, rest, found := strings.Cut(name, "_")
		if !found || !slices.Contains([]string{"OKTA", "MCP", "ENTITLEMENTS", "IGA", "OIG", "SERVER"}, word) {
			return name
		}
		name = rest
	}
}

func squeeze(name string) string { return strings.ReplaceAll(name, "_", "") }

// tooFar is a distance that no misspelling has.
const tooFar = 3

// distance is the number of single-character edits between two names (Levenshtein), tooFar when their lengths alone make
// it that: every variable of the environment is held against every setting.
func distance(a, b string) int {
	if len(a)-len(b) >= tooFar || len(b)-len(a) >= tooFar {
		return tooFar
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
