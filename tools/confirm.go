package tools

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
)

// questionID names the question whether a plan is applied.
const questionID = "confirm"

// answerWithin is how long a question stays open.
const answerWithin = 15 * time.Minute

// question is returned by a handler, as an error, to have the client ask its user: whether a plan is applied, or what a
// report means.
type question struct {
	id      string
	message string // text of the file or of Okta is in it only in quotes
	schema  map[string]any
	state   sealed // what the answer is about; elicit adds the call
}

// The words of MCP with which a user answers, and what happens instead of an answer.
const (
	wordAccept  = "accept"
	wordDecline = "decline"
	wordCancel  = "cancel"
	wordError   = "error"  // the client failed to ask, or its answer has no meaning
	wordSilence = "silent" // no answer within ToolWait
)

func (*question) Error() string { return "the call waits for the user's answer" }

// confirmation asks whether a plan is applied. Its form has no field: accepting it is the one answer that applies.
func confirmation(planID, message string) *question {
	return &question{
		id:      questionID,
		message: message,
		schema:  map[string]any{"type": "object", "properties": map[string]any{}},
		state:   sealed{PlanID: planID},
	}
}

// Answer is what the user said to a question: to a confirmation when PlanID is set, otherwise to a form about a report.
type Answer struct {
	PlanID   string
	Accepted bool
	Word     string // one of the words above

	unticked bool             // the form had a box, and it was sent without the tick
	sha256   string           // of the report that the form is about
	asked    []askedDoubt     // in the form
	forms    []intake.Answers // what forms of this call have settled, the latest first
}

// take reads what the client answered: the user's word, and the fields of the form.
func (a *Answer) take(word string, content map[string]any) {
	switch word {
	case wordAccept, wordDecline, wordCancel:
		a.Word = word
	default:
		a.Word = wordError
		return
	}
	if a.PlanID != "" {
		a.confirm(content)
		return
	}
	a.settle(content)
}

// confirm reads the answer to a confirmation. Clients keep the form of an earlier version, which had a box: sent without
// its tick it is no consent.
func (a *Answer) confirm(content map[string]any) {
	tick, boxed := content["apply"]
	a.unticked = a.Word == wordAccept && boxed && tick != true
	a.Accepted = a.Word == wordAccept && !a.unticked
}

// ended says how a question about a plan ended that was not accepted.
func (a *Answer) ended() plan.Answer {
	switch {
	case a.unticked:
		return plan.AnswerUnticked
	case a.Word == wordDecline:
		return plan.AnswerDecline
	case a.Word == wordCancel:
		return plan.AnswerCancel
	default:
		return plan.AnswerError
	}
}

// sealed is the state that travels through the client and back. It is encrypted and authenticated, and bound to the
// tool, the arguments, the plan and a time, because the way back leads through the client. A plan's id covers the answers
// that it was made with; before there is a plan, the state carries the answers and the digest of the report.
type sealed struct {
	Tool     string           `json:"tool"`
	Argument []byte           `json:"argument"`
	PlanID   string           `json:"plan,omitempty"`
	SHA256   string           `json:"sha256,omitempty"`
	Asked    []askedDoubt     `json:"asked,omitempty"`
	Forms    []intake.Answers `json:"forms,omitempty"`
	Expires  time.Time        `json:"expires"`
}

// seal is AES-256-GCM under a key of this process: a restart voids open questions.
type seal struct{ aead cipher.AEAD }

func newSeal() (*seal, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make the key for questions: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &seal{aead}, nil
}

func (s *seal) close(state sealed) (string, error) {
	text, err := json.Marshal(state)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, text, nil)), nil
}

func (s *seal) open(text, tool string, argument [32]byte, now time.Time) (*Answer, error) {
	refuse := &trouble.Error{
		Code: trouble.QuestionVoid,
		What: "the answer does not belong to an open question of this server",
		Next: "call the tool again; it asks again",
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) < s.aead.NonceSize() {
		return nil, refuse
	}
	plain, err := s.aead.Open(nil, data[:s.aead.NonceSize()], data[s.aead.NonceSize():], nil)
	if err != nil {
		return nil, refuse
	}
	var state sealed
	if err := json.Unmarshal(plain, &state); err != nil {
		return nil, refuse
	}
	if state.Tool != tool || string(state.Argument) != string(argument[:]) || now.After(state.Expires) {
		return nil, refuse
	}
	return state.unanswered(), nil
}

// unanswered is what is known of an answer from its question.
func (s *sealed) unanswered() *Answer {
	return &Answer{PlanID: s.PlanID, sha256: s.SHA256, asked: s.Asked, forms: s.Forms}
}

func digestArguments(arguments map[string]any) [32]byte {
	text, err := json.Marshal(arguments) // maps encode with sorted keys
	if err != nil {
		return [32]byte{}
	}
	return sha256.Sum256(text)
}
