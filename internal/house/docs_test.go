package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/report"
)

// documents are README.md and everything under docs/.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	read := func(path string) {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	read("README.md")
	err := fs.WalkDir(os.DirFS(root), "docs", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			read(path)
		}
		return err
	})
	if err != nil || len(texts) < 10 {
		t.Fatalf("%d documents: %v", len(texts), err)
	}
	return texts
}

// blocks are the code blocks of a document in one language; "" are those without.
func blocks(text, language string) []string {
	var found []string
	for _, match := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		if match[1] == language {
			found = append(found, match[2])
		}
	}
	return found
}

// auditLines are the command lines of audits in a text, without what the shell does around them.
func auditLines(text string) [][]string {
	text = strings.ReplaceAll(text, "\\\n", " ")
	word := regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)
	var lines [][]string
	for line := range strings.Lines(text) {
		_, flags, found := strings.Cut(line, "audit mfa")
		if !found {
			continue
		}
		var words []string
		for _, w := range word.FindAllString(flags, -1) {
			if w == "|" || w == "||" || w == "&&" || w == "#" ||
				strings.ContainsAny(w, "<>`") && !strings.HasPrefix(w, "'") && !strings.HasPrefix(w, `"`) {
				break
			}
			words = append(words, strings.Trim(w, `'"`))
		}
		lines = append(lines, words)
	}
	return lines
}

// wrongAudit says what is wrong with the words after `audit mfa`, nil when nothing is.
func wrongAudit(words []string) error {
	cmd, _, err := cli.Commands(nil).Find([]string{"audit", "mfa"})
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(words); err != nil {
		return err
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err
	}
	return cmd.PreRunE(cmd, cmd.Flags().Args())
}

// TestAuditCommandsInTheDocumentsAreTakenByTheProgram parses each with the command's own flags.
func TestAuditCommandsInTheDocumentsAreTakenByTheProgram(t *testing.T) {
	seen := 0
	for name, text := range documents(t) {
		for _, language := range []string{"", "sh", "ini", "dockerfile"} {
			for _, block := range blocks(text, language) {
				for _, words := range auditLines(block) {
					seen++
					if err := wrongAudit(words); err != nil {
						t.Errorf("%s: audit mfa %s: %v", name, strings.Join(words, " "), err)
					}
				}
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d command lines were found: the test looks in the wrong place", seen)
	}
	for _, wrong := range [][]string{{"--sample", "1"}, {"--jira", "each"}, {"--fail-on", "many>0"}, {"Finance"},
		{"--baseline", "x.csv", "--full"}} {
		if wrongAudit(wrong) == nil {
			t.Errorf("a planted mistake was not found: %v", wrong)
		}
	}
}

// TestYAMLInTheDocumentsParses, and the commands in it are taken.
func TestYAMLInTheDocumentsParses(t *testing.T) {
	parsed, commands := 0, 0
	for name, text := range documents(t) {
		for _, block := range blocks(text, "yaml") {
			decoder := yaml.NewDecoder(strings.NewReader(block))
			for {
				var value any
				if err := decoder.Decode(&value); err != nil {
					if err.Error() != "EOF" {
						t.Errorf("%s: %v in\n%s", name, err, block)
					}
					break
				}
				parsed++
				for _, words := range argumentsIn(value) {
					commands++
					if err := wrongAudit(words); err != nil {
						t.Errorf("%s: %v: %v", name, words, err)
					}
				}
			}
		}
	}
	if parsed < 4 || commands < 2 {
		t.Errorf("%d YAML documents with %d commands were found: the test looks in the wrong place", parsed, commands)
	}
}

// argumentsIn finds lists that begin with audit, mfa, and scripts with the command in them.
func argumentsIn(value any) (found [][]string) {
	switch v := value.(type) {
	case string:
		return auditLines(v)
	case map[string]any:
		for _, inner := range v {
			found = append(found, argumentsIn(inner)...)
		}
	case []any:
		var words []string
		for _, item := range v {
			word, isWord := item.(string)
			if !isWord {
				found = append(found, argumentsIn(item)...)
			}
			words = append(words, word)
		}
		if len(words) > 1 && words[0] == "audit" && words[1] == "mfa" {
			found = append(found, words[2:])
		}
	}
	return found
}

// TestFlagsAndSettingsInTheDocumentsExist: what is in backticks with two dashes is a flag of some command, and what
// looks like one of our settings is one.
func TestFlagsAndSettingsInTheDocumentsExist(t *testing.T) {
	flags := map[string]bool{"--help": true}
	var collect func(cmd *cobra.Command)
	collect = func(cmd *cobra.Command) {
		for _, word := range strings.Fields(cmd.LocalFlags().FlagUsages()) {
			if strings.HasPrefix(word, "--") {
				flags[strings.TrimRight(word, ",")] = true
			}
		}
		for _, sub := range cmd.Commands() {
			collect(sub)
		}
	}
	collect(cli.Commands(nil))
	settings := map[string]bool{}
	for _, s := range config.Settings() {
		settings[s.Name] = true
	}
	inline := regexp.MustCompile("`(--[a-z][a-z-]*)")
	setting := regexp.MustCompile(`\b(?:MFA|JIRA|SLACK)_[A-Z_]+\b`)
	tested := regexp.MustCompile(`(?:MFA|CHAOS|PROPERTY|UNDO)_WORLDS`) // of tests
	seen := 0
	for name, text := range documents(t) {
		for _, match := range inline.FindAllStringSubmatch(text, -1) {
			if seen++; !flags[match[1]] {
				t.Errorf("%s names the flag %s, which no command has", name, match[1])
			}
		}
		for _, match := range setting.FindAllString(text, -1) {
			if seen++; !settings[match] && !tested.MatchString(match) && match != "MFA_ENROLL" {
				t.Errorf("%s names the setting %s, which does not exist", name, match)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d names were found", seen)
	}
}

// TestTheExamplePolicyHoldsEveryFieldAndIsAccepted, and so are the policies in the documents.
func TestTheExamplePolicyHoldsEveryFieldAndIsAccepted(t *testing.T) {
	now := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	text, err := os.ReadFile(filepath.Join(root, "docs", "mfa-policy.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, notes, err := mfa.ParsePolicy(strings.NewReader(string(text)), mfa.DefaultPolicy(), now)
	if err != nil || len(notes) > 0 {
		t.Errorf("the example: %v, notes %v", err, notes)
	}
	if len(p.Exemptions) != 2 || p.Deadline.IsZero() || len(p.AllowedFactorTypes) == 0 {
		t.Errorf("the example is read as %+v", p)
	}
	for _, field := range []string{"enforcement_level", "allowed_factor_types", "mfa_methods",
		"grace_period_hours", "enrollment_deadline", "exemptions", "minimum_coverage", "sample", "resolve_okta_verify"} {
		if !regexp.MustCompile(`(?m)^` + field + ":").Match(text) {
			t.Errorf("the example lacks %s", field)
		}
	}
	policies := 0
	for name, document := range documents(t) {
		for _, block := range blocks(document, "yaml") {
			if strings.Contains(block, "mfa_methods:") && !strings.Contains(block, "kind:") {
				policies++
				if _, _, err := mfa.ParsePolicy(strings.NewReader(block), mfa.DefaultPolicy(), now); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	if policies == 0 {
		t.Error("no document shows a policy")
	}
}

// TestTheDocumentsListEveryCondition: no other place lists the names for --fail-on.
func TestTheDocumentsListEveryCondition(t *testing.T) {
	text := documents(t)["docs/headless.md"]
	for _, name := range report.ConditionNames() {
		if !strings.Contains(text, "`"+strings.TrimPrefix(name, "admins.")+"`") {
			t.Errorf("docs/headless.md does not name the condition %s", name)
		}
	}
	if !slices.Contains(report.ConditionNames(), "not_enrolled") {
		t.Errorf("conditions are %v", report.ConditionNames())
	}
}
