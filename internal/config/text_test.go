package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/config"
)

const (
	begin = "<!-- settings:begin -->\n"
	end   = "<!-- settings:end -->"
)

// With UPDATE=1 in the environment the files are written instead of compared.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	update := os.Getenv("UPDATE") == "1"
	same(t, "../../.env.example", config.EnvExample(), update)
	readme, err := os.ReadFile("../../README.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no README yet")
	}
	before, rest, ok := strings.Cut(strings.ReplaceAll(string(readme), "\r\n", "\n"), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md has no block between %q and %q", strings.TrimSpace(begin), end)
	}
	same(t, "../../README.md", before+begin+config.MarkdownTable()+end+after, update)
}

func same(t *testing.T, path, want string, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil || strings.ReplaceAll(string(got), "\r\n", "\n") != want {
		t.Errorf("%s is out of date (%v); run: UPDATE=1 go test ./internal/config", path, err)
	}
}

func TestACopyOfTheExampleWorksAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	put(t, w.work, ".env", config.EnvExample())
	if c := w.load(t); !c.Okta.Demo || len(c.Warnings) != 0 {
		t.Errorf("demo %v, warnings %q", c.Okta.Demo, c.Warnings)
	}
}

func TestTheDefaultsInTheExampleAreTheDefaultsInForce(t *testing.T) {
	plain := newWorld(t, map[string]string{"OKTA_DOMAIN": "demo"})
	written := plain
	var b strings.Builder
	for _, s := range config.Settings() {
		if s.Default != "" {
			fmt.Fprintf(&b, "%s=%q\n", s.Name, s.Default)
		}
	}
	want := plain.load(t)
	put(t, plain.exe, ".env", b.String())
	got := written.load(t)
	got.Sources, want.Sources, got.CSVDir, want.CSVDir = config.Sources{}, config.Sources{}, "", ""
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEverySettingIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		if s.Doc == "" || s.Group == "" || s.Kind == "" || seen[s.Name] || strings.ContainsAny(s.Doc, "\n|") {
			t.Errorf("%+v: incomplete or declared twice", s)
		}
		if s.Secret && s.Default != "" {
			t.Errorf("%s: a secret with a default", s.Name)
		}
		seen[s.Name] = true
		if !strings.Contains(config.MarkdownTable(), "`"+s.Name+"`") || s.EnvOnly == strings.Contains(config.EnvExample(), s.Name+"=") {
			t.Errorf("%s is missing from a generated file", s.Name)
		}
	}
}
