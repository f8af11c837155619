package notifytest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"okta-entitlements-mcp/internal/simwire"
)

// jiraOperation is one operation of the API: status and body, or a refusal.
type jiraOperation func(*jiraCall) (int, any, *refusal)

// jiraCall is one request on its way through the site.
type jiraCall struct {
	open
	j      *Jira
	x      *simwire.Exchange
	op     jiraOperation
	values map[string]string // of the path's parameters
	inAPI  bool              // the path lies below the API of this site's version
	known  bool              // the path exists, if perhaps not for this method
}

func (c *jiraCall) query() url.Values { return c.x.Request.URL.Query() }

// jiraService keeps Begin out of Jira's methods.
type jiraService struct{ j *Jira }

// Begin finds the operation.
func (s jiraService) Begin(x *simwire.Exchange) simwire.Handler {
	c := &jiraCall{j: s.j, x: x}
	c.inAPI = strings.HasPrefix(x.Request.URL.Path, s.j.api())
	found, allowed := s.j.router.Find(x.Request.Method, x.Request.URL.EscapedPath())
	c.known = len(allowed) > 0
	if found != nil {
		c.op, c.values, x.Pattern = found.Value, found.Values, found.Pattern
	}
	return c
}

// api is the path of the API. That of the other Jira is not there.
func (j *Jira) api() string {
	if j.o.DataCenter {
		return "/rest/api/2/"
	}
	return "/rest/api/3/"
}

func (j *Jira) routes() {
	add := func(method, path string, op jiraOperation) { j.router.Add(method, j.api()+path, op) }
	onIssue := func(method, path string, op func(*jiraCall, *Issue) (int, any, *refusal)) {
		add(method, "issue/{key}"+path, func(c *jiraCall) (int, any, *refusal) {
			i := j.issues[c.values["key"]]
			if i == nil || j.hidden {
				return 0, nil, refuse(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
			}
			return op(c, i)
		})
	}
	add("GET", "myself", j.myself)
	add("GET", "project/{key}", func(c *jiraCall) (int, any, *refusal) { return j.project(c.values["key"]) })
	add("GET", "user/search", j.findPeople)
	add("POST", "search", func(c *jiraCall) (int, any, *refusal) { return j.search(c, false) })
	add("POST", "search/jql", func(c *jiraCall) (int, any, *refusal) { return j.search(c, true) })
	add("GET", "issue/createmeta/{project}/issuetypes", j.createMeta)
	add("GET", "issue/createmeta/{project}/issuetypes/{id}", j.createMeta)
	add("POST", "issue", j.create)
	onIssue("GET", "", func(c *jiraCall, i *Issue) (int, any, *refusal) {
		return http.StatusOK, j.issueJSON(*i, strings.Split(c.query().Get("fields"), ",")), nil
	})
	onIssue("PUT", "", j.update)
	onIssue("GET", "/transitions", func(_ *jiraCall, i *Issue) (int, any, *refusal) {
		return http.StatusOK, map[string]any{"expand": "transitions", "transitions": j.movesFrom(i)}, nil
	})
	onIssue("POST", "/transitions", j.move)
	onIssue("GET", "/comment", j.comments)
	onIssue("POST", "/comment", j.comment)
}

// Serve carries the request out.
func (c *jiraCall) Serve() {
	j, w := c.j, c.x.Reply
	j.state.Lock()
	defer j.state.Unlock()
	switch {
	case !c.inAPI:
		reply(w, http.StatusNotFound, refuse(http.StatusNotFound, "null for uri: "+c.x.Request.URL.Path))
		return
	case !j.authorised(c.x.Request):
		w.Header().Set("WWW-Authenticate", `OAuth realm="https%3A%2F%2Fjira.example.com"`)
		reply(w, http.StatusUnauthorized,
			refuse(http.StatusUnauthorized, "Client must be authenticated to access this resource."))
		return
	case c.op == nil && c.known:
		reply(w, http.StatusMethodNotAllowed, refuse(http.StatusMethodNotAllowed, "Method Not Allowed"))
		return
	case c.op == nil:
		reply(w, http.StatusNotFound, refuse(http.StatusNotFound, "null for uri: "+c.x.Request.URL.Path))
		return
	}
	status, body, wrong := c.op(c)
	if wrong != nil {
		reply(w, wrong.status, wrong)
		return
	}
	reply(w, status, body)
}

// Fail answers as a fault says. Jira Cloud, rate limiting: 429 with Retry-After in seconds.
func (c *jiraCall) Fail() {
	w := c.x.Reply
	message := func(status int, text string) {
		failure(w, status, asJSON, `{"errorMessages":["`+text+`"],"errors":{}}`)
	}
	switch c.x.Fault.Effect {
	case Error500:
		message(http.StatusInternalServerError, "Internal server error")
	case Limited:
		message(http.StatusTooManyRequests, "Rate limit exceeded.")
		w.Header().Set("Retry-After", fmt.Sprint(int(c.j.o.RetryAfter.Seconds())))
	case Expired:
		message(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
	default:
		panic("notifytest: unknown fault " + string(c.x.Fault.Effect))
	}
}

// authorised: Cloud takes Basic with e-mail and API token, Data Center a personal access token as Bearer.
func (j *Jira) authorised(r *http.Request) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(j.o.Email+":"+j.o.Token))
	if j.o.DataCenter {
		want = "Bearer " + j.o.Token
	}
	return r.Header.Get("Authorization") == want
}

func (j *Jira) myself(*jiraCall) (int, any, *refusal) {
	return http.StatusOK, map[string]any{
		"accountId": "robot", "emailAddress": j.o.Email, "active": true, "displayName": "Robot",
	}, nil
}

func (j *Jira) project(key string) (int, any, *refusal) {
	if key != j.o.Project {
		return 0, nil, refuse(http.StatusNotFound, fmt.Sprintf("No project could be found with key '%s'.", key))
	}
	return http.StatusOK, map[string]any{"id": "10000", "key": key, "name": "Security"}, nil
}

// findPeople: Cloud searches by query and shows no hidden address; Data Center demands username.
func (j *Jira) findPeople(c *jiraCall) (int, any, *refusal) {
	word := c.query().Get("query")
	if j.o.DataCenter {
		if word = c.query().Get("username"); word == "" {
			return 0, nil, refuse(http.StatusBadRequest, "The username query parameter was not provided")
		}
	}
	people := []map[string]any{}
	for _, p := range j.o.People {
		if word == "" || !strings.HasPrefix(strings.ToLower(p.Email), strings.ToLower(word)) {
			continue
		}
		one := map[string]any{"active": true, "displayName": p.ID}
		if !p.Hidden {
			one["emailAddress"] = p.Email
		}
		if j.o.DataCenter {
			one["name"], one["key"] = p.ID, "JIRAUSER"+p.ID
		} else {
			one["accountId"], one["accountType"] = p.ID, "atlassian"
		}
		people = append(people, one)
	}
	return http.StatusOK, people, nil
}

// createMeta: /issue/createmeta/{project}/issuetypes and .../issuetypes/{id}. Cloud names its lists issueTypes and fields,
// Data Center calls both values.
func (j *Jira) createMeta(c *jiraCall) (int, any, *refusal) {
	if key := c.values["project"]; key != j.o.Project {
		return 0, nil, refuse(http.StatusNotFound, fmt.Sprintf("No project could be found with key '%s'.", key))
	}
	name, list := "issueTypes", []any{}
	switch c.values["id"] {
	case "":
		list = append(list,
			map[string]any{"id": "10001", "name": "Task", "subtask": false},
			map[string]any{"id": "10002", "name": "Bug", "subtask": false})
	case "10001", "10002":
		name, list = "fields", j.screen()
	default:
		return 0, nil, refuse(http.StatusNotFound, "No issue type could be found.")
	}
	if j.o.DataCenter {
		name = "values"
	}
	at, err := strconv.Atoi(c.query().Get("startAt"))
	if err != nil || at < 0 {
		return 0, nil, refuse(http.StatusBadRequest, "startAt is not a number")
	}
	const page = 5 // small, so that callers have to go on
	end := min(at+page, len(list))
	return http.StatusOK, map[string]any{
		name: list[min(at, end):end], "startAt": at, "maxResults": page, "total": len(list), "isLast": end == len(list),
	}, nil
}

// standard fields of the create screen, with their types.
var standard = []Field{
	{ID: "summary", Name: "Summary", Required: true, Type: "string"},
	{ID: "issuetype", Name: "Issue Type", Required: true, Type: "issuetype"},
	{ID: "project", Name: "Project", Required: true, Type: "project"},
	{ID: "reporter", Name: "Reporter", Required: true, Type: "user"},
	{ID: "description", Name: "Description", Type: "string"},
	{ID: "labels", Name: "Labels", Type: "array"},
	{ID: "duedate", Name: "Due date", Type: "date"},
	{ID: "priority", Name: "Priority", Type: "priority", Options: []string{"Highest", "High", "Medium"}},
	{ID: "assignee", Name: "Assignee", Type: "user"},
}

func (j *Jira) fields() []Field {
	all := slices.DeleteFunc(slices.Clone(standard), func(f Field) bool { return slices.Contains(j.o.Without, f.ID) })
	return append(all, j.o.Fields...)
}

func (j *Jira) screen() []any {
	var list []any
	for _, f := range j.fields() {
		one := map[string]any{
			"fieldId": f.ID, "key": f.ID, "name": f.Name, "required": f.Required, "hasDefaultValue": false,
			"schema": map[string]any{"type": f.Type}, "operations": []string{"set"},
		}
		var allowed []any
		for n, option := range f.Options {
			kind := "value"
			if f.ID == "priority" {
				kind = "name"
			}
			allowed = append(allowed, map[string]any{"id": fmt.Sprint(n + 1), kind: option})
		}
		if allowed != nil {
			one["allowedValues"] = allowed
		}
		list = append(list, one)
	}
	return list
}

// body reads a JSON object, of which only the named members may be there.
func body(c *jiraCall, into any) *refusal {
	if kind := c.x.Request.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return refuse(http.StatusUnsupportedMediaType, "Unsupported Media Type")
	}
	decoder := json.NewDecoder(bytes.NewReader(c.x.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refuse(http.StatusBadRequest,
			"Invalid request payload. Refer to the REST API documentation and try again. "+err.Error())
	}
	return nil
}

func (j *Jira) issueJSON(i Issue, fields []string) map[string]any {
	all := map[string]any{
		"labels": i.Labels, "status": statusJSON(i.Status), "summary": i.Summary, "description": i.Description,
	}
	if i.Labels == nil {
		all["labels"] = []string{}
	}
	shown := map[string]any{}
	for _, name := range fields {
		if value, ok := all[name]; ok {
			shown[name] = value
		}
	}
	return map[string]any{"id": i.ID, "key": i.Key, "self": j.self(i), "fields": shown}
}

func (j *Jira) self(i Issue) string { return j.o.BaseURL + j.api() + "issue/" + i.ID }
