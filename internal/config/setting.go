// Package config reads the settings from the environment and an .env file. Every setting is declared once, in
// Settings; loading, checking, .env.example and the table in the README all come from that list.
package config

import (
	"strings"
	"time"
)

// Kind says how a setting's text is read.
type Kind string

// The kinds of settings.
const (
	Text     Kind = "text"
	Domain   Kind = "domain"   // an Okta organisation, or "demo"
	Path     Kind = "path"     // a file or directory; relative to the .env file or the working directory
	List     Kind = "list"     // separated by spaces or commas
	Commas   Kind = "commas"   // separated by commas only
	Bool     Kind = "bool"     // true, false, yes, no, on, off, 1, 0
	Whole    Kind = "whole"    // a whole number between Min and Max
	Share    Kind = "share"    // a fraction between Min and Max
	Duration Kind = "duration" // Go's notation with a unit, between Min and Max seconds
	Choice   Kind = "choice"   // one of Allowed
	URL      Kind = "url"      // http or https
)

// Setting is the declaration of one setting.
type Setting struct {
	Name     string
	Group    string // heading in .env.example and in the README
	Kind     Kind
	Default  string
	Secret   bool
	Safety   bool     // holds the program back: a misspelt one in the environment is refused, since none would be missed
	EnvOnly  bool     // has no meaning inside an .env file
	Required string   // when it must be set, in words; empty = never
	Allowed  []string // for Choice
	Min, Max float64  // for Whole, Share and Duration (seconds)
	Doc      string   // one line
	Example  string

	set func(*Config, value)
}

// value is a setting's text as its kind reads it; only the field of the kind is filled, besides text.
type value struct {
	text string
	yes  bool
	n    int
	f    float64
	d    time.Duration
	list []string
}

// Values describes what may be written, for people: "true or false", "0 to 64", the choices.
func (s Setting) Values() string {
	switch s.Kind {
	case Bool:
		return "true or false"
	case Choice:
		return strings.Join(s.Allowed, ", ")
	case Whole, Share:
		return number(s.Min) + " to " + number(s.Max)
	case Duration:
		return seconds(s.Min).String() + " to " + seconds(s.Max).String()
	}
	return ""
}

// The headings, in the order in which they are shown.
const (
	groupOkta   = "Okta organisation"
	groupFiles  = "Files"
	groupEngine = "Writing to Okta"
	groupS3     = "Reports from S3"
	groupAudit  = "MFA audit"
	groupJira   = "Tickets in Jira"
	groupSlack  = "Messages in Slack"
	groupLog    = "Logging"
)

// Settings returns every setting, in the order in which people read them.
func Settings() []Setting {
	all := oktaSettings()
	all = append(all, fileSettings()...)
	all = append(all, engineSettings()...)
	all = append(all, s3Settings()...)
	all = append(all, auditSettings()...)
	all = append(all, jiraSettings()...)
	all = append(all, slackSettings()...)
	return append(all, logSettings()...)
}

func oktaSettings() []Setting {
	return []Setting{
		{
			Name:     "OKTA_DOMAIN",
			Group:    groupOkta,
			Kind:     Domain,
			Required: "always",
			Doc:      "The organisation's address. `demo` serves a simulated tenant inside the program.",
			Example:  "demo",
			set:      func(c *Config, v value) { c.Okta.Demo, c.Okta.BaseURL = v.text == demo, v.text },
		},
		{
			Name:     "OKTA_API_TOKEN",
			Group:    groupOkta,
			Kind:     Text,
			Secret:   true,
			Required: "unless OKTA_CLIENT_ID is set or the domain is demo",
			Doc:      "An API token (SSWS). It has the rights of the administrator who made it.",
			Example:  "00aBcDeF...",
			set:      func(c *Config, v value) { c.Okta.Token = secretOf(v) },
		},
		{
			Name:     "OKTA_CLIENT_ID",
			Group:    groupOkta,
			Kind:     Text,
			Required: "for an OAuth service app, instead of a token",
			Doc:      "Client id of an API service app with public key authentication.",
			Example:  "0oa1a2b3c4d5e6f7g8h9",
			set:      func(c *Config, v value) { c.Okta.ClientID = v.text },
		},
		{
			Name:     "OKTA_PRIVATE_KEY",
			Group:    groupOkta,
			Kind:     Text,
			Secret:   true,
			Required: "with OKTA_CLIENT_ID, unless OKTA_PRIVATE_KEY_FILE is set",
			Doc:      "The app's private key: PEM (line breaks may be written as \\n) or JWK.",
			Example:  `"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"`,
			set:      func(c *Config, v value) { c.Okta.PrivateKey = secretOf(v) },
		},
		{
			Name:     "OKTA_PRIVATE_KEY_FILE",
			Group:    groupOkta,
			Kind:     Path,
			Required: "with OKTA_CLIENT_ID, unless OKTA_PRIVATE_KEY is set",
			Doc:      "A file that holds the private key, PEM or JWK, readable by you alone.",
			Example:  "okta-key.pem",
			set:      func(c *Config, v value) { c.Okta.PrivateKeyFile = v.text },
		},
		{
			Name:     "OKTA_KEY_ID",
			Group:    groupOkta,
			Kind:     Text,
			Required: "with OKTA_CLIENT_ID, unless the JWK has a kid",
			Doc:      "Id (kid) of the key, as the app's page in Okta shows it.",
			Example:  "Abc123",
			set:      func(c *Config, v value) { c.Okta.KeyID = v.text },
		},
		{
			Name:    "OKTA_SCOPES",
			Group:   groupOkta,
			Kind:    List,
			Default: strings.Join(writeScopes(), " "),
			Doc: "OAuth scopes to ask for; each must be granted to the app. With READ_ONLY=true the default " +
				"leaves out the `manage` scopes.",
			set: func(c *Config, v value) { c.Okta.Scopes = v.list },
		},
		{
			Name:    "OKTA_CA_FILE",
			Group:   groupOkta,
			Kind:    Path,
			Doc:     "More certificate authorities to trust, PEM: a company proxy's, or that of `sim --tls-dir`.",
			Example: "sim-tls/ca.pem",
			set:     func(c *Config, v value) { c.Okta.CAFile = v.text },
		},
	}
}

// writeScopes is the least that the tools need: look up users, read and assign apps, read the org for okta_test,
// read and write entitlements and grants. Okta API: one scope pair per area; user grants need no users.manage.
func writeScopes() []string {
	return []string{"okta.orgs.read", "okta.users.read", "okta.apps.read", "okta.apps.manage",
		"okta.governance.entitlements.read", "okta.governance.entitlements.manage"}
}

// readScopes is writeScopes without what changes anything.
func readScopes() []string {
	return []string{"okta.orgs.read", "okta.users.read", "okta.apps.read", "okta.governance.entitlements.read"}
}

func engineSettings() []Setting {
	return []Setting{
		{Name: "READ_ONLY", Group: groupEngine, Safety: true, Kind: Bool, Default: "false",
			Doc: "Refuse everything that writes to Okta, whatever else is set.",
			set: func(c *Config, v value) { c.ReadOnly = v.yes }},
		{
			Name:    "GRANT_MODE",
			Group:   groupEngine,
			Safety:  true,
			Kind:    Choice,
			Allowed: []string{GrantAdditive, GrantCustomMerge},
			Default: GrantAdditive,
			Doc: "`additive` posts ENTITLEMENT grants; `custom-merge` posts CUSTOM grants with all that a user " +
				"has, for organisations without the former.",
			set: func(c *Config, v value) { c.GrantMode = v.text },
		},
		{
			Name:    "RATE_LIMIT_THRESHOLD",
			Group:   groupEngine,
			Safety:  true,
			Kind:    Share,
			Min:     0.05,
			Max:     0.95,
			Default: "0.70",
			Doc:     "The share of each Okta rate limit that may be used, other clients' use counted.",
			set:     func(c *Config, v value) { c.Threshold = v.f },
		},
		{Name: "MAX_CONCURRENCY", Group: groupEngine, Safety: true, Kind: Whole, Max: 64, Default: "0",
			Doc: "Most calls to Okta at once; 0 finds it out from Okta's answers.",
			set: func(c *Config, v value) { c.MaxConcurrency = v.n }},
		{
			Name:    "RESUME_RUNS",
			Group:   groupEngine,
			Safety:  true,
			Kind:    Choice,
			Allowed: []string{ResumeRuns, ReportRuns},
			Default: ResumeRuns,
			Doc:     "What a restarted server does with unfinished runs: carry on, or only report them.",
			set:     func(c *Config, v value) { c.ResumeRuns = v.text },
		},
		{
			Name:    "RING_SIZE",
			Group:   groupEngine,
			Safety:  true,
			Kind:    Whole,
			Min:     1,
			Max:     1000,
			Default: "5",
			Doc:     "Users granted first and read back before a big plan goes on.",
			set:     func(c *Config, v value) { c.RingSize = v.n },
		},
		{
			Name:    "RING_ABOVE",
			Group:   groupEngine,
			Safety:  true,
			Kind:    Whole,
			Min:     1,
			Max:     1_000_000,
			Default: "200",
			Doc:     "A plan for more users than this starts with the ring.",
			set:     func(c *Config, v value) { c.RingAbove = v.n },
		},
		{
			Name:    "STOP_ERROR_RATE",
			Group:   groupEngine,
			Safety:  true,
			Kind:    Share,
			Min:     0.01,
			Max:     1,
			Default: "0.10",
			Doc:     "A run stops by itself when more than this share of its operations fail.",
			set:     func(c *Config, v value) { c.StopErrorRate = v.f },
		},
		{
			Name:    "SETTLE_AFTER",
			Group:   groupEngine,
			Safety:  true,
			Kind:    Duration,
			Min:     0.1,
			Max:     600,
			Default: "35s",
			Doc: "How long Okta's lists may lag behind a write. Where a reply was lost, or a run was killed, only " +
				"after this time does a grant that is not listed count as not made.",
			set: func(c *Config, v value) { c.SettleAfter = v.d },
		},
		{Name: "TOOL_WAIT", Group: groupEngine, Kind: Duration, Min: 1, Max: 600, Default: "45s",
			Doc: "How long a tool call waits for a run before it answers with a job to follow.",
			set: func(c *Config, v value) { c.ToolWait = v.d }},
	}
}
func logSettings() []Setting {
	return []Setting{
		{
			Name:    "LOG_LEVEL",
			Group:   groupLog,
			Kind:    Choice,
			Allowed: []string{"debug", "info", "warn", "error"},
			Default: "info",
			Doc:     "Least level that is logged, to stderr.",
			set:     func(c *Config, v value) { c.LogLevel = levelOf(v.text) },
		},
		{
			Name:    "LOG_FORMAT",
			Group:   groupLog,
			Kind:    Choice,
			Allowed: []string{"text", "json"},
			Default: "text",
			Doc:     "Lines for people or for machines.",
			set:     func(c *Config, v value) { c.LogFormat = v.text },
		},
	}
}
