package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/config"
)

func TestTheFirstEnvFileFoundIsReadAlone(t *testing.T) {
	w := newWorld(t, map[string]string{})
	other := t.TempDir()
	var files []string
	for i, dir := range []string{filepath.Join(w.conf, config.Name), w.exe, w.work, other} {
		files = append(files, put(t, dir, ".env", "OKTA_DOMAIN=org"+string(rune('0'+i))+".okta.com\nOKTA_API_TOKEN=00a\n"))
		if dir == other {
			w.env["OKTA_MCP_ENV_FILE"] = filepath.Join(other, ".env")
		}
		c := w.load(t)
		if c.Sources.EnvFile.Path != files[i] || !strings.Contains(c.Okta.BaseURL, "org"+string(rune('0'+i))) {
			t.Errorf("read %+v with %s, want %s", c.Sources.EnvFile, c.Okta.BaseURL, files[i])
		}
	}
	opts := w.options()
	opts.EnvFile = filepath.Join("..", "exe", ".env")
	c, err := config.Load(opts)
	if err != nil || c.Sources.EnvFile != (config.Place{Path: files[1], From: "--env-file"}) {
		t.Errorf("--env-file: %+v, %v, want %s", c, err, files[1])
	}
	opts.EnvFile = "missing.env"
	if _, err := config.Load(opts); err == nil || !strings.Contains(err.Error(), "missing.env") {
		t.Errorf("--env-file that does not exist: %v, want it named", err)
	}
}

func TestEnvironmentWinsOverTheFileAndBlankCountsAsUnset(t *testing.T) {
	w := newWorld(t, map[string]string{"OKTA_DOMAIN": "env.okta.com", "OKTA_API_TOKEN": "", "LOG_FORMAT": "  "})
	put(t, w.work, ".env", "\xef\xbb\xbfOKTA_DOMAIN=file.okta.com\r\nexport OKTA_API_TOKEN='00$a#b'\r\nLOG_FORMAT=json # for machines\r\n")
	c := w.load(t)
	if c.Okta.BaseURL != "https://env.okta.com" || c.Okta.Token.Reveal() != "00$a#b" || c.LogFormat != "json" {
		t.Errorf("domain %s, token ok %v, format %s", c.Okta.BaseURL, c.Okta.Token.Reveal() == "00$a#b", c.LogFormat)
	}
	if from := c.Sources.Settings; from["OKTA_DOMAIN"] != "environment" || from["OKTA_API_TOKEN"] != ".env file" || from["READ_ONLY"] != "" {
		t.Errorf("sources = %v", from)
	}
}

func TestRelativePathsStartWhereTheyAreWritten(t *testing.T) {
	w := newWorld(t, live("STATE_DIR", "st"))
	put(t, w.exe, ".env", "CSV_DIR=in/box\n")
	c := w.load(t)
	if c.CSVDir != filepath.Join(w.exe, "in", "box") || c.StateDir != filepath.Join(w.work, "st") {
		t.Errorf("inbox %s, state %s", c.CSVDir, c.StateDir)
	}
	w.env["CSV_DIR"] = "~/reports"
	if c := w.load(t); c.CSVDir != filepath.Join(w.home, "reports") || c.Sources.CSVDir.From != "environment" {
		t.Errorf("inbox %+v, want it in the home directory", c.Sources.CSVDir)
	}
}

func TestTheInboxIsFoundFromAnyWorkingDirectory(t *testing.T) {
	w := newWorld(t, live())
	check := func(want, from string) {
		t.Helper()
		c := w.load(t)
		if c.CSVDir != want || c.Sources.CSVDir.From != from || c.StateDir != filepath.Join(w.state, config.Name) {
			t.Errorf("inbox %+v, state %s; want %s (%s)", c.Sources.CSVDir, c.StateDir, want, from)
		}
	}
	check(filepath.Join(w.state, config.Name, "csv"), "user state directory")
	put(t, w.exe, "csv/a.csv", "")
	check(filepath.Join(w.exe, "csv"), "directory of the program")
	put(t, w.work, "csv/a.csv", "")
	check(filepath.Join(w.work, "csv"), "working directory")
	put(t, filepath.Join(w.conf, config.Name), ".env", "LOG_LEVEL=debug\n")
	check(filepath.Join(w.conf, config.Name, "csv"), "beside the .env file")
	w.work = "" // removed under the process
	check(filepath.Join(w.conf, config.Name, "csv"), "beside the .env file")
}

func TestDirectoriesThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t, live("CSV_DIR", "file"))
	put(t, w.work, "file", "")
	w.state = ""
	_, err := config.Load(w.options())
	if err == nil || !strings.Contains(err.Error(), "CSV_DIR") || !strings.Contains(err.Error(), "STATE_DIR") {
		t.Errorf("error = %v, want CSV_DIR is a file and STATE_DIR unknown", err)
	}
}

func TestMisspeltSettingsInTheFileAreRefusedByName(t *testing.T) {
	for line, want := range map[string]string{
		"OKTA_DOMIAN=x":        "OKTA_DOMAIN",
		"okta_domain=x":        "OKTA_DOMAIN",
		"OKTA_ORG_URL=x":       "OKTA_DOMAIN",
		"OKTA_API_TOKENS=x":    "OKTA_API_TOKEN",
		"S3_BUCKET=x":          "S3_BUCKET_NAME",
		"S3_WHATEVER=x":        "not a setting",
		"RATE_LIMIT_TRESHOLD=": "RATE_LIMIT_THRESHOLD",
		"AWS_ROLE_ARN=x":       "set it in the environment",
		"OKTA_MCP_ENV_FILE=x":  "no effect",
		"just words":           "NAME=value",
	} {
		w := newWorld(t, live())
		path := put(t, w.work, ".env", line+"\nPATH_OF_SOMETHING_ELSE=1\n")
		name, _, _ := strings.Cut(line, "=")
		_, err := config.Load(w.options())
		if err == nil || !strings.Contains(err.Error(), want) || line != "just words" && !strings.Contains(err.Error(), name) {
			t.Errorf("%s in %s: %v, want %q", line, path, err, want)
		}
	}
}

func TestMisspeltEnvironmentVariablesWarn(t *testing.T) {
	c := newWorld(t, live("LOG_LEVELL", "debug", "HOME", "/", "LOGNAME", "me", "AWS_DEFAULT_REGION", "x", "OKTA_SOMETHING", "y")).load(t)
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "LOG_LEVEL?") {
		t.Errorf("warnings = %q, want one for LOG_LEVELL", c.Warnings)
	}
}

func TestSecretsOfAMalformedFileAreNotQuoted(t *testing.T) {
	w := newWorld(t, live())
	put(t, w.work, ".env", "OKTA_API_TOKEN \"HUNTER2\nx")
	if _, err := config.Load(w.options()); err == nil || strings.Contains(err.Error(), "HUNTER2") {
		t.Errorf("error = %v, want one without the secret", err)
	}
}

func TestProcessOptionsNameAbsoluteDirectories(t *testing.T) {
	opts := config.FromProcess()
	for _, dir := range []string{opts.WorkDir, opts.ExeDir} {
		if !filepath.IsAbs(dir) {
			t.Errorf("%q is not absolute", dir)
		}
	}
	if len(opts.Names) == 0 || slices.Contains(opts.Names, "") && os.Getenv("OS") == "" {
		t.Errorf("names = %q", opts.Names)
	}
}

func TestPlacesAreThoseOfTheWholeConfigurationAndNeedNoOrganisation(t *testing.T) {
	w := newWorld(t, live("STATE_DIR", "st"))
	put(t, w.exe, ".env", "CSV_DIR=in/box\n")
	want := w.load(t).Sources
	w.env["OKTA_DOMAIN"], w.env["OKTA_API_TOKEN"], w.env["TOOL_WAIT"] = "not a host", "", "long"
	if _, err := config.Load(w.options()); err == nil {
		t.Fatal("the configuration is accepted though it is wrong")
	}
	got, err := config.LoadPlaces(w.options())
	if err != nil || got.StateDir != want.StateDir || got.CSVDir != want.CSVDir {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	w.env["STATE_DIR"] = put(t, w.work, "file", "in the way")
	if _, err := config.LoadPlaces(w.options()); err == nil {
		t.Error("a file is accepted as the state directory")
	}
}
