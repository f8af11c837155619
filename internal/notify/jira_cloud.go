package notify

import (
	"context"
	"net/http"
	"time"

	v3 "github.com/ctreminiom/go-atlassian/v2/jira/v3"
	"github.com/ctreminiom/go-atlassian/v2/pkg/infra/models"
)

// cloud is Jira Cloud: REST API v3, e-mail and API token, texts in the Atlassian Document Format.
type cloud struct {
	shared
	api *v3.Client
}

func newCloud(wire *http.Client, o JiraOptions) (*cloud, error) {
	api, err := v3.New(wire, o.BaseURL)
	if err != nil {
		return nil, err
	}
	api.Auth.SetBasicAuth(o.Email, o.Token.Reveal())
	return &cloud{
		shared: shared{meta: api.Issue.Metadata, projects: api.Project, me: api.MySelf, failure: failures(o.Token)},
		api:    api,
	}, nil
}

func (c *cloud) search(ctx context.Context, jql, from string) ([]issue, string, error) {
	page, res, err := c.api.Issue.Search.SearchJQL(ctx, jql, issueFields, nil, searchPage, from)
	if err != nil {
		return nil, "", c.failure("search issues", res, err)
	}
	all := make([]issue, 0, len(page.Issues))
	for _, i := range page.Issues {
		all = append(all, cloudIssue(i))
	}
	return all, page.NextPageToken, nil
}

func cloudIssue(i *models.IssueScheme) issue {
	if i.Fields == nil {
		return issue{key: i.Key}
	}
	return newIssue(i.Key, i.Fields.Labels, i.Fields.Status)
}

func newIssue(key string, labels []string, status *models.StatusScheme) issue {
	got := issue{key: key, labels: labels}
	if status != nil {
		got.done = status.StatusCategory != nil && status.StatusCategory.Key == "done"
	}
	return got
}

func (c *cloud) get(ctx context.Context, key string) (issue, error) {
	i, res, err := c.api.Issue.Get(ctx, key, issueFields, nil)
	if err != nil {
		return issue{}, c.failure("read "+key, res, err)
	}
	return cloudIssue(i), nil
}

func (c *cloud) create(ctx context.Context, d draft) (string, error) {
	fields := &models.IssueFieldsScheme{
		Project: &models.ProjectScheme{Key: d.project}, IssueType: &models.IssueTypeScheme{Name: d.kind},
		Summary: d.summary, Description: d.content.adf(), Labels: d.labels, DueDate: dueDate(d),
	}
	if d.assignee != "" {
		fields.Assignee = &models.UserScheme{AccountID: d.assignee}
	}
	if d.priority != "" {
		fields.Priority = &models.PriorityScheme{Name: d.priority}
	}
	made, res, err := c.api.Issue.Create(ctx, &models.IssueScheme{Fields: fields}, customFields(d))
	if err != nil {
		return "", c.failure("create issue", res, err)
	}
	return made.Key, nil
}

func dueDate(d draft) *models.DateScheme {
	at, err := time.Parse(time.DateOnly, d.due)
	if err != nil || !d.dueKnown {
		return nil
	}
	return (*models.DateScheme)(&at)
}

// customFields puts the configured fields beside those that the library knows by name.
func customFields(d draft) *models.CustomFields {
	if len(d.fields) == 0 {
		return nil
	}
	return &models.CustomFields{Fields: []map[string]any{{"fields": d.fields}}}
}

// changes are those parts of an update that are operations: labels, and a due date that goes.
func changes(d draft, drop []string) (*models.UpdateOperations, error) {
	ops := &models.UpdateOperations{}
	if err := ops.AddMultiRawOperation("labels", labelChange(d.labels, drop)); err != nil {
		return nil, err
	}
	if d.dueKnown && d.due == "" {
		if err := ops.AddMultiRawOperation("duedate", []map[string]any{{"set": nil}}); err != nil {
			return nil, err
		}
	}
	return ops, nil
}

func (c *cloud) update(ctx context.Context, key string, d draft, drop []string) error {
	ops, err := changes(d, drop)
	if err != nil {
		return err
	}
	fields := &models.IssueFieldsScheme{Summary: d.summary, Description: d.content.adf(), DueDate: dueDate(d)}
	res, err := c.api.Issue.Update(ctx, key, true, &models.IssueScheme{Fields: fields}, nil, ops)
	return c.failure("update "+key, res, err)
}

func (c *cloud) transitions(ctx context.Context, key string) ([]*models.IssueTransitionScheme, error) {
	list, res, err := c.api.Issue.Transitions(ctx, key)
	if err != nil {
		return nil, c.failure("read transitions of "+key, res, err)
	}
	return list.Transitions, nil
}

func (c *cloud) move(ctx context.Context, key, transition, resolution string) error {
	var with *models.IssueMoveOptionsV3
	if resolution != "" {
		with = &models.IssueMoveOptionsV3{Fields: &models.IssueScheme{
			Fields: &models.IssueFieldsScheme{Resolution: &models.ResolutionScheme{Name: resolution}},
		}}
	}
	res, err := c.api.Issue.Move(ctx, key, transition, with)
	return c.failure("move "+key, res, err)
}

func (c *cloud) comment(ctx context.Context, key, text string) error {
	_, res, err := c.api.Issue.Comment.Add(ctx, key, &models.CommentPayloadScheme{Body: paragraphs(text).adf()}, nil)
	return c.failure("comment on "+key, res, err)
}

func (c *cloud) lastComment(ctx context.Context, key string) (string, error) {
	page, res, err := c.api.Issue.Comment.Gets(ctx, key, "-created", nil, 0, 1)
	if err != nil {
		return "", c.failure("read comments of "+key, res, err)
	}
	if len(page.Comments) == 0 {
		return "", nil
	}
	return adfText(page.Comments[0].Body), nil
}

func (c *cloud) sameComment(text string) string { return adfText(paragraphs(text).adf()) }

// account asks by e-mail. Jira Cloud: the query matches the e-mail address even when the profile hides it, so one active
// answer without an address is the person too.
func (c *cloud) account(ctx context.Context, email string) (string, error) {
	people, res, err := c.api.User.Search.Do(ctx, "", email, 0, 5)
	if err != nil {
		return "", c.failure("look up an assignee", res, err)
	}
	p := onePerson(people, email)
	if p == nil {
		return "", nil
	}
	return p.AccountID, nil
}
