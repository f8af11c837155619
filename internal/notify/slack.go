package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/untrusted"
)

// SlackOptions says which workspace and channel, and where names may be shown.
type SlackOptions struct {
	Token        secret.Secret // bot token, xoxb-...
	Channel      string        // id (C0123ABCD) or name, with or without #
	NamesAllowed []string      // channels, written as in Channel, in which names of people may be shown
	BaseURL      string        // "" means https://slack.com/api; another one is for tests

	Register *Once         // who got a message when; nil means that nothing is remembered
	Every    time.Duration // no one gets a second message within it; 0 means seven days

	Transport http.RoundTripper // nil means net/http's
	Log       *slog.Logger      // nil means none
}

// Slack posts to one workspace. It is safe for several goroutines.
type Slack struct {
	o   SlackOptions
	api *slack.Client
	log *slog.Logger
}

const (
	slackURL     = "https://slack.com/api"
	defaultEvery = 7 * 24 * time.Hour
)

// channelForm reports whether a text looks like the name or the id of a channel. A pattern with Unicode's classes would
// take most of what this package does before main begins.
func channelForm(name string) bool {
	n := utf8.RuneCountInString(name)
	return n > 0 && n <= 80 && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_' && r != '.' && r != '-'
	})
}

// NewSlack checks the options; it sends nothing. Check asks Slack.
func NewSlack(o SlackOptions) (*Slack, error) {
	if o.Token.IsZero() {
		return nil, errors.New("read Slack's token: not set; take the Bot User OAuth Token (xoxb-...) from the " +
			"app's page OAuth & Permissions")
	}
	if !channelForm(strings.TrimPrefix(o.Channel, "#")) {
		return nil,
			fmt.Errorf("read Slack's channel: %q is neither an id such as C0123ABCD nor a name such as #security",
				untrusted.New(o.Channel).Show(untrusted.Name))
	}
	if o.BaseURL == "" {
		o.BaseURL = slackURL
	}
	base, err := checkURL("Slack's base URL", o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.Every == 0 {
		o.Every = defaultEvery
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	api := slack.New(o.Token.Reveal(), slack.OptionAPIURL(base+"/"),
		slack.OptionHTTPClient(newWire(o.Transport, o.Log, harmlessAtSlack)), slack.OptionLog(log.New(io.Discard, "", 0)))
	return &Slack{o: o, api: api, log: o.Log}, nil
}

// harmlessAtSlack names the methods that may be called again after a lost answer. Slack calls them all by POST.
func harmlessAtSlack(r *http.Request) bool {
	switch path.Base(r.URL.Path) {
	case "auth.test", "users.lookupByEmail", "conversations.info", "conversations.list", "conversations.open", "files.getUploadURLExternal":
		return true
	}
	return false
}

// Post puts a bulletin into the channel, and its chart into the thread below it: a file in a message of its own is
// there at once, while an image block has to wait until Slack has worked on the file. The same key is posted once; a
// second time it is Skipped, also when no one knows whether the first one got through. Names are left out unless the
// channel is listed.
func (s *Slack) Post(ctx context.Context, d Bulletin) (Result, error) {
	result := Result{Key: d.Key}
	key := "digest " + d.Key
	if d.Key != "" && s.o.Register != nil {
		before, claimed, err := s.o.Register.Claim(ctx, key, neverAgain)
		if err != nil {
			return failed(result, err)
		}
		if !claimed {
			result.Outcome, result.Error = Skipped, "posted already, or perhaps, at "+before.Format(time.RFC3339)
			return result, nil
		}
	}
	channel, at, err := s.send(ctx, s.o.Channel, bulletinMessage(d, s.ShowsNames()))
	if err != nil {
		return failed(result, s.takeBack(ctx, key, d.Key != "", time.Time{}, s.problem("post the bulletin", err)))
	}
	result.ID, result.Outcome = channel+":"+at, Sent
	if len(d.Chart) > 0 {
		if err := s.upload(ctx, channel, at, d); err != nil {
			result.Error = "the bulletin is posted, its chart is not: " + s.problem("upload the chart", err).Error()
		}
	}
	return result, nil
}

// neverAgain is the interval of what is never repeated.
const neverAgain = 100 * 365 * 24 * time.Hour

func failed(result Result, err error) (Result, error) {
	result.Outcome, result.Error = Failed, err.Error()
	return result, err
}

// takeBack removes the note of a message that certainly did not go out. The note of one that may have stays.
func (s *Slack) takeBack(ctx context.Context, key string, noted bool, before time.Time, err error) error {
	var p *slackError
	if s.o.Register == nil || !noted {
		return err
	}
	if errors.As(err, &p) && p.lost {
		return fmt.Errorf("%w; look whether the message is there: it is not sent a second time", err)
	}
	return errors.Join(err, s.o.Register.Forget(context.WithoutCancel(ctx), key, before))
}

// ShowsNames reports whether names of people may be shown in the channel. It compares as written, but for # and case.
func (s *Slack) ShowsNames() bool {
	for _, allowed := range s.o.NamesAllowed {
		if allowed != "" && strings.EqualFold(strings.TrimPrefix(allowed, "#"), strings.TrimPrefix(s.o.Channel, "#")) {
			return true
		}
	}
	return false
}

func (s *Slack) send(ctx context.Context, channel string, m message) (string, string, error) {
	return s.api.PostMessageContext(ctx, channel,
		slack.MsgOptionText(m.fallback, false), slack.MsgOptionBlocks(m.blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
}

func (s *Slack) upload(ctx context.Context, channel, thread string, d Bulletin) error {
	_, err := s.api.UploadFileContext(ctx, slack.UploadFileParameters{
		Reader:          bytes.NewReader(d.Chart),
		FileSize:        len(d.Chart),
		Filename:        "chart.png",
		Title:           untrusted.New(d.Title).Show(untrusted.Name),
		AltTxt:          untrusted.New(d.ChartText).Show(untrusted.Paragraph),
		Channel:         channel,
		ThreadTimestamp: thread,
	})
	return err
}

// Message sends a direct message to the person with that e-mail address in Slack. It is Skipped, with words, when no
// one is known by it, or when the person got a message within the interval.
func (s *Slack) Message(ctx context.Context, m Message) (Result, error) {
	result := Result{Key: normal(m.Email)}
	if s.o.Register != nil { // asked before the lookups, which are many and limited; the claim below decides
		before, err := s.o.Register.LastSent(result.Key)
		if err != nil {
			return failed(result, err)
		}
		if !before.IsZero() && time.Since(before) < s.o.Every {
			return sentAlready(result, before), nil
		}
	}
	user, err := s.api.GetUserByEmailContext(ctx, m.Email)
	switch {
	case err != nil && err.Error() == "users_not_found":
		result.Outcome, result.Error = Skipped, "no one in Slack has this e-mail address"
		return result, nil
	case err != nil:
		return failed(result, s.problem("look up a person", err))
	case user.Deleted || user.IsBot:
		result.Outcome, result.Error = Skipped, "the account in Slack is deactivated or a bot"
		return result, nil
	}
	dm, _, _, err := s.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{
		Users:    []string{user.ID},
		ReturnIM: true,
	})
	if err != nil {
		return failed(result, s.problem("open a direct message", err))
	}
	var before time.Time
	if s.o.Register != nil {
		var claimed bool
		if before, claimed, err = s.o.Register.Claim(ctx, result.Key, s.o.Every); err != nil {
			return failed(result, err)
		}
		if !claimed {
			return sentAlready(result, before), nil
		}
	}
	channel, at, err := s.send(ctx, dm.ID, personalMessage(m))
	if err != nil {
		return failed(result, s.takeBack(ctx, result.Key, true, before, s.problem("send a direct message", err)))
	}
	result.ID, result.Outcome = channel+":"+at, Sent
	return result, nil
}

func sentAlready(result Result, before time.Time) Result {
	result.Outcome, result.Error = Skipped, "sent already at "+before.Format(time.RFC3339)
	return result
}
