package notifytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"okta-entitlements-mcp/internal/simwire"
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
	service
	o      SlackOptions
	router simwire.Router[slackOperation]

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
		o.Scopes = []string{
			"chat:write", "files:write", "users:read", "users:read.email", "im:write", "channels:read", "groups:read",
		}
	}
	if o.Channels == nil {
		o.Channels = []Channel{{ID: "C0SECURITY", Name: "security"}}
	}
	if o.BaseURL == "" {
		o.BaseURL = "https://slack.example.com/api"
	}
	s := &Slack{o: o, files: map[string]*File{}}
	s.service = newService(slackService{s})
	s.routes()
	return s
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
func (s *Slack) Transport() http.RoundTripper { return s.service.Transport(s.BaseURL) }

func (s *Slack) authTest(url.Values) (map[string]any, string) {
	return map[string]any{
		"url": "https://example.slack.com/", "team": "Example", "team_id": "T0EXAMPLE",
		"user": "auditor", "user_id": "U0AUDITOR", "bot_id": "B0AUDITOR",
	}, ""
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
	return map[string]any{
		"id": c.ID, "name": c.Name, "is_channel": true,
		"is_member": !c.Outside, "is_archived": c.Archived, "is_private": c.Private,
	}
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
	return map[string]any{
		"channels":          visible[min(at, end):end],
		"response_metadata": map[string]any{"next_cursor": next},
	}, ""
}

func (s *Slack) lookup(in url.Values) (map[string]any, string) {
	for _, m := range s.o.People {
		if strings.EqualFold(m.Email, in.Get("email")) {
			return map[string]any{"user": map[string]any{
				"id": m.ID, "deleted": m.Deleted, "is_bot": m.Bot, "name": m.ID,
				"profile": map[string]any{"email": m.Email},
			}}, ""
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
