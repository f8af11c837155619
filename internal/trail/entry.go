// Package trail keeps the tamper-evident record of who asked for what, what was decided and what happened.
//
// A trail is a directory with three files. trail.jsonl holds one entry a line, each with the hash of the one before.
// trail.head holds number and hash of the last entry, so that a cut tail shows. trail.lock is held while appending,
// so that several processes can write one trail.
//
// What it cannot show: someone who may write both files can recompute every hash. Keep the last hash, as Verify reports
// it, somewhere else to rule that out.
package trail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Genesis is the Prev of the first entry.
const Genesis = "0000000000000000000000000000000000000000000000000000000000000000"

// Entry is one line of the trail. The caller fills all but Seq, Group, Prev and Hash; a zero Time becomes the time of the
// append. What is empty is left out of the line, except Time, Seq, Prev and Hash.
type Entry struct {
	Seq    int64     `json:"seq"` // 1, 2, 3, ...
	Time   time.Time `json:"time"`
	Actor  string    `json:"actor,omitempty"`  // who: the person or service that the credential belongs to
	Client string    `json:"client,omitempty"` // through what: the MCP client's name and version, or the command
	Tool   string    `json:"tool,omitempty"`
	Step   string    `json:"step,omitempty"` // a step inside a tool call or run
	// Arguments are what was asked, as the caller reduced them; see Reduce.
	Arguments      map[string]any `json:"arguments,omitempty"`
	PlanID         string         `json:"plan_id,omitempty"`
	RunID          string         `json:"run_id,omitempty"`
	Decision       string         `json:"decision,omitempty"`
	Rule           string         `json:"rule,omitempty"` // which rule decided
	OktaRequestIDs []string       `json:"okta_request_ids,omitempty"`
	Outcome        string         `json:"outcome,omitempty"`
	// Group is the Seq of the first entry of the group that shared a write; 0 for that entry itself and for an entry
	// that was written alone. Only entries of one group may follow what the head names, see Verify.
	Group int64  `json:"group,omitempty"`
	Prev  string `json:"prev"`           // Hash of the entry before, Genesis for the first
	Hash  string `json:"hash,omitempty"` // SHA-256 in hex over this entry's line without hash
}

// Record puts an entry into the trail before anything acts on it. Packages that must be recorded take one; the
// program that assembles them fills in the actor. When it fails, the recorded act must not happen.
type Record func(context.Context, Entry) error

// An entry is a few hundred bytes; one of 64 KiB is a caller's mistake. Lines may be longer than that, because the
// entry that marks a torn line holds its bytes.
const (
	maxEntry = 64 << 10
	maxLine  = 256 << 10
	maxGroup = 64 // entries that share a write, whose lines together have maxEntry bytes at most
)

// seal gives the entry its place in the chain, behind a head, and returns its line, without newline. Group is the number
// of the first entry of its group, 0 when it is the first.
func (e *Entry) seal(behind Head, group int64) ([]byte, error) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	// UTC without monotonic part: the line must come out the same when it is read and written again.
	e.Time = e.Time.UTC().Round(0)
	e.Seq, e.Prev, e.Hash, e.Group = behind.Seq+1, behind.Hash, "", group
	body, err := canonical(*e)
	if err != nil {
		return nil, err
	}
	// Once through the decoder, because numbers and nested values of Arguments may have several Go forms but one line.
	var plain Entry
	if err := decode(body, &plain); err != nil {
		return nil, err
	}
	if body, err = canonical(plain); err != nil {
		return nil, err
	}
	plain.Hash = hashOf(body)
	e.Hash = plain.Hash
	return canonical(plain)
}

// canonical is the one spelling of an entry: fields in the order of the struct, keys of Arguments sorted, no
// insignificant space, no escapes that JSON does not need.
func canonical(e Entry) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decode keeps numbers as they are written: as float64 a large one would change.
func decode(line []byte, e *Entry) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(e); err != nil {
		return fmt.Errorf("decode entry: %w", err)
	}
	if dec.More() {
		return errors.New("decode entry: more than one value in the line")
	}
	return nil
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// parse reads a line and checks it by itself: it must be spelt canonically, to the byte, and match its hash.
func parse(line []byte) (Entry, error) {
	var e Entry
	if err := decode(line, &e); err != nil {
		return e, err
	}
	again, err := canonical(e)
	if err != nil {
		return e, err
	}
	if !bytes.Equal(again, line) {
		return e, errors.New("line is not spelt as it was written")
	}
	// The line is canonical and Hash is its last field, so the line without it is what was hashed.
	body, ok := bytes.CutSuffix(line, []byte(`,"hash":"`+e.Hash+`"}`))
	if !ok || hashOf(append(bytes.Clone(body), '}')) != e.Hash {
		return e, errors.New("hash does not match the entry")
	}
	return e, nil
}

// Reduce returns arguments fit for the trail: what is under a key that names a secret is dropped, e-mail addresses in
// texts are shortened to their first letter and domain, long texts and lists are cut. Nested maps and lists are
// treated alike; the argument itself is not changed.
func Reduce(arguments map[string]any) map[string]any {
	out := make(map[string]any, len(arguments))
	for key, v := range arguments {
		switch {
		case secretKey(key):
			out[key] = "[secret]"
		default:
			out[shorten(key)] = reduce(v)
		}
	}
	return out
}

func reduce(v any) any {
	const mostItems = 20
	switch v := v.(type) {
	case string:
		return shorten(v)
	case map[string]any:
		return Reduce(v)
	case []any:
		out := make([]any, 0, min(len(v), mostItems+1))
		for _, item := range v[:min(len(v), mostItems)] {
			out = append(out, reduce(item))
		}
		if more := len(v) - mostItems; more > 0 {
			out = append(out, fmt.Sprintf("and %d more", more))
		}
		return out
	case []string:
		items := make([]any, len(v))
		for i, s := range v {
			items[i] = s
		}
		return reduce(items)
	case nil, bool, int, int64, float64, json.Number:
		return v
	}
	// A type that only its encoding shows the inside of.
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("[%T]", v)
	}
	var plain any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&plain) != nil {
		return fmt.Sprintf("[%T]", v)
	}
	return reduce(plain)
}

// secretKey reports whether a key names a secret, in any spelling: api_token, apiToken, API-TOKEN.
func secretKey(key string) bool {
	plain := strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(strings.ToLower(key))
	for _, word := range []string{"token", "secret", "password", "passwd", "passphrase", "passcode",
		"privatekey", "apikey", "accesskey", "credential", "authorization", "cookie", "assertion", "otp"} {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
}

// shorten cuts a text to 200 characters and every e-mail address in it to a***@domain.
func shorten(text string) string {
	const most = 200
	var b strings.Builder
	for rest := text; ; {
		at := strings.IndexByte(rest, '@')
		if at < 0 {
			b.WriteString(rest)
			break
		}
		start := strings.LastIndexFunc(rest[:at], func(r rune) bool { return strings.ContainsRune(" \t\r\n,;:<>()[]\"'|=/", r) }) + 1
		b.WriteString(rest[:start])
		if local := []rune(rest[start:at]); len(local) > 0 {
			b.WriteString(string(local[:1]) + "***")
		}
		b.WriteByte('@')
		rest = rest[at+1:]
	}
	short := []rune(b.String())
	if len(short) > most {
		return string(short[:most]) + "..."
	}
	return string(short)
}
