package notifytest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// route finds who answers. Paths of the other Jira's API are not there.
func (j *Jira) route(w http.ResponseWriter, r *http.Request) {
	j.state.Lock()
	defer j.state.Unlock()
	version := "3"
	if j.o.DataCenter {
		version = "2"
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/rest/api/"+version+"/")
	if !ok {
		reply(w, http.StatusNotFound, refuse(http.StatusNotFound, "null for uri: "+r.URL.Path))
		return
	}
	if !j.authorised(r) {
		w.Header().Set("WWW-Authenticate", `OAuth realm="https%3A%2F%2Fjira.example.com"`)
		reply(w, http.StatusUnauthorized, refuse(http.StatusUnauthorized, "Client must be authenticated to access this resource."))
		return
	}
	status, body, wrong := j.serve(r, strings.Split(rest, "/"))
	if wrong != nil {
		reply(w, wrong.status, wrong)
		return
	}
	reply(w, status, body)
}

// authorised: Cloud takes Basic with e-mail and API token, Data Center a personal access token as Bearer.
func (j *Jira) authorised(r *http.Request) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(j.o.Email+":"+j.o.Token))
	if j.o.DataCenter {
		want = "Bearer " + j.o.Token
	}
	return r.Header.Get("Authorization") == want
}

func (j *Jira) serve(r *http.Request, p []string) (int, any, *refusal) {
	switch at := r.Method + " " + p[0]; {
	case at == "GET myself" && len(p) == 1:
		return http.StatusOK, map[string]any{"accountId": "robot", "emailAddress": j.o.Email, "active": true, "displayName": "Robot"}, nil
	case at == "GET project" && len(p) == 2:
		return j.project(p[1])
	case at == "GET user" && len(p) == 2 && p[1] == "search":
		return j.findPeople(r)
	case at == "POST search":
		return j.search(r, p)
	case at == "GET issue" && len(p) >= 4 && p[1] == "createmeta":
		return j.createMeta(r, p[2:])
	case at == "POST issue" && len(p) == 1:
		return j.create(r)
	case p[0] == "issue" && len(p) >= 2:
		return j.serveIssue(r, p)
	}
	return 0, nil, refuse(http.StatusNotFound, "null for uri: "+r.URL.Path)
}

func (j *Jira) serveIssue(r *http.Request, p []string) (int, any, *refusal) {
	i := j.issues[p[1]]
	if i == nil || j.hidden {
		return 0, nil, refuse(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
	}
	what := ""
	if len(p) > 2 {
		what = p[2]
	}
	switch r.Method + " " + what {
	case "GET ":
		return http.StatusOK, j.issueJSON(*i, strings.Split(r.URL.Query().Get("fields"), ",")), nil
	case "PUT ":
		return j.update(r, i)
	case "GET transitions":
		return http.StatusOK, map[string]any{"expand": "transitions", "transitions": j.movesFrom(i)}, nil
	case "POST transitions":
		return j.move(r, i)
	case "GET comment":
		return j.comments(r, i)
	case "POST comment":
		return j.comment(r, i)
	}
	return 0, nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
}

func (j *Jira) project(key string) (int, any, *refusal) {
	if key != j.o.Project {
		return 0, nil, refuse(http.StatusNotFound, fmt.Sprintf("No project could be found with key '%s'.", key))
	}
	return http.StatusOK, map[string]any{"id": "10000", "key": key, "name": "Security"}, nil
}

// findPeople: Cloud searches by query and shows no hidden address; Data Center demands username.
func (j *Jira) findPeople(r *http.Request) (int, any, *refusal) {
	word := r.URL.Query().Get("query")
	if j.o.DataCenter {
		if word = r.URL.Query().Get("username"); word == "" {
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
func (j *Jira) createMeta(r *http.Request, p []string) (int, any, *refusal) {
	if p[0] != j.o.Project || p[1] != "issuetypes" {
		return 0, nil, refuse(http.StatusNotFound, fmt.Sprintf("No project could be found with key '%s'.", p[0]))
	}
	name, list := "issueTypes", []any{}
	switch {
	case len(p) == 2:
		list = append(list, map[string]any{"id": "10001", "name": "Task", "subtask": false}, map[string]any{"id": "10002", "name": "Bug", "subtask": false})
	case p[2] == "10001" || p[2] == "10002":
		name, list = "fields", j.screen()
	default:
		return 0, nil, refuse(http.StatusNotFound, "No issue type could be found.")
	}
	if j.o.DataCenter {
		name = "values"
	}
	at, err := strconv.Atoi(r.URL.Query().Get("startAt"))
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
	{ID: "summary", Name: "Summary", Required: true, Type: "string"}, {ID: "issuetype", Name: "Issue Type", Required: true, Type: "issuetype"},
	{ID: "project", Name: "Project", Required: true, Type: "project"}, {ID: "reporter", Name: "Reporter", Required: true, Type: "user"},
	{ID: "description", Name: "Description", Type: "string"}, {ID: "labels", Name: "Labels", Type: "array"},
	{ID: "duedate", Name: "Due date", Type: "date"}, {ID: "priority", Name: "Priority", Type: "priority", Options: []string{"Highest", "High", "Medium"}},
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
func body(r *http.Request, into any) *refusal {
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return refuse(http.StatusUnsupportedMediaType, "Unsupported Media Type")
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again. "+err.Error())
	}
	return nil
}

func (j *Jira) issueJSON(i Issue, fields []string) map[string]any {
	all := map[string]any{"labels": i.Labels, "status": statusJSON(i.Status), "summary": i.Summary, "description": i.Description}
	if i.Labels == nil {
		all["labels"] = []string{}
	}
	shown := map[string]any{}
	for _, name := range fields {
		if value, ok := all[name]; ok {
			shown[name] = value
		}
	}
	return map[string]any{"id": i.ID, "key": i.Key, "self": j.o.BaseURL + "/rest/api/3/issue/" + i.ID, "fields": shown}
}
