package notify

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	v2 "github.com/ctreminiom/go-atlassian/v2/jira/v2"
	"github.com/ctreminiom/go-atlassian/v2/pkg/infra/models"
)

// dataCenter is Jira Data Center: REST API v2, personal access token, texts in wiki notation.
type dataCenter struct {
	shared
	api *v2.Client
}

func newDataCenter(wire *http.Client, o JiraOptions) (*dataCenter, error) {
	api, err := v2.New(wire, o.BaseURL)
	if err != nil {
		return nil, err
	}
	api.Auth.SetBearerToken(o.PAT.Reveal())
	return &dataCenter{
		shared: shared{meta: api.Issue.Metadata, projects: api.Project, me: api.MySelf, failure: failures(o.PAT)},
		api:    api,
	}, nil
}

func (c *dataCenter) search(ctx context.Context, jql, from string) ([]issue, string, error) {
	at := 0
	if from != "" {
		var err error
		if at, err = strconv.Atoi(from); err != nil {
			return nil, "", err
		}
	}
	// The library marks this call as deprecated because Jira Cloud has taken it away; Data Center has no other.
	//lint:ignore SA1019 only Jira Cloud has taken the call away
	page, res, err := c.api.Issue.Search.Post(ctx, jql, issueFields, nil, at, searchPage, "")
	if err != nil {
		return nil, "", c.failure("search issues", res, err)
	}
	all := make([]issue, 0, len(page.Issues))
	for _, i := range page.Issues {
		all = append(all, dataCenterIssue(i))
	}
	if next := at + len(all); len(all) > 0 && next < page.Total {
		return all, strconv.Itoa(next), nil
	}
	return all, "", nil
}

func dataCenterIssue(i *models.IssueSchemeV2) issue {
	if i.Fields == nil {
		return issue{key: i.Key}
	}
	return newIssue(i.Key, i.Fields.Labels, i.Fields.Status)
}

func (c *dataCenter) get(ctx context.Context, key string) (issue, error) {
	i, res, err := c.api.Issue.Get(ctx, key, issueFields, nil)
	if err != nil {
		return issue{}, c.failure("read "+key, res, err)
	}
	return dataCenterIssue(i), nil
}

func (c *dataCenter) create(ctx context.Context, d draft) (string, error) {
	fields := &models.IssueFieldsSchemeV2{
		Project: &models.ProjectScheme{Key: d.project}, IssueType: &models.IssueTypeScheme{Name: d.kind},
		Summary: d.summary, Description: d.content.wiki(), Labels: d.labels, DueDate: dueDate(d),
	}
	if d.assignee != "" {
		fields.Assignee = &models.UserScheme{Name: d.assignee}
	}
	if d.priority != "" {
		fields.Priority = &models.PriorityScheme{Name: d.priority}
	}
	made, res, err := c.api.Issue.Create(ctx, &models.IssueSchemeV2{Fields: fields}, customFields(d))
	if err != nil {
		return "", c.failure("create issue", res, err)
	}
	return made.Key, nil
}

func (c *dataCenter) update(ctx context.Context, key string, d draft, drop []string) error {
	ops, err := changes(d, drop)
	if err != nil {
		return err
	}
	fields := &models.IssueFieldsSchemeV2{Summary: d.summary, Description: d.content.wiki(), DueDate: dueDate(d)}
	res, err := c.api.Issue.Update(ctx, key, true, &models.IssueSchemeV2{Fields: fields}, nil, ops)
	return c.failure("update "+key, res, err)
}

func (c *dataCenter) transitions(ctx context.Context, key string) ([]*models.IssueTransitionScheme, error) {
	list, res, err := c.api.Issue.Transitions(ctx, key)
	if err != nil {
		return nil, c.failure("read transitions of "+key, res, err)
	}
	return list.Transitions, nil
}

func (c *dataCenter) move(ctx context.Context, key, transition, resolution string) error {
	var with *models.IssueMoveOptionsV2
	if resolution != "" {
		with = &models.IssueMoveOptionsV2{Fields: &models.IssueSchemeV2{
			Fields: &models.IssueFieldsSchemeV2{Resolution: &models.ResolutionScheme{Name: resolution}},
		}}
	}
	res, err := c.api.Issue.Move(ctx, key, transition, with)
	return c.failure("move "+key, res, err)
}

func (c *dataCenter) comment(ctx context.Context, key, text string) error {
	_, res, err := c.api.Issue.Comment.Add(ctx, key, &models.CommentPayloadSchemeV2{Body: c.sameComment(text)}, nil)
	return c.failure("comment on "+key, res, err)
}

func (c *dataCenter) lastComment(ctx context.Context, key string) (string, error) {
	page, res, err := c.api.Issue.Comment.Gets(ctx, key, "-created", nil, 0, 1)
	if err != nil {
		return "", c.failure("read comments of "+key, res, err)
	}
	if len(page.Comments) == 0 {
		return "", nil
	}
	return page.Comments[0].Body, nil
}

func (c *dataCenter) sameComment(text string) string { return paragraphs(text).wiki() }

// account asks by e-mail. Data Center wants the search word as username, which the library's call, made for Cloud, does not
// send; so the request is built here and sent through the library.
func (c *dataCenter) account(ctx context.Context, email string) (string, error) {
	query := url.Values{"username": {email}, "maxResults": {"5"}}
	req, err := c.api.NewRequest(ctx, http.MethodGet, "rest/api/2/user/search?"+query.Encode(), "", nil)
	if err != nil {
		return "", err
	}
	var people []*models.UserScheme
	if res, err := c.api.Call(req, &people); err != nil {
		return "", c.failure("look up an assignee", res, err)
	}
	p := onePerson(people, email)
	if p == nil || !strings.EqualFold(p.EmailAddress, email) {
		return "", nil
	}
	return p.Name, nil
}

// onePerson is the active person with this address, or the only active one when addresses are hidden.
func onePerson(people []*models.UserScheme, email string) *models.UserScheme {
	var hidden []*models.UserScheme
	for _, p := range people {
		switch {
		case p == nil || !p.Active:
		case strings.EqualFold(p.EmailAddress, email):
			return p
		case p.EmailAddress == "":
			hidden = append(hidden, p)
		}
	}
	if len(hidden) == 1 {
		return hidden[0]
	}
	return nil
}
