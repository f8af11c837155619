package config

import (
	"os"
	"path/filepath"
	"strings"
)

// finishDirs settles where the inbox and the state are when no setting says.
func (l *loading) finishDirs() {
	stateHome := ""
	if l.opts.UserStateDir != "" {
		stateHome = filepath.Join(l.opts.UserStateDir, Name)
	}
	if l.set["STATE_DIR"] {
		l.c.Sources.StateDir = Place{Path: l.c.StateDir, From: l.c.Sources.Settings["STATE_DIR"]}
	} else {
		l.c.Sources.StateDir = Place{Path: stateHome, From: "user state directory"}
	}
	l.c.StateDir = l.c.Sources.StateDir.Path
	l.c.Sources.CSVDir = l.inbox(stateHome)
	l.c.CSVDir = l.c.Sources.CSVDir.Path
	l.checkDir("STATE_DIR", l.c.StateDir)
	l.checkDir("CSV_DIR", l.c.CSVDir)
}

func (l *loading) inbox(stateHome string) Place {
	if l.set["CSV_DIR"] {
		return Place{Path: l.c.CSVDir, From: l.c.Sources.Settings["CSV_DIR"]}
	}
	if l.file.path != "" {
		return Place{Path: filepath.Join(filepath.Dir(l.file.path), "csv"), From: "beside the .env file"}
	}
	for _, p := range []Place{{l.opts.WorkDir, "working directory"}, {l.opts.ExeDir, "directory of the program"}} {
		if p.Path == "" {
			continue
		}
		p.Path = filepath.Join(p.Path, "csv")
		if info, err := os.Stat(p.Path); err == nil && info.IsDir() {
			return p
		}
	}
	if stateHome == "" {
		return Place{}
	}
	return Place{Path: filepath.Join(stateHome, "csv"), From: "user state directory"}
}

func (l *loading) checkDir(setting, path string) {
	if path == "" {
		for _, p := range l.problems {
			if p.Setting == setting {
				return
			}
		}
		l.refuse(setting, "not set, and the user's state directory is not known; set it")
		return
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		l.refuse(setting, "%s is a file; a directory is needed", path)
	}
}

// userStateDir is the directory for what programs keep between runs, "" when it is not known.
// XDG base directory specification: a relative XDG_STATE_HOME is to be ignored.
func userStateDir(goos, home string, getenv func(string) string) string {
	switch goos {
	case "windows":
		return getenv("LocalAppData")
	case "darwin":
		if home == "" {
			return ""
		}
		return filepath.Join(home, "Library", "Application Support")
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	if home == "" {
		return ""
	}
	return filepath.Join(home, ".local", "state")
}

// finishS3 checks what concerns several S3 settings at once.
func (l *loading) finishS3() {
	s := &l.c.S3
	if s.Enabled && s.Bucket == "" {
		l.missing("S3_BUCKET_NAME", "not set; S3_ENABLED=true needs it")
	}
	if strings.ContainsAny(s.Bucket, "/ \t") || strings.Contains(s.Bucket, "..") {
		l.refuse("S3_BUCKET_NAME", "%q is not the name of a bucket; write the name alone, without s3:// and path", s.Bucket)
	}
	if trimmed := strings.TrimLeft(s.Prefix, "/"); trimmed != s.Prefix {
		l.warn("S3_PREFIX: keys do not begin with a slash; using %q", trimmed)
		s.Prefix = trimmed
	}
	for i, path := range s.AllowedPaths {
		s.AllowedPaths[i] = strings.TrimLeft(path, "/")
		if s.AllowedPaths[i] == "" {
			l.refuse("S3_ALLOWED_PATHS", "%q would allow everything; leave the setting out for that", path)
		}
	}
	if l.set["AWS_ACCESS_KEY_ID"] != l.set["AWS_SECRET_ACCESS_KEY"] {
		l.refuse("AWS_ACCESS_KEY_ID", "and AWS_SECRET_ACCESS_KEY belong together; set both or neither")
	}
}
