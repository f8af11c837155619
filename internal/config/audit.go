package config

import (
	"encoding/json"
	"time"

	"okta-entitlements-mcp/internal/secret"
)

// MFA is what audits of multifactor authentication need.
type MFA struct {
	PolicyFile string        // audit policy, YAML or JSON; empty = defaults
	LogSettle  time.Duration // how late Okta's System Log may show what happened
	EnrollURL  string        // where people enrol; empty = their settings page in Okta
	Keep       int           // audits whose findings are kept
}

// Jira is where findings become tickets. URL empty = Jira is not used.
type Jira struct {
	URL, Email        string
	Token, PAT        secret.Secret // Cloud: Email and Token; Data Center: PAT
	Project           string
	IssueType         string
	Fields            map[string]any // required custom fields by id
	CloseTransition   string         // empty = the first that leads to a done status
	ReopenTransition  string
	MaxNew            int // tickets that one run creates at most
	AssignToThePerson bool
}

// Slack is where bulletins and messages go. Token empty = Slack is not used.
type Slack struct {
	Token        secret.Secret
	Channel      string
	NamesAllowed []string // channels where names may be shown
	APIURL       string   // empty = https://slack.com/api
	Notify       bool     // whether people may be messaged at all
	NotifyEvery  time.Duration
}

func auditSettings() []Setting {
	return []Setting{
		{
			Name:   "MFA_POLICY_FILE",
			Group:  groupAudit,
			Safety: true,
			Kind:   Path,
			Doc: "The audit policy, YAML or JSON: what counts as MFA, grace, deadline, exemptions. Without it any " +
				"strong method satisfies.",
			Example: "mfa-policy.yaml",
			set:     func(c *Config, v value) { c.MFA.PolicyFile = v.text },
		},
		{
			Name:    "MFA_LOG_SETTLE",
			Group:   groupAudit,
			Kind:    Duration,
			Min:     0,
			Max:     1800,
			Default: "150s",
			Doc: "How late Okta's System Log may show what happened. An audit looks at the log again this long " +
				"after it began.",
			set: func(c *Config, v value) { c.MFA.LogSettle = v.d },
		},
		{
			Name:    "MFA_ENROLL_URL",
			Group:   groupAudit,
			Kind:    URL,
			Doc:     "Where people enrol, for tickets and messages. Default: the settings page of their Okta dashboard.",
			Example: "https://acme.okta.com/enduser/settings",
			set:     func(c *Config, v value) { c.MFA.EnrollURL = v.text },
		},
		{Name: "MFA_KEEP_AUDITS", Group: groupAudit, Kind: Whole, Min: 2, Max: 1000, Default: "26",
			Doc: "Audits whose findings are kept; summaries are kept for good.",
			set: func(c *Config, v value) { c.MFA.Keep = v.n }},
	}
}

func jiraSettings() []Setting {
	return []Setting{
		{Name: "JIRA_URL", Group: groupJira, Kind: URL,
			Doc: "The Jira site. Without it there are no tickets.", Example: "https://acme.atlassian.net",
			set: func(c *Config, v value) { c.Jira.URL = v.text }},
		{
			Name:     "JIRA_EMAIL",
			Group:    groupJira,
			Kind:     Text,
			Required: "with JIRA_API_TOKEN",
			Doc:      "Jira Cloud: the account that the API token belongs to.",
			Example:  "audit-bot@acme.example.com",
			set:      func(c *Config, v value) { c.Jira.Email = v.text },
		},
		{
			Name:     "JIRA_API_TOKEN",
			Group:    groupJira,
			Kind:     Text,
			Secret:   true,
			Required: "with JIRA_URL, for Jira Cloud",
			Doc:      "Jira Cloud: an API token.",
			set:      func(c *Config, v value) { c.Jira.Token = secretOf(v) },
		},
		{
			Name:     "JIRA_PAT",
			Group:    groupJira,
			Kind:     Text,
			Secret:   true,
			Required: "with JIRA_URL, for Jira Data Center",
			Doc:      "Jira Data Center: a personal access token, instead of e-mail and API token.",
			set:      func(c *Config, v value) { c.Jira.PAT = secretOf(v) },
		},
		{
			Name:     "JIRA_PROJECT",
			Group:    groupJira,
			Kind:     Text,
			Required: "with JIRA_URL",
			Doc:      "Key of the project.",
			Example:  "SEC",
			set:      func(c *Config, v value) { c.Jira.Project = v.text },
		},
		{Name: "JIRA_ISSUE_TYPE", Group: groupJira, Kind: Text, Default: "Task",
			Doc: "Name of the issue type.", set: func(c *Config, v value) { c.Jira.IssueType = v.text }},
		{
			Name:    "JIRA_FIELDS",
			Group:   groupJira,
			Kind:    Text,
			Doc:     "Fields that the project demands, as a JSON object by field id, in the form of Jira's REST API.",
			Example: `{"customfield_10042": {"value": "Security"}}`,
			set:     func(c *Config, v value) { c.Jira.Fields = map[string]any{rawFields: v.text} },
		},
		{
			Name:    "JIRA_CLOSE_TRANSITION",
			Group:   groupJira,
			Kind:    Text,
			Doc:     "Name of the transition that closes a ticket. Default: the first that leads to a done status.",
			Example: "Done",
			set:     func(c *Config, v value) { c.Jira.CloseTransition = v.text },
		},
		{
			Name:    "JIRA_REOPEN_TRANSITION",
			Group:   groupJira,
			Kind:    Text,
			Doc:     "Name of the transition that reopens a ticket. Default: the first that leads away from done.",
			Example: "Reopen",
			set:     func(c *Config, v value) { c.Jira.ReopenTransition = v.text },
		},
		{
			Name:    "JIRA_MAX_NEW",
			Group:   groupJira,
			Safety:  true,
			Kind:    Whole,
			Min:     1,
			Max:     5000,
			Default: "50",
			Doc:     "Most tickets that one run creates; the rest of the people go into one bulk ticket.",
			set:     func(c *Config, v value) { c.Jira.MaxNew = v.n },
		},
		{Name: "JIRA_ASSIGN", Group: groupJira, Kind: Bool, Default: "false",
			Doc: "Assign the ticket of one person to that person, when Jira knows the e-mail address.",
			set: func(c *Config, v value) { c.Jira.AssignToThePerson = v.yes }},
	}
}

func slackSettings() []Setting {
	return []Setting{
		{
			Name:   "SLACK_BOT_TOKEN",
			Group:  groupSlack,
			Kind:   Text,
			Secret: true,
			Doc: "Bot token (xoxb-) with chat:write and files:write; users:read.email and im:write to message " +
				"people. Without it nothing is posted.",
			set: func(c *Config, v value) { c.Slack.Token = secretOf(v) },
		},
		{Name: "SLACK_CHANNEL", Group: groupSlack, Kind: Text, Required: "with SLACK_BOT_TOKEN",
			Doc: "Channel of the bulletin, by id or name. The bot must be a member.", Example: "#security",
			set: func(c *Config, v value) { c.Slack.Channel = v.text }},
		{
			Name:    "SLACK_NAMES_ALLOWED",
			Group:   groupSlack,
			Safety:  true,
			Kind:    Commas,
			Doc:     "Channels in which names of people may be shown. In all others a bulletin has numbers only.",
			Example: "#security-private",
			set:     func(c *Config, v value) { c.Slack.NamesAllowed = v.list },
		},
		{Name: "SLACK_API_URL", Group: groupSlack, Kind: URL, Default: "https://slack.com/api",
			Doc: "Address of Slack's Web API; GovSlack has another one.",
			set: func(c *Config, v value) { c.Slack.APIURL = v.text }},
		{Name: "SLACK_NOTIFY_USERS", Group: groupSlack, Safety: true, Kind: Bool, Default: "false",
			Doc: "Allow messages to the people themselves who are not compliant.",
			set: func(c *Config, v value) { c.Slack.Notify = v.yes }},
		{Name: "SLACK_NOTIFY_DAYS", Group: groupSlack, Kind: Whole, Min: 1, Max: 365, Default: "7",
			Doc: "No one is messaged more often than once in this many days.",
			set: func(c *Config, v value) { c.Slack.NotifyEvery = time.Duration(v.n) * 24 * time.Hour }},
	}
}

// rawFields is the key under which JIRA_FIELDS waits to be read by finishAudit.
const rawFields = "\x00"

// finishAudit checks what concerns several settings of audits and reports at once.
func (l *loading) finishAudit() {
	j, s := &l.c.Jira, &l.c.Slack
	if text, ok := j.Fields[rawFields].(string); ok {
		j.Fields = nil
		if err := json.Unmarshal([]byte(text), &j.Fields); err != nil || j.Fields == nil {
			l.refuse("JIRA_FIELDS", `is not a JSON object; write it like {"customfield_10042": {"value": "Security"}}`)
		}
	}
	cloud, center := !j.Token.IsZero() || j.Email != "", !j.PAT.IsZero()
	switch {
	case j.URL == "":
		for _, name := range []string{"JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_PAT", "JIRA_PROJECT"} {
			if l.set[name] {
				l.warn("%s is set and JIRA_URL is not: there are no tickets", name)
				break
			}
		}
	case cloud && center:
		l.refuse("JIRA_PAT", "is for Jira Data Center, JIRA_EMAIL and JIRA_API_TOKEN are for Jira Cloud; set one "+
			"or the other")
	case !center && (j.Token.IsZero() || j.Email == ""):
		l.missing("JIRA_API_TOKEN", "is not set; set it and JIRA_EMAIL for Jira Cloud, or JIRA_PAT for Data Center")
	}
	if j.URL != "" && j.Project == "" {
		l.missing("JIRA_PROJECT", "is not set; it is the key before the number in a ticket's name, such as SEC")
	}
	switch {
	case !s.Token.IsZero() && s.Channel == "":
		l.missing("SLACK_CHANNEL", "is not set; name the channel of the bulletin")
	case s.Token.IsZero() && (s.Channel != "" || s.Notify):
		l.warn("SLACK_BOT_TOKEN is not set: nothing is posted to Slack")
	}
}
