package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ctreminiom/go-atlassian/v2/pkg/infra/models"
	"github.com/ctreminiom/go-atlassian/v2/service/jira"

	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/untrusted"
)

// site is one of the two Jiras: Cloud with its REST API v3, and Data Center with v2. They differ in how a search goes on, how
// a text is written, and how a person is named.
type site interface {
	// search returns a page of issues and where the next begins, "" at the end.
	search(ctx context.Context, jql, from string) ([]issue, string, error)
	get(ctx context.Context, key string) (issue, error)
	create(ctx context.Context, d draft) (string, error)
	update(ctx context.Context, key string, d draft, drop []string) error
	transitions(ctx context.Context, key string) ([]*models.IssueTransitionScheme, error)
	move(ctx context.Context, key, transition, resolution string) error
	comment(ctx context.Context, key, text string) error
	// lastComment is the text of the newest comment, as comment would write it; the form is the site's own.
	lastComment(ctx context.Context, key string) (string, error)
	// sameComment is what lastComment returns after comment(text).
	sameComment(text string) string
	// account finds a person by e-mail, "" when no one or not exactly one is known by it.
	account(ctx context.Context, email string) (string, error)
	checkAccess(ctx context.Context, project string) error
	issueTypes(ctx context.Context, project string) ([]issueType, error)
	createFields(ctx context.Context, project, typeID string) ([]createField, error)
}

// issue is what a run needs to know of one.
type issue struct {
	key    string
	labels []string
	done   bool
}

// labelled finds the one label that begins with prefix, without it.
func (i issue) labelled(prefix string) string {
	for _, label := range i.labels {
		if rest, ok := strings.CutPrefix(label, prefix); ok {
			return rest
		}
	}
	return ""
}

// draft is an issue to be created, or what it is to become.
type draft struct {
	project, kind string
	summary       string
	content       document
	labels        []string
	due           string // 2006-01-02, "" for none
	dueKnown      bool   // the due date may be set in this project
	assignee      string // account id or user name, only when created
	priority      string
	fields        map[string]any // custom fields by id, only when created
}

// issueType of a project.
type issueType struct {
	ID      string         `json:"id"`
	Name    untrusted.Text `json:"name"`
	Subtask bool           `json:"subtask"`
}

// createField is a field of the create screen.
type createField struct {
	ID         string         `json:"fieldId"`
	Key        string         `json:"key"`
	Name       untrusted.Text `json:"name"`
	Required   bool           `json:"required"`
	HasDefault bool           `json:"hasDefaultValue"`
	Schema     struct {
		Type  string `json:"type"`
		Items string `json:"items"`
	} `json:"schema"`
	Allowed []struct {
		ID    untrusted.Text `json:"id"`
		Name  untrusted.Text `json:"name"`
		Value untrusted.Text `json:"value"`
	} `json:"allowedValues"`
}

func (f createField) id() string {
	if f.ID != "" {
		return f.ID
	}
	return f.Key
}

// issueFields is what is asked of an issue, so that answers stay small.
var issueFields = []string{"labels", "status"}

const searchPage = 100

// shared is what the two Jiras have in common.
type shared struct {
	meta     jira.MetadataConnector
	projects jira.ProjectConnector
	me       jira.MySelfConnector
	failure  func(what string, res *models.ResponseScheme, err error) error
}

func (s shared) checkAccess(ctx context.Context, project string) error {
	if _, res, err := s.me.Details(ctx, nil); err != nil {
		return s.failure("log in to Jira", res, err)
	}
	if _, res, err := s.projects.Get(ctx, project, nil); err != nil {
		err = s.failure("read project "+project, res, err)
		var j *jiraError
		if errors.As(err, &j) && j.Code == http.StatusNotFound {
			return fmt.Errorf("read project %s: Jira has no such project, or the account may not see it; set "+
				"the project's key (as in SEC-12) and give the account Browse Projects there", project)
		}
		return err
	}
	return nil
}

// metaPage reads a page of create metadata. Cloud names its list issueTypes or fields, Data Center calls both values.
type metaPage[T any] struct {
	IssueTypes []T `json:"issueTypes"`
	Fields     []T `json:"fields"`
	Values     []T `json:"values"`
	Total      int `json:"total"`
}

// allMeta reads all pages; call asks for the one that begins at a number.
func allMeta[T any](what string, failure func(string, *models.ResponseScheme, error) error,
	call func(at, size int) (*models.ResponseScheme, error),
) ([]T, error) {
	const size, most = 50, 40
	var all []T
	for range most {
		res, err := call(len(all), size)
		if err != nil {
			return nil, failure(what, res, err)
		}
		var page metaPage[T]
		if err := json.Unmarshal(res.Bytes.Bytes(), &page); err != nil {
			return nil, fmt.Errorf("%s: read Jira's answer: %w", what, err)
		}
		got := slices.Concat(page.IssueTypes, page.Fields, page.Values)
		all = append(all, got...)
		if len(got) == 0 || len(all) >= page.Total {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s: more than %d pages", what, most)
}

func (s shared) issueTypes(ctx context.Context, project string) ([]issueType, error) {
	return allMeta[issueType]("read issue types of "+project, s.failure, func(at, size int) (*models.ResponseScheme, error) {
		_, res, err := s.meta.FetchIssueMappings(ctx, project, at, size)
		return res, err
	})
}

func (s shared) createFields(ctx context.Context, project, typeID string) ([]createField, error) {
	return allMeta[createField]("read fields of "+project, s.failure, func(at, size int) (*models.ResponseScheme, error) {
		_, res, err := s.meta.FetchFieldMappings(ctx, project, typeID, at, size)
		return res, err
	})
}

// labelChange adds the labels of a draft and takes away those that it replaces; labels that people have added stay.
func labelChange(add, drop []string) []map[string]any {
	var ops []map[string]any
	for _, label := range drop {
		ops = append(ops, map[string]any{"remove": label})
	}
	for _, label := range add {
		ops = append(ops, map[string]any{"add": label})
	}
	return ops
}

// jiraError is Jira's refusal, or the lack of an answer. It is no trouble.Error: a sync decides by its status and fields
// whether the write is looked for or sent without an assignee, and its words end as the error of one ticket.
type jiraError struct {
	What     string
	Code     int // HTTP status; 0 when no answer came
	Messages []untrusted.Text
	Fields   map[string]untrusted.Text // by id of the field
	cause    error
}

func (e *jiraError) Unwrap() error { return e.cause }

// lost reports whether a write may have happened all the same.
func (e *jiraError) lost() bool { return e.Code == 0 || e.Code >= 500 || e.Code < 300 }

// Error says what was refused, why, and what to do.
func (e *jiraError) Error() string {
	words := e.What + ": "
	if e.Code == 0 {
		return words + "Jira did not answer (" + e.cause.Error() + "); check the base URL and the network, then run again"
	}
	var said []string
	for _, message := range e.Messages {
		said = append(said, message.Show(untrusted.Long))
	}
	for _, name := range slices.Sorted(mapKeys(e.Fields)) {
		said = append(said, name+": "+e.Fields[name].Show(untrusted.Long))
	}
	if len(said) > 0 {
		words += untrusted.New(strings.Join(said, "; ")).Show(untrusted.Paragraph) + " "
	}
	return words + fmt.Sprintf("(HTTP %d", e.Code) + nextStep(e.Code) + ")"
}

func nextStep(code int) string {
	switch {
	case code == http.StatusUnauthorized:
		return "; the credential is wrong or has expired: make a new token and set it"
	case code == http.StatusForbidden:
		return "; the account lacks a permission in this project, or Jira asks for a CAPTCHA after failed log-ins"
	case code == http.StatusNotFound:
		return "; not there, or the account may not see it"
	case code == http.StatusTooManyRequests:
		return "; Jira limits the rate: run again later"
	case code >= 300 && code < 400:
		return "; a redirect, which is not followed: set the base URL that Jira itself shows"
	case code >= 500:
		return "; Jira is out of order: run again later"
	case code < 300:
		return "; the answer was cut off or no JSON: look for a proxy in between"
	}
	return ""
}

// failures builds the reader of refusals for one set of credentials.
func failures(secrets ...secret.Secret) func(string, *models.ResponseScheme, error) error {
	return func(what string, res *models.ResponseScheme, err error) error {
		if err == nil {
			return nil
		}
		e := &jiraError{What: what, cause: errors.New(scrub(wireError(err).Error(), secrets...))}
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			e.cause = wireError(err)
		}
		if res == nil {
			return e
		}
		e.Code = res.Code
		var said struct {
			Messages []untrusted.Text          `json:"errorMessages"`
			Errors   map[string]untrusted.Text `json:"errors"`
			Message  untrusted.Text            `json:"message"`
		}
		if json.Unmarshal([]byte(scrub(res.Bytes.String(), secrets...)), &said) == nil {
			e.Messages, e.Fields = said.Messages, said.Errors
			if !said.Message.IsZero() {
				e.Messages = append(e.Messages, said.Message)
			}
		}
		return e
	}
}

// isCode reports whether an error is Jira's answer with this status.
func isCode(err error, code int) bool {
	var j *jiraError
	return errors.As(err, &j) && j.Code == code
}

// mayHaveHappened reports whether a failed write has to be looked for.
func mayHaveHappened(err error) bool {
	var j *jiraError
	return errors.As(err, &j) && j.lost()
}
