package notifytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// write is the body of a create, an edit and a transition.
type write struct {
	Fields     map[string]json.RawMessage              `json:"fields"`
	Update     map[string][]map[string]json.RawMessage `json:"update"`
	Transition *struct {
		ID string `json:"id"`
	} `json:"transition"`
}

const (
	notOnScreen = "Field '%s' cannot be set. It is not on the appropriate screen, or unknown."
	tooLong     = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
)

func (j *Jira) create(c *jiraCall) (int, any, *refusal) {
	var in write
	if wrong := body(c, &in); wrong != nil {
		return 0, nil, wrong
	}
	wrong := newRefusal()
	i := &Issue{Status: "To Do", Custom: map[string]json.RawMessage{}}
	for _, f := range j.fields() {
		if _, given := in.Fields[f.ID]; f.Required && !given && f.ID != "reporter" {
			wrong.Errors[f.ID] = f.Name + " is required."
		}
	}
	for id, value := range in.Fields {
		j.set(i, id, value, wrong)
	}
	if len(in.Update) > 0 || in.Transition != nil {
		wrong.Messages = append(wrong.Messages, "update and transition are not modelled for a create")
	}
	if len(wrong.Errors)+len(wrong.Messages) > 0 {
		return 0, nil, wrong
	}
	i.ID, i.Key = j.names()
	i.Created = now()
	j.issues[i.Key] = i
	j.touch(i)
	return http.StatusCreated, map[string]any{"id": i.ID, "key": i.Key, "self": j.self(*i)}, nil
}

// set checks and writes one field.
func (j *Jira) set(i *Issue, id string, value json.RawMessage, wrong *refusal) {
	if !slices.ContainsFunc(j.fields(), func(f Field) bool { return f.ID == id }) {
		wrong.Errors[id] = fmt.Sprintf(notOnScreen, id)
		return
	}
	bad := func(format string, args ...any) { wrong.Errors[id] = fmt.Sprintf(format, args...) }
	var named struct{ Key, Name, ID, AccountID string }
	switch id {
	case "project":
		if json.Unmarshal(value, &named) != nil || named.Key != j.o.Project {
			bad("valid project is required")
		}
	case "issuetype":
		if json.Unmarshal(value, &named) != nil || named.Name != "Task" && named.Name != "Bug" {
			bad("Specify a valid issue type")
		}
	case "summary":
		i.Summary = summary(value, bad)
	case "description":
		j.description(value, bad)
		i.Description = value
	case "labels":
		var labels []string
		if json.Unmarshal(value, &labels) != nil {
			bad("data was not an array")
		}
		i.Labels = nil
		for _, label := range labels {
			i.addLabel(label, bad)
		}
	case "duedate":
		i.Due = date(value, bad)
	case "assignee":
		i.Assignee = j.assignee(value, bad)
	case "priority":
		if json.Unmarshal(value, &named) != nil || !slices.Contains([]string{"Highest", "High", "Medium"}, named.Name) {
			bad("The priority selected is invalid.")
		}
		i.Priority = named.Name
	default:
		j.custom(i, id, value, bad)
	}
}

type complain func(string, ...any)

func summary(value json.RawMessage, bad complain) string {
	var text string
	switch err := json.Unmarshal(value, &text); {
	case err != nil:
		bad("Operation value must be a string")
	case strings.TrimSpace(text) == "":
		bad("You must specify a summary of the issue.")
	case utf8.RuneCountInString(text) > 255:
		bad("Summary must be less than 255 characters.")
	case strings.ContainsAny(text, "\r\n"):
		bad("The summary is invalid because it contains newline characters.")
	}
	return text
}

func date(value json.RawMessage, bad complain) string {
	var text *string
	if json.Unmarshal(value, &text) != nil {
		bad("Error parsing date string: %s", value)
		return ""
	}
	if text == nil {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, *text); err != nil {
		bad("Error parsing date string: %s", *text)
	}
	return *text
}

func (i *Issue) addLabel(label string, bad complain) {
	switch {
	case label == "" || strings.ContainsAny(label, " \t\n"):
		bad("The label '%s' contains spaces which is invalid.", label)
	case utf8.RuneCountInString(label) > 255:
		bad("The label is too long")
	case !slices.Contains(i.Labels, label):
		i.Labels = append(i.Labels, label)
	}
}

// assignee: Cloud names people by account id, Data Center by user name.
func (j *Jira) assignee(value json.RawMessage, bad complain) string {
	var who map[string]string
	kind := "accountId"
	if j.o.DataCenter {
		kind = "name"
	}
	if json.Unmarshal(value, &who) != nil || len(who) != 1 || who[kind] == "" {
		bad("expected Object with %s", kind)
		return ""
	}
	if !slices.ContainsFunc(j.o.People, func(p Person) bool { return p.ID == who[kind] && !p.Barred }) {
		bad("User '%s' cannot be assigned issues.", who[kind])
	}
	return who[kind]
}

func (j *Jira) custom(i *Issue, id string, value json.RawMessage, bad complain) {
	n := slices.IndexFunc(j.o.Fields, func(f Field) bool { return f.ID == id })
	if f := j.o.Fields[n]; f.Type == "option" {
		var option struct{ Value string }
		if json.Unmarshal(value, &option) != nil || !slices.Contains(f.Options, option.Value) {
			bad("Option value '%s' is not valid", option.Value)
		}
	}
	i.Custom[id] = value
}

func (j *Jira) update(c *jiraCall, i *Issue) (int, any, *refusal) {
	var in write
	if wrong := body(c, &in); wrong != nil {
		return 0, nil, wrong
	}
	wrong := newRefusal()
	changed := i.clone()
	for id, value := range in.Fields {
		if _, both := in.Update[id]; both {
			wrong.Errors[id] = fmt.Sprintf("Field '%s' cannot appear in both 'fields' and 'update'", id)
		}
		j.set(&changed, id, value, wrong)
	}
	for id, ops := range in.Update {
		for _, op := range ops {
			for verb, value := range op {
				j.operate(&changed, id, verb, value, wrong)
			}
		}
	}
	if len(wrong.Errors) > 0 {
		return 0, nil, wrong
	}
	*i = changed
	j.touch(i)
	return http.StatusNoContent, nil, nil
}

// operate carries out one of the operations that fields have: labels add, remove and set, others set.
func (j *Jira) operate(i *Issue, id, verb string, value json.RawMessage, wrong *refusal) {
	var label string
	switch {
	case verb == "set":
		j.set(i, id, value, wrong)
	case id == "labels" && (verb == "add" || verb == "remove") && json.Unmarshal(value, &label) == nil:
		if verb == "add" {
			i.addLabel(label, func(format string, args ...any) { wrong.Errors[id] = fmt.Sprintf(format, args...) })
			return
		}
		i.Labels = slices.DeleteFunc(i.Labels, func(have string) bool { return have == label })
	default:
		wrong.Errors[id] = fmt.Sprintf("The operation name '%s' is not valid.", verb)
	}
}

func (j *Jira) possible(i *Issue) []Move {
	return slices.DeleteFunc(slices.Clone(j.o.Moves), func(m Move) bool {
		return len(m.From) > 0 && !slices.Contains(m.From, i.Status) || m.To == i.Status
	})
}

func (j *Jira) movesFrom(i *Issue) []any {
	list := []any{}
	for _, m := range j.possible(i) {
		list = append(list, map[string]any{
			"id": m.ID, "name": m.Name, "to": statusJSON(m.To), "hasScreen": j.o.Strict && category(m.To) == "done",
		})
	}
	return list
}

func (j *Jira) move(c *jiraCall, i *Issue) (int, any, *refusal) {
	var in write
	if wrong := body(c, &in); wrong != nil {
		return 0, nil, wrong
	}
	if in.Transition == nil {
		return 0, nil, refuse(http.StatusBadRequest, "Missing 'transition' identifier")
	}
	moves := j.possible(i)
	n := slices.IndexFunc(moves, func(m Move) bool { return m.ID == in.Transition.ID })
	if n < 0 {
		return 0, nil, refuse(http.StatusBadRequest, fmt.Sprintf(
			"It seems that you have tried to perform an illegal workflow operation (transition %s).", in.Transition.ID))
	}
	demands := j.o.Strict && category(moves[n].To) == "done"
	var resolution struct{ Name string }
	for id, value := range in.Fields {
		if id != "resolution" || !demands || json.Unmarshal(value, &resolution) != nil {
			return 0, nil, refuseField(id, fmt.Sprintf(notOnScreen, id))
		}
	}
	if demands && resolution.Name == "" {
		return 0, nil, refuseField("resolution", "Resolution is required.")
	}
	if len(in.Update) > 0 {
		return 0, nil, refuseField("comment", fmt.Sprintf(notOnScreen, "comment"))
	}
	i.Status, i.Resolution = moves[n].To, resolution.Name
	j.touch(i)
	return http.StatusNoContent, nil, nil
}

func (j *Jira) comment(c *jiraCall, i *Issue) (int, any, *refusal) {
	var in struct {
		Body json.RawMessage `json:"body"`
	}
	if wrong := body(c, &in); wrong != nil {
		return 0, nil, wrong
	}
	var wrong *refusal
	j.description(in.Body, func(format string, args ...any) {
		wrong = refuseField("comment", fmt.Sprintf(format, args...))
	})
	if wrong != nil {
		return 0, nil, wrong
	}
	i.Comments = append(i.Comments, in.Body)
	j.touch(i)
	return http.StatusCreated, map[string]any{"id": fmt.Sprint(len(i.Comments)), "body": in.Body}, nil
}

func (j *Jira) comments(c *jiraCall, i *Issue) (int, any, *refusal) {
	list := []any{}
	for n, text := range i.Comments {
		list = append(list, map[string]any{"id": fmt.Sprint(n + 1), "body": text})
	}
	if c.query().Get("orderBy") == "-created" {
		slices.Reverse(list)
	}
	total := len(list)
	if c.query().Get("maxResults") == "1" {
		list = list[:min(1, total)]
	}
	return http.StatusOK, map[string]any{"comments": list, "total": total, "startAt": 0, "maxResults": 1}, nil
}

// description checks a text: an Atlassian document at Cloud, a string at Data Center.
func (j *Jira) description(value json.RawMessage, bad complain) {
	var text string
	isText := json.Unmarshal(value, &text) == nil
	switch {
	case j.o.DataCenter && !isText:
		bad("Operation value must be a string")
	case j.o.DataCenter && utf8.RuneCountInString(text) > 32767, !j.o.DataCenter && len(value) > 32767:
		bad("%s", tooLong)
	case !j.o.DataCenter && (isText || checkADF(value) != nil):
		bad("Operation value must be an Atlassian Document (see the Atlassian Document Format)")
	}
}

// textOf collects the text of an Atlassian document, or returns the string as it is.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var b strings.Builder
	for _, m := range regexp.MustCompile(`"text":("(?:[^"\\]|\\.)*")`).FindAllSubmatch(value, -1) {
		var part string
		if json.Unmarshal(m[1], &part) == nil {
			b.WriteString(part + "\n")
		}
	}
	return b.String()
}
