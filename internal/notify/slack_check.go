package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"okta-entitlements-mcp/internal/untrusted"
)

// neededScopes are those of the bot token that posting, charts and direct messages need.
var neededScopes = [...]string{"chat:write", "files:write", "users:read.email", "im:write"}

// Check asks whether the token works, has the scopes, and is a member of the channel. It only reads. The error names all that
// is missing.
func (s *Slack) Check(ctx context.Context) error {
	me, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return s.problem("log in to Slack", err)
	}
	have := strings.FieldsFunc(strings.Join(me.Header.Values("X-OAuth-Scopes"), ","), func(r rune) bool { return r == ',' || r == ' ' })
	var missing []string
	for _, scope := range neededScopes {
		if len(have) > 0 && !slices.Contains(have, scope) {
			missing = append(missing, scope)
		}
	}
	var all []error
	if len(missing) > 0 {
		all = append(all,
			fmt.Errorf("use Slack: the token lacks the scopes %s: add them under OAuth & Permissions, "+
				"reinstall the app, and set the token again if it changes", strings.Join(missing, ", ")))
	}
	return errors.Join(append(all, s.checkChannel(ctx, untrusted.New(me.User).Show(untrusted.Name)))...)
}

var channelID = regexp.MustCompile(`^[CG][A-Z0-9]{7,}$`)

// checkChannel looks the channel up. A token that may post but not list channels is good enough: the first post will show.
func (s *Slack) checkChannel(ctx context.Context, bot string) error {
	channel, err := s.findChannel(ctx)
	if err != nil && err.Error() == "missing_scope" {
		s.log.Warn("the channel cannot be checked before the first post: the token lacks channels:read, or groups:read for a private one")
		return nil
	}
	if err != nil {
		return s.problem("read channel "+s.o.Channel, err)
	}
	switch {
	case channel.IsArchived:
		return s.problem("read channel "+s.o.Channel, errors.New("is_archived"))
	case !channel.IsMember:
		return fmt.Errorf("read channel %s: the bot is not in it; write /invite @%s there", s.o.Channel, bot)
	}
	return nil
}

func (s *Slack) findChannel(ctx context.Context) (*slack.Channel, error) {
	if channelID.MatchString(s.o.Channel) {
		return s.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: s.o.Channel})
	}
	const mostPages = 100
	name := strings.TrimPrefix(s.o.Channel, "#")
	for page, cursor := 0, ""; page < mostPages; page++ {
		list, next, err := s.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
			Cursor: cursor, Limit: 200, Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true,
		})
		if err != nil {
			return nil, err
		}
		for i := range list {
			if strings.EqualFold(list[i].Name, name) {
				return &list[i], nil
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return nil, errors.New("channel_not_found")
}

// slackError is Slack's refusal, or the lack of an answer. It is no trouble.Error: the sender decides by lost whether the
// message may be sent again, and its words end as the error of one message.
type slackError struct {
	text  string
	cause error
	lost  bool // the message may have been sent
}

func (e *slackError) Error() string { return e.text }
func (e *slackError) Unwrap() error { return e.cause }

// slackHelp says for Slack's error codes what to do.
var slackHelp = map[string]string{
	"not_in_channel": "the bot is not in the channel: write /invite @ and its name there",
	"channel_not_found": "no such channel, or a private one that the bot is not in: set its id (from " +
		"the channel's details) and invite the bot",
	"is_archived":        "the channel is archived: set another one",
	"invalid_auth":       "the token is wrong, or not for this workspace: set the Bot User OAuth Token of the app",
	"not_authed":         "no token: set the Bot User OAuth Token of the app",
	"token_expired":      "the token has expired: make a new one, or turn token rotation off in the app",
	"token_revoked":      "the token was revoked: reinstall the app and set the new token",
	"account_inactive":   "the app was removed or its account deactivated: install it again and set the new token",
	"missing_scope":      "the token lacks a scope: add it under OAuth & Permissions and reinstall the app",
	"restricted_action":  "a workspace setting keeps apps from posting there: ask an administrator of the workspace",
	"cannot_dm_bot":      "bots cannot be written to",
	"ekm_access_denied":  "the workspace's administrators have suspended posting",
	"msg_too_long":       "the message is too long",
	"invalid_blocks":     "Slack does not accept the message's form",
	"ratelimited":        "Slack limits the rate: run again later",
	"access_denied":      "the workspace denies access to the app: ask an administrator of the workspace",
	"org_login_required": "the workspace is being moved: run again later",
}

// problem puts an error of Slack or of the wire into words. The token is in none of them: the library sends it in the body,
// and addresses are taken out.
func (s *Slack) problem(what string, err error) error {
	if err == nil {
		return nil
	}
	var (
		refused slack.SlackErrorResponse
		status  slack.StatusCodeError
		limited *slack.RateLimitedError
	)
	e := &slackError{cause: errors.New(scrub(untrusted.New(wireError(err).Error()).Show(untrusted.Paragraph), s.o.Token))}
	switch {
	case errors.As(err, &limited):
		e.text = fmt.Sprintf("%s: Slack limits the rate and asks to wait %s: run again later", what, limited.RetryAfter)
	case errors.As(err, &status):
		e.lost = status.Code >= 500
		e.text = fmt.Sprintf("%s: Slack answered HTTP %d: run again later", what, status.Code)
	case errors.As(err, &refused) || slackHelp[err.Error()] != "":
		code := untrusted.New(err.Error()).Show(untrusted.Name)
		e.lost = code == "internal_error" || code == "fatal_error" || code == "request_timeout" || code == "service_unavailable"
		e.text = what + ": Slack answers " + code
		if help := slackHelp[code]; help != "" {
			e.text += ": " + help
		}
		if refused.Needed != "" {
			e.text += " (needed: " + untrusted.New(refused.Needed).Show(untrusted.Line) + ")"
		}
		for _, words := range refused.ResponseMetadata.Messages {
			e.text += "; " + untrusted.New(words).Show(untrusted.Line)
		}
		e.text = scrub(e.text, s.o.Token)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.lost, e.cause = true, wireError(err)
		e.text = what + ": " + e.cause.Error()
	default:
		e.lost = !neverSent(err)
		e.text = what + ": Slack did not answer: " + e.cause.Error()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			e.text += " (the answer was cut off)"
		}
	}
	return e
}
