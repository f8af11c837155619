package config

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

const envFileVar = "OKTA_MCP_ENV_FILE"

type envFile struct {
	path   string // empty = none found
	values map[string]string
}

// candidate is a place where an .env file may be.
type candidate struct {
	path, from string
	must       bool // asked for by name: its absence is an error
}

func (l *loading) candidates() []candidate {
	if l.opts.EnvFile != "" {
		return []candidate{{l.named("--env-file", l.opts.EnvFile), "--env-file", true}}
	}
	if path, ok := l.opts.Environ(envFileVar); ok && strings.TrimSpace(path) != "" {
		return []candidate{{l.named(envFileVar, strings.TrimSpace(path)), envFileVar, true}}
	}
	var list []candidate
	add := func(dir, from string, under ...string) {
		if dir != "" {
			list = append(list, candidate{path: filepath.Join(append([]string{dir}, append(under, ".env")...)...), from: from})
		}
	}
	add(l.opts.WorkDir, "working directory")
	add(l.opts.ExeDir, "directory of the program")
	add(l.opts.UserConfigDir, "user configuration directory", Name)
	return list
}

func (l *loading) named(setting, path string) string {
	full, err := absolute(path, l.opts.WorkDir, l.opts.HomeDir)
	if err != nil {
		l.refuse(setting, "%v", err)
	}
	return full
}

// findEnvFile reads the first .env file there is. One that exists but cannot be read is an error: going on to the
// next would silently use other settings.
func (l *loading) findEnvFile() {
	for _, c := range l.candidates() {
		if c.path == "" {
			continue
		}
		l.c.Sources.Searched = append(l.c.Sources.Searched, c.path)
		text, err := readSmall(c.path)
		if errors.Is(err, fs.ErrNotExist) && !c.must {
			continue
		}
		name := c.from
		if !c.must {
			name = ".env"
		}
		if err != nil {
			l.refuse(name, "%v", err)
			return
		}
		l.c.Sources.EnvFile = Place{Path: c.path, From: c.from}
		l.file.path = c.path
		// The parser's error quotes the line, which may hold a secret.
		l.file.values, err = godotenv.Parse(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
		if err != nil {
			l.refuse(name, "%s is not well formed; each line must read NAME=value, values with spaces or # in quotes", c.path)
		}
		return
	}
}

// checkNames refuses names in the .env file that are meant for this program but mean nothing to it, and warns of
// environment variables that look like a misspelt setting.
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
		if near := nearest(name); near != "" && !known[name] && !strings.HasPrefix(name, "AWS_") {
			l.warn("%s: environment variable is not a setting; did you mean %s?", name, near)
		}
	}
	if secretInFile {
		l.warnIfOpen(".env", l.file.path)
	}
}

func (l *loading) checkFileName(name string) {
	switch near := nearest(name); {
	case near != "":
		l.refuse(name, "in %s is not a setting; did you mean %s?", l.file.path, near)
	case strings.HasPrefix(name, "AWS_"):
		l.refuse(name, "has no effect in %s; set it in the environment, where the AWS SDK finds it", l.file.path)
	case strings.HasPrefix(name, "OKTA_") || strings.HasPrefix(name, "S3_"):
		l.refuse(name, "in %s is not a setting; see .env.example for the list", l.file.path)
	}
}

func sortedNames(values map[string]string) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// nearest returns the setting that a wrong name was probably meant to be, or "".
func nearest(name string) string {
	upper := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	switch upper { // what other programs call the same thing
	case "OKTA_ORG_URL", "OKTA_ORG_NAME", "OKTA_ORGURL", "OKTA_URL", "OKTA_CLIENT_ORGURL", "OKTA_BASE_URL", "OKTA_ORG":
		return "OKTA_DOMAIN"
	case "OKTA_TOKEN", "OKTA_CLIENT_TOKEN", "OKTA_APITOKEN", "OKTA_API_KEY":
		return "OKTA_API_TOKEN"
	case "S3_BUCKET":
		return "S3_BUCKET_NAME"
	}
	best, bestDistance := "", 3
	for _, s := range Settings() {
		if len(s.Name) < 6 {
			continue
		}
		if d := distance(upper, s.Name); d < bestDistance && !(d == 0 && name == s.Name) {
			best, bestDistance = s.Name, d
		}
	}
	return best
}

// distance is the number of single-character edits between two names (Levenshtein).
func distance(a, b string) int {
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
