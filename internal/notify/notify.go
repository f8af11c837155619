// Package notify delivers what an audit found: tickets in Jira, messages in Slack. It knows nothing of Okta or of audits; its
// callers say what a ticket or a message holds. Deliveries are idempotent by key, and what cannot be delivered waits on disk.
package notify

import "time"

// Ticket is one thing that someone has to fix. The key decides which issue it is: the same key is the same issue in
// every run.
type Ticket struct {
	Key      string     `json:"key"`            // letters, digits, - and _, at most 200; unique per finding, stable over runs
	Title    string     `json:"title"`          // one line, at most 255 characters; untrusted text must be clean
	Lines    []string   `json:"lines"`          // paragraphs of plain text; never read as markup
	Rows     [][]string `json:"rows,omitempty"` // a table, first row the heading; of bulk and manager tickets
	Due      time.Time  `json:"due,omitzero"`
	Labels   []string   `json:"labels,omitempty"`
	Urgent   bool       `json:"urgent,omitempty"`
	Assignee string     `json:"assignee,omitempty"` // e-mail of who should have it; left open when Jira knows no one by it
}

// Wanted is the tickets that should exist after a run: these open, and those that are settled closed.
type Wanted struct {
	Set     string            // names the whole, such as okta-mfa-00o123: tickets of other sets are never touched
	Open    []Ticket          // what is wrong now, the most urgent first
	Settled map[string]string // key → why a ticket that is not in Open may be closed; one that is in neither stays as it is
	Bulk    *Ticket           // the bulk ticket that takes what the cap leaves over; its rows are filled in
	MaxNew  int               // most tickets that one run creates; 0 means 50
	DryRun  bool

	// SettledToo is asked for each open ticket of an earlier run that is neither in Open nor in Settled: why it may be
	// closed, and whether it may. Nil closes none of them.
	SettledToo func(key string) (why string, ok bool)
}

// Outcome of one ticket or message.
type Outcome string

// The outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	Closed    Outcome = "closed"
	Reopened  Outcome = "reopened"
	Deferred  Outcome = "deferred" // beyond the cap; it is in the bulk ticket
	Failed    Outcome = "failed"
	Sent      Outcome = "sent"
	Skipped   Outcome = "skipped" // already sent within the interval, or no one by that address
	WouldDo   Outcome = "dry_run"
)

// Result is what became of one ticket or message.
type Result struct {
	Key     string  `json:"key"`
	ID      string  `json:"id,omitempty"` // issue key such as SEC-12, or a message's channel and timestamp
	URL     string  `json:"url,omitempty"`
	Outcome Outcome `json:"outcome"`
	Planned Outcome `json:"planned,omitempty"` // in a dry run: what would be done
	Error   string  `json:"error,omitempty"`   // what happened and the next step; never a credential
}

// Bulletin is a summary for a channel: no names of people in it unless People is filled.
type Bulletin struct {
	Key       string      `json:"key"` // the same key is posted once
	Title     string      `json:"title"`
	Lines     []string    `json:"lines"`            // plain text; never read as markup
	Facts     [][2]string `json:"facts,omitempty"`  // name and value pairs, shown in two columns
	People    []string    `json:"people,omitempty"` // shown only in a channel that is listed as allowed
	Link      string      `json:"link,omitempty"`
	LinkText  string      `json:"link_text,omitempty"`
	Chart     []byte      `json:"chart,omitempty"`      // PNG
	ChartText string      `json:"chart_text,omitempty"` // what the picture shows, for people who cannot see it
}

// Message is a direct message to one person.
type Message struct {
	Email    string   `json:"email"`
	Lines    []string `json:"lines"` // plain text
	Link     string   `json:"link,omitempty"`
	LinkText string   `json:"link_text,omitempty"`
}
