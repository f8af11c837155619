package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/untrusted"
)

// JiraOptions says which Jira, and how issues are to look there. Either Email and Token are set (Jira Cloud) or PAT
// (Jira Data Center).
type JiraOptions struct {
	BaseURL string        // https://example.atlassian.net; plain http only for this machine
	Email   string        // Cloud: the account that the token belongs to
	Token   secret.Secret // Cloud: API token
	PAT     secret.Secret // Data Center: personal access token, sent as Bearer

	Project   string         // key, such as SEC
	IssueType string         // name; "" means Task
	Fields    map[string]any // fields that the project demands, by id, in the form that Jira's REST API wants
	Labels    []string       // put on every issue beside those that this program needs

	// name of the transition that closes; "" takes the first that leads to a status of category Done
	CloseTransition string
	// name of the transition that reopens; "" takes the first that leads to a status of another category
	ReopenTransition string
	Resolution       string // sent with the closing transition when set; for workflows whose closing screen demands one
	UrgentPriority   string // priority of urgent tickets by name, when set

	Dir      string        // the ledger lies here; must exist
	IndexLag time.Duration // how long Jira's search may not show a new issue; 0 means two minutes

	Transport http.RoundTripper // nil means net/http's
	Log       *slog.Logger      // nil means none
}

// Jira keeps issues in step with what audits find. It is safe for several goroutines; two syncs of one set wait for
// each other, in other processes too.
type Jira struct {
	o    JiraOptions
	site site
	log  *slog.Logger
}

const (
	defaultIndexLag = 2 * time.Minute
	defaultMaxNew   = 50
)

var (
	projectKey = shape{regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`), 100}
	setName    = shape{regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`), 100}
	ticketKey  = shape{regexp.MustCompile(`^[A-Za-z0-9_-]+$`), 200}
	labelForm  = shape{regexp.MustCompile(`^[^\s"\\]+$`), 200}
)

// NewJira checks the options; it sends nothing. Check asks Jira.
func NewJira(o JiraOptions) (*Jira, error) {
	base, err := checkURL("Jira's base URL", o.BaseURL)
	if err != nil {
		return nil, err
	}
	o.BaseURL = base
	if o.IssueType == "" {
		o.IssueType = "Task"
	}
	if o.IndexLag == 0 {
		o.IndexLag = defaultIndexLag
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := checkJiraOptions(o); err != nil {
		return nil, err
	}
	j := &Jira{o: o, log: o.Log}
	wire := newWire(o.Transport, o.Log, harmlessAtJira)
	if o.PAT.IsZero() {
		j.site, err = newCloud(wire, o)
	} else {
		j.site, err = newDataCenter(wire, o)
	}
	if err != nil {
		return nil, fmt.Errorf("build Jira client: %w", err)
	}
	return j, nil
}

func checkJiraOptions(o JiraOptions) error {
	switch cloud := o.Email != "" || !o.Token.IsZero(); {
	case cloud && !o.PAT.IsZero():
		return errors.New("read Jira's credentials: both an API token (Jira Cloud) and a personal access token " +
			"(Data Center) are set; keep one")
	case cloud && (o.Email == "" || o.Token.IsZero()):
		return errors.New("read Jira's credentials: Jira Cloud wants both the e-mail address and the API token; " +
			"set the other one too")
	case !cloud && o.PAT.IsZero():
		return errors.New("read Jira's credentials: set e-mail and API token (Jira Cloud) or a personal access " +
			"token (Data Center)")
	case !projectKey.matches(o.Project):
		return fmt.Errorf("read Jira's project: %q is not a project key; set the letters before the "+
			"number of its issues, such as SEC", untrusted.New(o.Project).Show(untrusted.Word))
	case o.Dir == "":
		return errors.New("read Jira's options: no directory for the ledger of issues")
	case o.IndexLag < 0:
		return errors.New("read Jira's options: the index lag is negative")
	}
	for _, label := range o.Labels {
		if !labelForm.matches(label) {
			return fmt.Errorf("read Jira's labels: %q is not a label; use one word without spaces and quotes",
				untrusted.New(label).Show(untrusted.Word))
		}
	}
	return nil
}

// harmlessAtJira names the requests that may be sent again after a lost answer: reads, searches, and PUT, which
// states what is to be.
func harmlessAtJira(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodPut:
		return true
	case http.MethodPost:
		return strings.HasSuffix(r.URL.Path, "/search/jql") || strings.HasSuffix(r.URL.Path, "/search")
	}
	return false
}

// Check asks whether tickets can be made: the credential works, the project and the issue type are there, labels can
// be set, and every field that the project demands is filled. It only reads. The error names all that is missing, and
// how to set it.
func (j *Jira) Check(ctx context.Context) error {
	if err := j.site.checkAccess(ctx, j.o.Project); err != nil {
		return err
	}
	screen, err := j.screen(ctx)
	if err != nil {
		return err
	}
	return screen.missing
}

// screen is what the create screen of the project takes.
type screen struct {
	has     map[string]bool
	missing error // fields that are demanded and not filled, in words
}

func (j *Jira) screen(ctx context.Context) (screen, error) {
	kinds, err := j.site.issueTypes(ctx, j.o.Project)
	if err != nil {
		return screen{}, err
	}
	at := slices.IndexFunc(kinds, func(k issueType) bool { return strings.EqualFold(k.Name.Raw(), j.o.IssueType) })
	if at < 0 {
		var names []string
		for _, k := range kinds {
			names = append(names, k.Name.Show(untrusted.Name))
		}
		return screen{},
			fmt.Errorf("read issue types of %s: no type %q that the account may create; there are: %s",
				j.o.Project, j.o.IssueType, strings.Join(names, ", "))
	}
	fields, err := j.site.createFields(ctx, j.o.Project, kinds[at].ID)
	if err != nil {
		return screen{}, err
	}
	return j.readScreen(fields), nil
}

// ourFields are filled by this program.
var ourFields = map[string]bool{"project": true, "issuetype": true, "summary": true, "description": true,
	"labels": true}

func (j *Jira) readScreen(fields []createField) screen {
	s := screen{has: map[string]bool{}}
	var lines []string
	for _, f := range fields {
		s.has[f.id()] = true
		_, filled := j.o.Fields[f.id()]
		// Jira fills the reporter with the account that creates, whatever the screen demands.
		if f.Required && !f.HasDefault && !filled && !ourFields[f.id()] && f.id() != "reporter" {
			lines = append(lines, howToFill(f))
		}
	}
	if !s.has["labels"] {
		lines = append(lines,
			"labels: not on the create screen of this issue type, and tickets are found again by their "+
				"labels; have a Jira administrator add the field to the screen")
	}
	if len(lines) > 0 {
		s.missing = fmt.Errorf("create issues in %s: %s", j.o.Project, strings.Join(lines, "; "))
	}
	return s
}

// howToFill names a demanded field and shows a value in the form that Jira wants.
func howToFill(f createField) string {
	value := `"text"`
	if len(f.Allowed) > 0 {
		a := f.Allowed[0]
		switch {
		case !a.Value.IsZero():
			value = fmt.Sprintf(`{"value": %q}`, a.Value.Show(untrusted.Name))
		case !a.Name.IsZero():
			value = fmt.Sprintf(`{"name": %q}`, a.Name.Show(untrusted.Name))
		default:
			value = fmt.Sprintf(`{"id": %q}`, a.ID.Show(untrusted.Name))
		}
	} else if f.Schema.Type == "number" {
		value = "1"
	}
	if f.Schema.Type == "array" {
		value = "[" + value + "]"
	}
	return fmt.Sprintf("required field %q (%s) is not filled: set it in Jira's fields, such as %q: %s",
		f.Name.Show(untrusted.Name), untrusted.New(f.id()).Show(untrusted.Name),
		untrusted.New(f.id()).Show(untrusted.Name), value)
}

// The labels by which issues are known: one for the set, one for the ticket, one for the content that was written last.
func keyPrefix(set string) string { return set + "-key-" }
func keyLabel(set, key string) string {
	return keyPrefix(set) + digest(set, key)
}

const contentPrefix = "content-"

// digest is short, but long enough for tickets never to meet.
func digest(parts ...string) string {
	text, err := json.Marshal(parts)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// draft turns a ticket into an issue. The content's digest is among the labels, so that a run without a ledger knows
// as well what Jira has.
func (j *Jira) draft(set string, t Ticket, s screen) draft {
	d := draft{
		project: j.o.Project, kind: j.o.IssueType, fields: j.o.Fields, dueKnown: s.has["duedate"],
		summary: untrusted.New(t.Title).Show(mostSummary), content: newDocument(t),
	}
	if d.summary == "" {
		d.summary = t.Key
	}
	if !t.Due.IsZero() {
		d.due = t.Due.UTC().Format(time.DateOnly)
	}
	extra := slices.Clone(j.o.Labels)
	for _, label := range t.Labels {
		if labelForm.matches(label) && untrusted.New(label).Show(untrusted.Line) == label {
			extra = append(extra, label)
		}
	}
	if t.Urgent {
		extra = append(extra, "urgent")
		if s.has["priority"] {
			d.priority = j.o.UrgentPriority
		}
	}
	d.labels = append([]string{set, keyLabel(set, t.Key), contentPrefix + contentOf(d, extra)}, extra...)
	return d
}

// contentOf digests what a reader of the issue would see.
func contentOf(d draft, labels []string) string {
	text, err := json.Marshal([]any{"1", d.summary, d.content.lines, d.content.rows, d.due, labels})
	if err != nil {
		return ""
	}
	return digest(string(text))
}

// Filter is the address of Jira's list of the open tickets of a set.
func (j *Jira) Filter(set string) string {
	return j.o.BaseURL + "/issues/?jql=" + url.QueryEscape(fmt.Sprintf("labels = %q AND statusCategory != Done "+
		"ORDER BY created DESC", set))
}

func (j *Jira) browse(key string) string { return j.o.BaseURL + "/browse/" + url.PathEscape(key) }

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
