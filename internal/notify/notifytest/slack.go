package notifytest

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// SlackOptions shape a simulated workspace. The zero value has the channel #security with the bot in it.
type SlackOptions struct {
	Token    string   // "" means xoxb-0123456789-demo
	Scopes   []string // nil means all that are needed and channels:read
	Channels []Channel
	People   []Member
	BaseURL  string // "" means https://slack.example.com/api
}

// Channel of the workspace.
type Channel struct {
	ID, Name string
	Outside  bool // the bot is not a member
	Archived bool
	Private  bool
}

// Member of the workspace.
type Member struct {
	ID, Email string
	Deleted   bool
	Bot       bool
}

// Posted is a message as the workspace has it.
type Posted struct {
	Channel string
	TS      string
	Thread  string
	Text    string // the fallback
	Blocks  []json.RawMessage
	Files   []File
}

// Shown is all that a reader sees of a message: the texts of its blocks, unescaped as Slack shows them.
func (p Posted) Shown() string {
	var b strings.Builder
	for _, block := range p.Blocks {
		var any any
		if json.Unmarshal(block, &any) == nil {
			shown(any, &b)
		}
	}
	return b.String()
}

func shown(value any, b *strings.Builder) {
	switch v := value.(type) {
	case map[string]any:
		if text, ok := v["text"].(string); ok {
			b.WriteString(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text) + "\n")
		}
		for _, name := range []string{"text", "fields", "elements"} {
			shown(v[name], b)
		}
	case []any:
		for _, one := range v {
			shown(one, b)
		}
	}
}

// File is an upload.
type File struct {
	ID, Name, Alt, Title string
	Content              []byte
	length               int
	complete             bool
}

// Slack is a simulated workspace.
type Slack struct {
	gate
	o     SlackOptions
	state sync.Mutex
	posts []Posted
	files map[string]*File
	next  int
}

// NewSlack builds a workspace.
func NewSlack(o SlackOptions) *Slack {
	if o.Token == "" {
		o.Token = "xoxb-0123456789-demo"
	}
	if o.Scopes == nil {
		o.Scopes = []string{"chat:write", "files:write", "users:read", "users:read.email", "im:write", "channels:read", "groups:read"}
	}
	if o.Channels == nil {
		o.Channels = []Channel{{ID: "C0SECURITY", Name: "security"}}
	}
	if o.BaseURL == "" {
		o.BaseURL = "https://slack.example.com/api"
	}
	return &Slack{o: o, files: map[string]*File{}}
}

// BaseURL is the address that Transport answers.
func (s *Slack) BaseURL() string { return s.o.BaseURL }

// Token is the bot token that the workspace takes.
func (s *Slack) Token() string { return s.o.Token }

// Posts lists the messages, oldest first.
func (s *Slack) Posts() []Posted {
	s.state.Lock()
	defer s.state.Unlock()
	return slices.Clone(s.posts)
}

// Transport reaches the workspace without a socket.
func (s *Slack) Transport() http.RoundTripper {
	u, err := url.Parse(s.o.BaseURL)
	if err != nil {
		panic("notifytest: base URL: " + err.Error())
	}
	return inProcess{u.Host, s.exchangeOne}
}

// ServeHTTP serves the workspace over a real connection. The upload addresses that it gives out lie under BaseURL.
func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, fault := s.exchangeOne(r)
	overSocket(w, r, a, fault)
}

func (s *Slack) exchangeOne(r *http.Request) (answer, Fault) {
	return s.exchange(r, http.HandlerFunc(s.route), slackFailing)
}

// slackFailing: Slack answers refusals with 200 and an error code, rate limits with 429 and Retry-After in seconds.
func slackFailing(f Fault) answer {
	a := answer{status: http.StatusInternalServerError, header: http.Header{"Content-Type": {"text/html"}}, body: []byte("<html>Server Error</html>")}
	switch f {
	case Done500:
		a.status = http.StatusBadGateway
	case Limited:
		a = answer{status: http.StatusTooManyRequests, header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {"11"}}, body: []byte(`{"ok":false,"error":"ratelimited"}`)}
	case Expired:
		a = answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(`{"ok":false,"error":"token_expired"}`)}
	}
	return a
}

// method is one of the Web API's: the scope that it needs, the arguments that it takes, and what it does.
type method struct {
	scopes []string // one of them
	args   []string
	serve  func(*Slack, url.Values) (map[string]any, string)
}

// methods of Slack's Web API that are modelled, with their documented arguments.
var methods = map[string]method{
	"auth.test":                    {nil, nil, (*Slack).authTest},
	"chat.postMessage":             {[]string{"chat:write"}, []string{"channel", "text", "blocks", "unfurl_links", "unfurl_media", "thread_ts", "parse", "link_names", "mrkdwn", "metadata"}, (*Slack).postMessage},
	"conversations.info":           {[]string{"channels:read", "groups:read"}, []string{"channel", "include_locale", "include_num_members"}, (*Slack).info},
	"conversations.list":           {[]string{"channels:read", "groups:read"}, []string{"cursor", "limit", "types", "exclude_archived", "team_id"}, (*Slack).list},
	"conversations.open":           {[]string{"im:write"}, []string{"users", "return_im", "channel", "prevent_creation"}, (*Slack).openDM},
	"users.lookupByEmail":          {[]string{"users:read.email"}, []string{"email"}, (*Slack).lookup},
	"files.getUploadURLExternal":   {[]string{"files:write"}, []string{"filename", "length", "alt_txt", "snippet_type"}, (*Slack).uploadURL},
	"files.completeUploadExternal": {[]string{"files:write"}, []string{"files", "channel_id", "channels", "thread_ts", "initial_comment", "blocks"}, (*Slack).completeUpload},
}

func (s *Slack) route(w http.ResponseWriter, r *http.Request) {
	s.state.Lock()
	defer s.state.Unlock()
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	if strings.Contains(r.URL.Path, "/upload/v1/") {
		s.receive(w, r, name)
		return
	}
	w.Header().Set("X-OAuth-Scopes", strings.Join(s.o.Scopes, ","))
	out, code := s.call(r, name)
	if out == nil {
		out = map[string]any{}
	}
	out["ok"] = code == ""
	if code != "" {
		out["error"] = code
	}
	reply(w, http.StatusOK, out)
}

func (s *Slack) call(r *http.Request, name string) (map[string]any, string) {
	m, ok := methods[name]
	if !ok || r.Method != http.MethodPost {
		return nil, "unknown_method"
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, "invalid_form_data"
	}
	if err := r.ParseForm(); err != nil {
		return nil, "invalid_form_data"
	}
	token := r.PostForm.Get("token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = bearer
	}
	switch {
	case token == "":
		return nil, "not_authed"
	case token != s.o.Token:
		return nil, "invalid_auth"
	case len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, func(scope string) bool { return slices.Contains(s.o.Scopes, scope) }):
		return map[string]any{"needed": m.scopes[0], "provided": strings.Join(s.o.Scopes, ",")}, "missing_scope"
	}
	for arg := range r.PostForm {
		if arg != "token" && !slices.Contains(m.args, arg) {
			return map[string]any{"response_metadata": map[string]any{"messages": []string{"[ERROR] unexpected argument: " + arg}}}, "invalid_arguments"
		}
	}
	return m.serve(s, r.PostForm)
}

func (s *Slack) authTest(url.Values) (map[string]any, string) {
	return map[string]any{"url": "https://example.slack.com/", "team": "Example", "user": "auditor", "team_id": "T0EXAMPLE", "user_id": "U0AUDITOR", "bot_id": "B0AUDITOR"}, ""
}

func (s *Slack) channel(name string) *Channel {
	for i, c := range s.o.Channels {
		if c.ID == name || !c.Private && c.Name == strings.TrimPrefix(name, "#") {
			return &s.o.Channels[i]
		}
	}
	return nil
}

func (c Channel) json() map[string]any {
	return map[string]any{"id": c.ID, "name": c.Name, "is_channel": true, "is_member": !c.Outside, "is_archived": c.Archived, "is_private": c.Private}
}

func (s *Slack) info(in url.Values) (map[string]any, string) {
	c := s.channel(in.Get("channel"))
	if c == nil || c.ID != in.Get("channel") || c.Private && c.Outside {
		return nil, "channel_not_found"
	}
	return map[string]any{"channel": c.json()}, ""
}

// list gives out two at a time, so that callers have to go on.
func (s *Slack) list(in url.Values) (map[string]any, string) {
	at := 0
	if cursor := in.Get("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "c"))
		if err != nil {
			return nil, "invalid_cursor"
		}
		at = n
	}
	var visible []map[string]any
	for _, c := range s.o.Channels {
		if !(c.Private && c.Outside) && !(c.Archived && in.Get("exclude_archived") == "true") {
			visible = append(visible, c.json())
		}
	}
	end, next := min(at+2, len(visible)), ""
	if end < len(visible) {
		next = fmt.Sprint("c", end)
	}
	return map[string]any{"channels": visible[min(at, end):end], "response_metadata": map[string]any{"next_cursor": next}}, ""
}

func (s *Slack) lookup(in url.Values) (map[string]any, string) {
	for _, m := range s.o.People {
		if strings.EqualFold(m.Email, in.Get("email")) {
			return map[string]any{"user": map[string]any{"id": m.ID, "deleted": m.Deleted, "is_bot": m.Bot, "name": m.ID, "profile": map[string]any{"email": m.Email}}}, ""
		}
	}
	return nil, "users_not_found"
}

func (s *Slack) openDM(in url.Values) (map[string]any, string) {
	for _, m := range s.o.People {
		if m.ID != in.Get("users") {
			continue
		}
		if m.Deleted {
			return nil, "user_disabled"
		}
		return map[string]any{"channel": map[string]any{"id": "D" + m.ID}}, ""
	}
	return nil, "user_not_found"
}

// place is where a message may go: a channel that the bot is in, or a direct message.
func (s *Slack) place(name string) (string, string) {
	for _, m := range s.o.People {
		if name == "D"+m.ID {
			return name, ""
		}
	}
	switch c := s.channel(name); {
	case c == nil || c.Private && c.Outside:
		return "", "channel_not_found"
	case c.Archived:
		return "", "is_archived"
	case c.Outside:
		return "", "not_in_channel"
	default:
		return c.ID, ""
	}
}

func (s *Slack) postMessage(in url.Values) (map[string]any, string) {
	channel, code := s.place(in.Get("channel"))
	if code != "" {
		return nil, code
	}
	var blocks []json.RawMessage
	if text := in.Get("blocks"); text != "" && json.Unmarshal([]byte(text), &blocks) != nil {
		return nil, "invalid_blocks_format"
	}
	switch {
	case len(blocks) == 0 && in.Get("text") == "":
		return nil, "no_text"
	case len([]rune(in.Get("text"))) > 40_000:
		return nil, "msg_too_long"
	case len(in.Get("blocks")) > 60_000:
		return nil, "msg_blocks_too_long"
	}
	if problems := checkBlocks(blocks); len(problems) > 0 {
		return map[string]any{"response_metadata": map[string]any{"messages": problems}}, "invalid_blocks"
	}
	p := s.post(Posted{Channel: channel, Text: in.Get("text"), Blocks: blocks, Thread: in.Get("thread_ts")})
	return map[string]any{"channel": channel, "ts": p.TS, "message": map[string]any{"text": p.Text, "ts": p.TS}}, ""
}

func (s *Slack) post(p Posted) Posted {
	s.next++
	p.TS = fmt.Sprintf("%d.%06d", now().Unix(), s.next)
	s.posts = append(s.posts, p)
	return p
}
