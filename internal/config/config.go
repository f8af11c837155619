package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/secret"
)

// Name is the program's directory in the user's configuration and state directories.
const Name = "okta-entitlements-mcp"

// Words of GRANT_MODE and RESUME_RUNS.
const (
	GrantAdditive    = "additive"
	GrantCustomMerge = "custom-merge"
	ResumeRuns       = "resume"
	ReportRuns       = "report"
)

// Config is everything that can be set, checked. It may be printed: secrets show a mask.
type Config struct {
	Okta           Okta
	CSVDir         string        // absolute; may not exist yet
	StateDir       string        // absolute; may not exist yet
	PlanKeep       time.Duration // how long a plan that never ran is kept; 0 for good
	ReadOnly       bool
	GrantMode      string  // GrantAdditive or GrantCustomMerge
	Threshold      float64 // share of each rate limit, 0.05 to 0.95
	MaxConcurrency int     // 0 = found out
	ResumeRuns     string  // ResumeRuns or ReportRuns
	RingSize       int
	RingAbove      int
	StopErrorRate  float64       // share of operations, 0.01 to 1
	SettleAfter    time.Duration // how long Okta's lists may lag behind a write
	ToolWait       time.Duration
	S3             S3
	MFA            MFA
	Jira           Jira
	Slack          Slack
	LogLevel       slog.Level
	LogFormat      string // "text" or "json"

	Sources  Sources
	secrets  []secret.Secret // every setting that is one
	Warnings []string        // what was put right or looks unwise; for stderr and doctor
}

// Secrets knows every secret of the configuration, to keep it out of trail and logs.
func (c *Config) Secrets() *secret.Hider {
	return secret.NewHider(append(slices.Clone(c.secrets), c.Okta.Token, c.Okta.PrivateKey)...)
}

// Okta says which organisation, and with which credential. Either Token is set, or ClientID with PrivateKey and KeyID, or Demo.
type Okta struct {
	Demo           bool
	BaseURL        string // scheme://host[:port]; empty for the demo
	Token          secret.Secret
	ClientID       string
	PrivateKey     secret.Secret // PEM with real line breaks, or JWK; also filled from PrivateKeyFile
	PrivateKeyFile string
	KeyID          string
	Scopes         []string
	CAFile         string
	CA             []byte // content of CAFile, PEM
}

// S3 is the bucket that reports come from.
type S3 struct {
	Enabled         bool
	Bucket, Prefix  string
	AllowedPaths    []string
	MaxObjectBytes  int64
	Endpoint        string // empty = AWS
	Region, Profile string // empty = as the AWS SDK finds them
	AccessKeyID     string
	SecretAccessKey secret.Secret
	SessionToken    secret.Secret
}

// Place is where something was found, and how.
type Place struct {
	Path string `json:"path"` // absolute; empty = nowhere
	From string `json:"from"` // in words: "working directory"
}

// Sources says where the configuration comes from; it holds no values.
type Sources struct {
	EnvFile  Place    `json:"env_file"`
	Searched []string `json:"searched"` // where an .env file was looked for, in order
	CSVDir   Place    `json:"csv_dir"`
	StateDir Place    `json:"state_dir"`
	// Settings says for each setting that is set, by name: "environment" or ".env file".
	Settings map[string]string `json:"settings"`
}

// LoadOptions is what Load knows of the process it runs in.
type LoadOptions struct {
	Environ       func(name string) (string, bool) // os.LookupEnv
	Names         []string                         // names of all environment variables, to notice misspelt ones
	EnvFile       string                           // --env-file; empty = search
	Demo          bool                             // --demo: OKTA_DOMAIN is demo whatever is set
	WorkDir       string                           // absolute; empty when it is not known
	ExeDir        string                           // directory of the executable
	HomeDir       string                           // for paths that begin with ~/
	UserConfigDir string
	UserStateDir  string
}

// FromProcess fills LoadOptions from the process. What cannot be found out stays empty.
func FromProcess() LoadOptions {
	opts := LoadOptions{Environ: os.LookupEnv}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		opts.Names = append(opts.Names, name)
	}
	opts.WorkDir, _ = os.Getwd()
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real // a link in a bin directory: the .env lies with the real program
		}
		opts.ExeDir = filepath.Dir(exe)
	}
	opts.HomeDir, _ = os.UserHomeDir()
	opts.UserConfigDir, _ = os.UserConfigDir()
	opts.UserStateDir = userStateDir(runtime.GOOS, opts.HomeDir, os.Getenv)
	return opts
}

// Problem is one thing wrong with one setting. Text never holds a secret.
type Problem struct {
	Setting string
	Text    string
}

// Problems is the error of Load: everything that is wrong, at once.
type Problems []Problem

func (p Problems) Error() string {
	var b strings.Builder
	b.WriteString("read configuration:")
	for _, problem := range p {
		fmt.Fprintf(&b, "\n  %s: %s", problem.Setting, problem.Text)
	}
	return b.String()
}

// loading gathers what Load finds.
type loading struct {
	opts     LoadOptions
	c        *Config
	file     envFile
	problems Problems
	set      map[string]bool // settings that have a value of their own, not a default
}

func (l *loading) refuse(setting, format string, args ...any) {
	l.problems = append(l.problems, Problem{Setting: setting, Text: fmt.Sprintf(format, args...)})
}

func (l *loading) warn(format string, args ...any) {
	l.c.Warnings = append(l.c.Warnings, fmt.Sprintf(format, args...))
}

// Load reads and checks the configuration. A variable of the environment wins over the .env file; an empty one counts
// as not set, because clients hand on blank fields so. The error is Problems when settings are wrong.
func Load(opts LoadOptions) (*Config, error) {
	l, err := begin(opts)
	if err != nil {
		return nil, err
	}
	l.checkNames()
	for _, s := range Settings() {
		l.apply(s)
	}
	l.finishOkta()
	l.finishDirs()
	l.finishS3()
	l.finishAudit()
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return l.c, nil
}

// LoadPlaces says where inbox and state are, from the same sources as Load. It needs no organisation and no credential,
// and it does not look at other settings.
func LoadPlaces(opts LoadOptions) (*Sources, error) {
	l, err := begin(opts)
	if err != nil {
		return nil, err
	}
	for _, s := range Settings() {
		if s.Name == "STATE_DIR" || s.Name == "CSV_DIR" {
			l.apply(s)
		}
	}
	l.finishDirs()
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return &l.c.Sources, nil
}

// begin finds and reads the .env file.
func begin(opts LoadOptions) (*loading, error) {
	if opts.Environ == nil {
		return nil, errors.New("read configuration: no environment given")
	}
	l := &loading{opts: opts, c: &Config{Sources: Sources{Settings: map[string]string{}}}, set: map[string]bool{}}
	l.findEnvFile()
	return l, nil
}

// apply finds a setting's text, reads it, and puts it into the Config.
func (l *loading) apply(s Setting) {
	text, base := l.lookup(s)
	if text == "" {
		text = s.Default
	} else {
		l.set[s.Name] = true
	}
	if text == "" {
		return
	}
	v, note, err := read(s, text, base, l.opts.HomeDir)
	if err != nil {
		l.refuse(s.Name, "%v", err)
		return
	}
	if note != "" {
		l.warn("%s: %s", s.Name, note)
	}
	if s.Secret {
		l.c.secrets = append(l.c.secrets, secretOf(v))
	}
	s.set(l.c, v)
}

// lookup returns a setting's text, and the directory that relative paths in it start from.
func (l *loading) lookup(s Setting) (text, base string) {
	if s.Name == "OKTA_DOMAIN" && l.opts.Demo {
		l.c.Sources.Settings[s.Name] = "--demo"
		return demo, ""
	}
	if text, ok := l.opts.Environ(s.Name); ok && strings.TrimSpace(text) != "" {
		l.c.Sources.Settings[s.Name] = "environment"
		return strings.TrimSpace(text), l.opts.WorkDir
	}
	if text := strings.TrimSpace(l.file.values[s.Name]); text != "" && !s.EnvOnly {
		l.c.Sources.Settings[s.Name] = ".env file"
		return text, filepath.Dir(l.file.path)
	}
	return "", ""
}
