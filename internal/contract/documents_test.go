package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"go.yaml.in/yaml/v4"
)

// The modules whose API documents are the judges: Okta publishes the documents inside its Go SDKs.
const (
	managementModule = "github.com/okta/okta-sdk-golang/v5"
	governanceModule = "github.com/okta/okta-governance-sdk-golang@v1.1.0" // not in our module graph: fetched by itself
)

// moduleFile finds a file of a module with the go command.
func moduleFile(t *testing.T, file string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	path := filepath.Join(module.Dir, filepath.FromSlash(file))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		text := fmt.Sprintf("Okta's API document is out of reach (go %s: %v); once it can be downloaded this test runs; "+
			"CONTRACT=required makes this a failure", strings.Join(args, " "), err)
		if os.Getenv("CONTRACT") == "required" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	return path
}

func loadDocument(t *testing.T, path string, patches []patch) *openapi3.T {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatalf("read %s: %v", filepath.Base(path), err)
	}
	dropRepeated(&tree)
	var plain map[string]any
	if err := tree.Decode(&plain); err != nil {
		t.Fatalf("read %s: %v", filepath.Base(path), err)
	}
	for _, p := range patches {
		if err := p.apply(plain); err != nil {
			t.Errorf("patch %q no longer fits: %v", p.name, err)
		}
	}
	fillDangling(plain)
	encoded, err := json.Marshal(plain)
	if err != nil {
		t.Fatalf("read %s: %v", filepath.Base(path), err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(encoded)
	if err != nil {
		t.Fatalf("read %s: %v", filepath.Base(path), err)
	}
	return doc
}

// dropRepeated leaves the last of repeated mapping keys, as JavaScript's readers do: Okta's governance document defines a
// dozen components twice.
func dropRepeated(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		last := map[string]int{}
		for i := 0; i < len(n.Content); i += 2 {
			last[n.Content[i].Value] = i
		}
		var kept []*yaml.Node
		for i := 0; i < len(n.Content); i += 2 {
			if last[n.Content[i].Value] == i {
				kept = append(kept, n.Content[i], n.Content[i+1])
			}
		}
		n.Content = kept
	}
	for _, child := range n.Content {
		dropRepeated(child)
	}
}

// judge is a transport that holds every request and every answer against the documents. It notes what it finds and lets
// everything pass.
type judge struct {
	next http.RoundTripper
	docs []*openapi3.T

	mu       sync.Mutex
	findings map[string]int    // by text
	judged   map[string]int    // "GET /api/v1/users/{userId}" with the number of answers
	unknown  map[string]string // operations that no document has, with a path
}

func newJudge(next http.RoundTripper, docs ...*openapi3.T) *judge {
	return &judge{
		next:     next,
		docs:     docs,
		findings: map[string]int{},
		judged:   map[string]int{},
		unknown:  map[string]string{},
	}
}

// RoundTrip implements http.RoundTripper.
func (j *judge) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		sent, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := j.next.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	j.mu.Lock()
	defer j.mu.Unlock()
	j.judge(req, sent, resp, got)
	return resp, nil
}

func (j *judge) judge(req *http.Request, sent []byte, resp *http.Response, got []byte) {
	route, params := j.find(req)
	if route == nil {
		j.unknown[req.Method+" "+req.URL.Path] = req.URL.Path
		return
	}
	operation := route.Method + " " + route.Path
	j.judged[operation]++
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, SkipSettingDefaults: true,
		RejectWhenRequestBodyNotSpecified: true, MultiError: true, RegexCompiler: compilePattern,
	}
	in := req.Clone(req.Context())
	in.Body = io.NopCloser(bytes.NewReader(sent))
	if len(sent) == 0 {
		in.Body = http.NoBody
	}
	input := &openapi3filter.RequestValidationInput{Request: in, PathParams: params, Route: route, Options: options}
	if err := openapi3filter.ValidateRequest(req.Context(), input); err != nil {
		j.note(operation+" request", err)
	}
	for name := range req.URL.Query() {
		if !documented(route, name) {
			j.findings[fmt.Sprintf("%s request: query parameter %q is not documented", operation, name)]++
		}
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 resp.StatusCode,
		Header:                 resp.Header,
		Options:                options,
	}
	output.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(req.Context(), output); err != nil {
		j.note(fmt.Sprintf("%s answer %d", operation, resp.StatusCode), err)
	}
}

func documented(route *routers.Route, name string) bool {
	for _, list := range []openapi3.Parameters{route.Operation.Parameters, route.PathItem.Parameters} {
		for _, p := range list {
			if p.Value.In == "query" && p.Value.Name == name {
				return true
			}
		}
	}
	return false
}

var detail = regexp.MustCompile(`(?s)\n.*`)

func (j *judge) note(where string, err error) {
	if many, ok := err.(openapi3.MultiError); ok {
		for _, one := range many {
			j.note(where, one)
		}
		return
	}
	j.findings[where+": "+detail.ReplaceAllString(err.Error(), "")]++
}

// find matches a request with an operation: fixed words before parameters, as Okta routes.
func (j *judge) find(req *http.Request) (*routers.Route, map[string]string) {
	parts := strings.Split(req.URL.Path, "/")
	for _, doc := range j.docs {
		paths := slices.SortedFunc(maps.Keys(doc.Paths.Map()),
			func(a, b string) int { return strings.Count(a, "{") - strings.Count(b, "{") })
		for _, path := range paths {
			params, ok := match(strings.Split(path, "/"), parts)
			item := doc.Paths.Value(path)
			if ok && item.GetOperation(req.Method) != nil {
				return &routers.Route{
					Spec:      doc,
					Path:      path,
					PathItem:  item,
					Method:    req.Method,
					Operation: item.GetOperation(req.Method),
				}, params
			}
		}
	}
	return nil, nil
}

func match(shape, parts []string) (map[string]string, bool) {
	if len(shape) != len(parts) {
		return nil, false
	}
	params := map[string]string{}
	for i, s := range shape {
		if strings.HasPrefix(s, "{") {
			params[strings.Trim(s, "{}")] = parts[i]
		} else if s != parts[i] {
			return nil, false
		}
	}
	return params, true
}

type anyText struct{}

func (anyText) MatchString(string) bool { return true }

// compilePattern lets patterns pass that Go's regular expressions do not have (look-ahead).
func compilePattern(expr string) (openapi3.RegexMatcher, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return anyText{}, nil
	}
	return re, nil
}
