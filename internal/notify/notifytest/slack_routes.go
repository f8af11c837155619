package notifytest

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/simwire"
)

// method is one of the Web API's: the scope that it needs, the arguments that it takes, and what it does.
type method struct {
	scopes []string // one of them
	args   []string
	serve  func(*Slack, url.Values) (map[string]any, string)
}

// methods of Slack's Web API that are modelled, with their documented arguments.
var methods = map[string]method{
	"auth.test": {serve: (*Slack).authTest},
	"chat.postMessage": {
		scopes: []string{"chat:write"},
		args: []string{
			"channel", "text", "blocks", "unfurl_links", "unfurl_media", "thread_ts", "parse", "link_names", "mrkdwn",
			"metadata",
		},
		serve: (*Slack).postMessage,
	},
	"conversations.info": {
		scopes: []string{"channels:read", "groups:read"},
		args:   []string{"channel", "include_locale", "include_num_members"},
		serve:  (*Slack).info,
	},
	"conversations.list": {
		scopes: []string{"channels:read", "groups:read"},
		args:   []string{"cursor", "limit", "types", "exclude_archived", "team_id"},
		serve:  (*Slack).list,
	},
	"conversations.open": {
		scopes: []string{"im:write"},
		args:   []string{"users", "return_im", "channel", "prevent_creation"},
		serve:  (*Slack).openDM,
	},
	"users.lookupByEmail": {
		scopes: []string{"users:read.email"},
		args:   []string{"email"},
		serve:  (*Slack).lookup,
	},
	"files.getUploadURLExternal": {
		scopes: []string{"files:write"},
		args:   []string{"filename", "length", "alt_txt", "snippet_type"},
		serve:  (*Slack).uploadURL,
	},
	"files.completeUploadExternal": {
		scopes: []string{"files:write"},
		args:   []string{"files", "channel_id", "channels", "thread_ts", "initial_comment", "blocks"},
		serve:  (*Slack).completeUpload,
	},
}

// slackOperation is a method of the Web API, or the reception of an upload.
type slackOperation func(*slackCall)

// slackCall is one request on its way through the workspace.
type slackCall struct {
	open
	s      *Slack
	x      *simwire.Exchange
	op     slackOperation
	values map[string]string // of the path's parameters
}

// slackService keeps Begin out of Slack's methods.
type slackService struct{ s *Slack }

// Begin finds the operation.
func (s slackService) Begin(x *simwire.Exchange) simwire.Handler {
	c := &slackCall{s: s.s, x: x}
	if found, _ := s.s.router.Find(x.Request.Method, x.Request.URL.EscapedPath()); found != nil {
		c.op, c.values, x.Pattern = found.Value, found.Values, found.Pattern
	}
	return c
}

// routes registers the methods, which are below the path of the base URL. A call of a method that is not POST is answered as
// an unknown one.
func (s *Slack) routes() {
	base, err := url.Parse(s.o.BaseURL)
	if err != nil {
		panic("notifytest: base URL: " + err.Error())
	}
	for name, m := range methods {
		s.router.Add("POST", base.Path+"/"+name, func(c *slackCall) { c.answer(c.method(m)) })
	}
	s.router.Add("POST", base.Path+"/upload/v1/{id}", func(c *slackCall) { s.receive(c.x, c.values["id"]) })
}

// Serve carries the request out.
func (c *slackCall) Serve() {
	c.s.state.Lock()
	defer c.s.state.Unlock()
	if c.op == nil {
		c.answer(nil, "unknown_method")
		return
	}
	c.op(c)
}

// answer writes a result. Slack answers refusals with 200 and an error code.
func (c *slackCall) answer(out map[string]any, code string) {
	c.x.Reply.Header().Set("X-OAuth-Scopes", strings.Join(c.s.o.Scopes, ","))
	if out == nil {
		out = map[string]any{}
	}
	out["ok"] = code == ""
	if code != "" {
		out["error"] = code
	}
	reply(c.x.Reply, http.StatusOK, out)
}

// Fail answers as a fault says. Slack's rate limits: 429 with Retry-After in seconds.
func (c *slackCall) Fail() {
	w := c.x.Reply
	switch c.x.Fault.Effect {
	case Error500:
		failure(w, http.StatusInternalServerError, asHTML, "<html>Server Error</html>")
	case Limited:
		failure(w, http.StatusTooManyRequests, asJSON, `{"ok":false,"error":"ratelimited"}`)
		w.Header().Set("Retry-After", "11")
	case Expired:
		failure(w, http.StatusOK, asJSON, `{"ok":false,"error":"token_expired"}`)
	default:
		panic("notifytest: unknown fault " + string(c.x.Fault.Effect))
	}
}

func (s *Slack) hasScope(scope string) bool { return slices.Contains(s.o.Scopes, scope) }

// method checks the call of a method and carries it out: its result, or the code of the error.
func (c *slackCall) method(m method) (map[string]any, string) {
	s, r := c.s, c.x.Request
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, "invalid_form_data"
	}
	form, err := url.ParseQuery(string(c.x.Body))
	if err != nil {
		return nil, "invalid_form_data"
	}
	token := form.Get("token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = bearer
	}
	switch {
	case token == "":
		return nil, "not_authed"
	case token != s.o.Token:
		return nil, "invalid_auth"
	case len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, s.hasScope):
		return map[string]any{"needed": m.scopes[0], "provided": strings.Join(s.o.Scopes, ",")}, "missing_scope"
	}
	for arg := range form {
		if arg != "token" && !slices.Contains(m.args, arg) {
			messages := []string{"[ERROR] unexpected argument: " + arg}
			return map[string]any{"response_metadata": map[string]any{"messages": messages}}, "invalid_arguments"
		}
	}
	return m.serve(s, form)
}
