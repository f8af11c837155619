package notifytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/simwire"
)

// JiraOptions shape a simulated Jira. The zero value is a Cloud site with the project SEC.
type JiraOptions struct {
	DataCenter bool          // REST API v2 and Bearer; else Cloud: v3 and Basic
	Project    string        // "" means SEC
	Email      string        // "" means robot@example.com
	Token      string        // "" means jira-token-0123456789
	Lag        time.Duration // how late the search shows what was written
	Fields     []Field       // custom fields of the create screen
	Without    []string      // standard fields that the create screen lacks: duedate, priority, assignee, labels
	People     []Person      // who can be assigned
	Strict     bool          // the closing transition has a screen that demands a resolution
	Moves      []Move        // the workflow's transitions; nil means a simple one with To Do, In Progress and Done
	RetryAfter time.Duration // what a rate limit asks for; 0 means 7 seconds
	BaseURL    string        // "" means https://jira.example.com
}

// Field is a custom field.
type Field struct {
	ID, Name string
	Required bool
	Type     string   // string, number, option, array
	Options  []string // of option
}

// Person can be assigned.
type Person struct {
	ID     string // account id at Cloud, user name at Data Center
	Barred bool   // may not have issues of the project
	Email  string
	Hidden bool // the profile hides the address; Cloud's search finds it all the same
}

// Move is a transition of the workflow.
type Move struct {
	ID, Name string
	From     []string // statuses; empty means any other one
	To       string
}

// Issue is one as a reader would see it now, without the search's lag.
type Issue struct {
	ID, Key     string
	Summary     string
	Description json.RawMessage
	Labels      []string
	Due         string
	Assignee    string
	Priority    string
	Status      string
	Resolution  string
	Custom      map[string]json.RawMessage
	Comments    []json.RawMessage // oldest first
	Created     time.Time
}

// Done reports whether the status is of the category Done.
func (i Issue) Done() bool { return category(i.Status) == "done" }

// Text is all text of the description, markup and structure aside.
func (i Issue) Text() string { return textOf(i.Description) }

// Jira is a simulated site.
type Jira struct {
	service
	o      JiraOptions
	router simwire.Router[jiraOperation]

	state  sync.Mutex
	issues map[string]*Issue // by key
	index  map[string][]indexed
	next   int
	hidden bool
}

// indexed is an issue as it was from a time on.
type indexed struct {
	at      time.Time
	issue   Issue
	deleted bool
}

// NewJira builds a site.
func NewJira(o JiraOptions) *Jira {
	fill := func(s *string, with string) {
		if *s == "" {
			*s = with
		}
	}
	fill(&o.Project, "SEC")
	fill(&o.Email, "robot@example.com")
	fill(&o.Token, "jira-token-0123456789")
	fill(&o.BaseURL, "https://jira.example.com")
	if o.Moves == nil {
		o.Moves = []Move{
			{"11", "Start", []string{"To Do"}, "In Progress"},
			{"21", "Resolve", []string{"To Do", "In Progress"}, "Done"},
			{"31", "Reopen", []string{"Done"}, "To Do"},
		}
	}
	if o.RetryAfter == 0 {
		o.RetryAfter = 7 * time.Second
	}
	j := &Jira{o: o, issues: map[string]*Issue{}, index: map[string][]indexed{}}
	j.service = newService(jiraService{j})
	j.routes()
	return j
}

// BaseURL is the address that Transport answers.
func (j *Jira) BaseURL() string { return j.o.BaseURL }

// Token is the credential that the site takes.
func (j *Jira) Token() string { return j.o.Token }

// Email is the account of the credential, at Cloud.
func (j *Jira) Email() string { return j.o.Email }

// Project is the key of the one project.
func (j *Jira) Project() string { return j.o.Project }

// SetLag changes how late the search shows what is written from now on and what was written before.
func (j *Jira) SetLag(lag time.Duration) {
	j.state.Lock()
	defer j.state.Unlock()
	j.o.Lag = lag
}

// Transport reaches the site without a socket.
func (j *Jira) Transport() http.RoundTripper { return j.service.Transport(j.BaseURL) }

// Issues lists all, oldest first.
func (j *Jira) Issues() []Issue {
	j.state.Lock()
	defer j.state.Unlock()
	var all []Issue
	for _, i := range j.issues {
		all = append(all, i.clone())
	}
	slices.SortFunc(all, func(a, b Issue) int { return a.Created.Compare(b.Created)*2 + compareID(a.ID, b.ID) })
	return all
}

func compareID(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func (i *Issue) clone() Issue {
	c := *i
	c.Labels, c.Comments = slices.Clone(i.Labels), slices.Clone(i.Comments)
	return c
}

// Open lists the issues that are not done.
func (j *Jira) Open() []Issue {
	return slices.DeleteFunc(j.Issues(), Issue.Done)
}

// Edit changes an issue as a person would, and reports whether it is there.
func (j *Jira) Edit(key string, change func(*Issue)) bool {
	j.state.Lock()
	defer j.state.Unlock()
	i := j.issues[key]
	if i != nil {
		change(i)
		j.touch(i)
	}
	return i != nil
}

// Clone copies an issue, labels included, as a person would, and returns the copy's key.
func (j *Jira) Clone(key string) string {
	j.state.Lock()
	defer j.state.Unlock()
	from := j.issues[key]
	if from == nil {
		return ""
	}
	i := from.clone()
	i.ID, i.Key = j.names()
	i.Created = now()
	i.Status = "To Do"
	j.issues[i.Key] = &i
	j.touch(&i)
	return i.Key
}

// names makes the id and the key of the next issue.
func (j *Jira) names() (id, key string) {
	j.next++
	return fmt.Sprint(10000 + j.next), fmt.Sprintf("%s-%d", j.o.Project, j.next)
}

// Hide makes the project invisible to the account, or shows it again: reads answer 404, searches find nothing.
func (j *Jira) Hide(hidden bool) {
	j.state.Lock()
	defer j.state.Unlock()
	j.hidden = hidden
}

// Delete removes an issue as an administrator would.
func (j *Jira) Delete(key string) {
	j.state.Lock()
	defer j.state.Unlock()
	if i := j.issues[key]; i != nil {
		j.index[key] = append(j.index[key], indexed{at: now(), deleted: true})
		delete(j.issues, key)
	}
}

// touch hands an issue's state to the search, which shows it later.
func (j *Jira) touch(i *Issue) {
	j.index[i.Key] = append(j.index[i.Key], indexed{at: now(), issue: i.clone()})
}

func category(status string) string {
	switch status {
	case "Done", "Closed", "Resolved", "Won't do":
		return "done"
	case "In Progress", "In Review":
		return "indeterminate"
	}
	return "new"
}

// statusJSON is a status as Jira shows it. The three categories and their keys: Jira REST API, status categories.
func statusJSON(status string) map[string]any {
	ids := map[string]int{"new": 2, "indeterminate": 4, "done": 3}
	key := category(status)
	return map[string]any{
		"name":           status,
		"id":             fmt.Sprint(10000 + len(status)),
		"statusCategory": map[string]any{"id": ids[key], "key": key, "name": key},
	}
}

// refusal is Jira's ErrorCollection.
type refusal struct {
	status   int
	Messages []string          `json:"errorMessages"`
	Errors   map[string]string `json:"errors"`
}

func refuse(status int, message string) *refusal {
	return &refusal{status: status, Messages: []string{message}, Errors: map[string]string{}}
}

// newRefusal is a 400 without messages yet.
func newRefusal() *refusal {
	return &refusal{status: http.StatusBadRequest, Messages: []string{}, Errors: map[string]string{}}
}

// refuseField is a 400 about one field.
func refuseField(id, message string) *refusal {
	r := newRefusal()
	r.Errors[id] = message
	return r
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}
