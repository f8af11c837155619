package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/trouble"
)

// Answer is how a question about a plan ended.
type Answer string

// The answers that close a plan to conversations.
const (
	AnswerDecline  Answer = "decline"  // the user said no
	AnswerCancel   Answer = "cancel"   // the user closed the question
	AnswerUnticked Answer = "unticked" // the user sent a form whose box was not ticked
	AnswerError    Answer = "error"    // the client could not ask, or its answer has no meaning
)

// Declined is the record that a plan was not confirmed when its user was asked.
type Declined struct {
	Answer Answer    `json:"answer"`
	Client string    `json:"client,omitempty"` // name and version of the MCP client, as it says itself
	Time   time.Time `json:"time"`
}

const declinedSuffix = ".declined"

// Decline closes a plan to conversations for good. It is on disk when Decline returns. The first answer is kept.
func (s *Store) Decline(id string, d Declined) error {
	if !ValidID(id) {
		return malformed(id)
	}
	known, err := s.Declined(id)
	if err != nil || known != nil {
		return err
	}
	err = durable.WriteFile(s.dir, id+declinedSuffix, 0o600, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(d)
	})
	if err != nil {
		return &trouble.Error{
			Code: trouble.StateNotWritable,
			What: fmt.Sprintf("the plan was not confirmed, and that cannot be saved: %v", err),
			Next: "free space or make STATE_DIR writable; nothing was written to Okta",
			Err:  err,
		}
	}
	return nil
}

// Declined returns the record that a plan was declined, nil when it was not. A record that cannot be read counts as one:
// what it says is lost, that it is there is not.
func (s *Store) Declined(id string) (*Declined, error) {
	if !ValidID(id) {
		return nil, malformed(id)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, id+declinedSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &trouble.Error{
			Code: trouble.StateNotWritable,
			What: fmt.Sprintf("whether the plan was declined cannot be read: %v", err),
			Next: "make STATE_DIR readable and writable for this user; nothing was written to Okta",
			Err:  err,
		}
	}
	d := &Declined{}
	if json.Unmarshal(text, d) != nil || d.Answer == "" {
		return &Declined{Answer: AnswerError}, nil
	}
	return d, nil
}

// Words says what happened, for messages.
func (d *Declined) Words() string {
	switch d.Answer {
	case AnswerDecline:
		return "the user was asked and declined it"
	case AnswerCancel:
		return "the user closed the question without an answer"
	case AnswerUnticked:
		return "the user sent the form without ticking its box"
	default:
		return "the question about it ended in an error"
	}
}
