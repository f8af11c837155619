package config

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
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
		l.file.values, err = godotenv.Parse(bytes.NewReader(text))
		if err != nil {
			l.refuse(name, "%s is not well formed; each line must read NAME=value, values with spaces or # in quotes", c.path)
		}
		return
	}
}
