package notifytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// search: Cloud has POST /search/jql with a token for the next page, and has taken POST /search away (410); Data Center has
// POST /search with startAt.
func (j *Jira) search(c *jiraCall, enhanced bool) (int, any, *refusal) {
	var in struct {
		JQL           string   `json:"jql"`
		MaxResults    int      `json:"maxResults"`
		Fields        []string `json:"fields"`
		Expand        any      `json:"expand"`
		NextPageToken string   `json:"nextPageToken"`
		StartAt       int      `json:"startAt"`
		ValidateQuery string   `json:"validateQuery"`
	}
	switch {
	case j.o.DataCenter && enhanced:
		return 0, nil, refuse(http.StatusNotFound, "null for uri")
	case !j.o.DataCenter && !enhanced:
		return 0, nil, refuse(http.StatusGone,
			"The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
	}
	if wrong := body(c, &in); wrong != nil {
		return 0, nil, wrong
	}
	query, err := parseJQL(in.JQL)
	if err != nil {
		return 0, nil, refuse(http.StatusBadRequest, "Error in the JQL Query: "+err.Error())
	}
	hits := j.match(query)
	at, size := in.StartAt, 3 // small pages, so that callers have to go on
	if enhanced {
		if at, err = strconv.Atoi(strings.TrimPrefix(in.NextPageToken, "page-")); in.NextPageToken != "" && err != nil {
			return 0, nil, refuse(http.StatusBadRequest, "The provided next page token is invalid or expired.")
		}
	}
	end := min(at+min(size, max(in.MaxResults, 1)), len(hits))
	list := []any{}
	for _, i := range hits[min(at, end):end] {
		list = append(list, j.issueJSON(i, in.Fields))
	}
	answer := map[string]any{"issues": list}
	switch {
	case !enhanced:
		answer["startAt"], answer["maxResults"], answer["total"] = at, size, len(hits)
	case end < len(hits):
		answer["nextPageToken"], answer["isLast"] = fmt.Sprintf("page-%d", end), false
	default:
		answer["isLast"] = true
	}
	return http.StatusOK, answer, nil
}

// match finds issues as the index shows them, which lags.
func (j *Jira) match(q jql) []Issue {
	var hits []Issue
	if j.hidden {
		return nil
	}
	for _, versions := range j.index {
		for n := len(versions) - 1; n >= 0; n-- {
			if v := versions[n]; now().Sub(v.at) >= j.o.Lag {
				if !v.deleted && q.matches(v.issue) {
					hits = append(hits, v.issue)
				}
				break
			}
		}
	}
	slices.SortFunc(hits, func(a, b Issue) int {
		order := 2*a.Created.Compare(b.Created) + max(min(compareID(a.ID, b.ID), 1), -1)
		if q.descending {
			return -order
		}
		return order
	})
	return hits
}

// errUnbounded is in Jira's own words.
//
//lint:ignore ST1005 it is an answer's text
var errUnbounded = errors.New("Unbounded JQL queries are not allowed here. Please add a search restriction to your query")

// jql is the part of the language that is modelled: labels = "x", labels in ("x", "y"), statusCategory != Done, joined by
// AND, ordered by created.
type jql struct {
	labels     []string
	notDone    bool
	descending bool
}

var (
	jqlOrder  = regexp.MustCompile(`(?i)^(.*?)\s+ORDER BY created(?: (ASC|DESC))?$`)
	jqlEquals = regexp.MustCompile(`^labels = "([^"\\\s]+)"$`)
	jqlIn     = regexp.MustCompile(`^labels in \(("[^"\\\s]+"(?:, "[^"\\\s]+")*)\)$`)
)

func parseJQL(text string) (jql, error) {
	var q jql
	m := jqlOrder.FindStringSubmatch(text)
	if m == nil {
		return q, fmt.Errorf("not modelled: %q", text)
	}
	q.descending = strings.EqualFold(m[2], "DESC")
	for _, clause := range strings.Split(m[1], " AND ") {
		one, several := jqlEquals.FindStringSubmatch(clause), jqlIn.FindStringSubmatch(clause)
		switch {
		case one != nil && q.labels == nil:
			q.labels = one[1:2]
		case several != nil && q.labels == nil:
			for _, quoted := range strings.Split(several[1], ", ") {
				q.labels = append(q.labels, strings.Trim(quoted, `"`))
			}
		case clause == "statusCategory != Done":
			q.notDone = true
		default:
			return q, fmt.Errorf("not modelled: %q", clause)
		}
	}
	if q.labels == nil { // Jira Cloud, enhanced search: unbounded queries are refused
		return q, errUnbounded
	}
	return q, nil
}

func (q jql) matches(i Issue) bool {
	if q.notDone && i.Done() {
		return false
	}
	return slices.ContainsFunc(q.labels, func(label string) bool { return slices.Contains(i.Labels, label) })
}

// Count returns how many issues a JQL query finds now.
func (j *Jira) Count(query string) (int, error) {
	q, err := parseJQL(query)
	if err != nil {
		return 0, err
	}
	j.state.Lock()
	defer j.state.Unlock()
	return len(j.match(q)), nil
}

// node is a part of an Atlassian document. Those node types are known that a text with tables needs.
type node struct {
	Version int    `json:"version"`
	Type    string `json:"type"`
	Text    string `json:"text"`
	Content []node `json:"content"`
}

// inside says what a node may contain: Atlassian Document Format, structure.
var inside = map[string][]string{
	"doc": {"paragraph", "table"}, "paragraph": {"text"}, "table": {"tableRow"}, "tableRow": {"tableCell", "tableHeader"},
	"tableCell": {"paragraph"}, "tableHeader": {"paragraph"}, "text": nil,
}

func checkADF(value json.RawMessage) error {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.DisallowUnknownFields()
	var doc node
	if err := decoder.Decode(&doc); err != nil {
		return err
	}
	if doc.Type != "doc" || doc.Version != 1 || len(doc.Content) == 0 {
		return fmt.Errorf("not a document of version 1")
	}
	return checkNode(doc)
}

func checkNode(n node) error {
	switch {
	case n.Type == "text" && (n.Text == "" || len(n.Content) > 0), n.Type != "text" && n.Text != "":
		return fmt.Errorf("%s: text nodes, and they alone, have a text", n.Type)
	case (n.Type == "table" || n.Type == "tableRow" || n.Type == "tableCell") && len(n.Content) == 0:
		return fmt.Errorf("%s: empty", n.Type)
	}
	for _, child := range n.Content {
		if !slices.Contains(inside[n.Type], child.Type) {
			return fmt.Errorf("%s inside %s", child.Type, n.Type)
		}
		if err := checkNode(child); err != nil {
			return err
		}
	}
	return nil
}
