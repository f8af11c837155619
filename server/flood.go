package server

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/tools"
)

// flood bounds the tool calls that wait for their answer. When its queue is full, mcp-go handles the next call while it
// reads, and then no ping, no answer of a user and no cancellation is heard until that call has ended.
type flood struct {
	most int
	out  io.Writer
	mu   sync.Mutex
	ids  map[string]bool // of the calls without an answer
}

// refuses reports whether a message is a call too many, which it answers. Other calls are counted.
func (f *flood) refuses(line []byte) bool {
	var message struct {
		ID     any    `json:"id"`
		Method string `json:"method"`
	}
	if !bytes.Contains(line, []byte("tools/call")) || json.Unmarshal(line, &message) != nil ||
		message.Method != "tools/call" || message.ID == nil {
		return false
	}
	if f.counted(message.ID) {
		return false
	}
	answer, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0",
		"id":      message.ID,
		"result": tools.Failure(trouble.TooManyCalls, "too many calls wait for their answer, so this one is not done",
			"wait for the answers of the calls before it, then call again"),
	})
	if err != nil {
		return false
	}
	_, _ = f.out.Write(append(answer, '\n')) // a client that is gone reads nothing more
	return true
}

func (f *flood) counted(id any) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.ids) >= f.most {
		return false
	}
	f.ids[idKey(id)] = true
	return true
}

// answered takes note of a message to the client.
func (f *flood) answered(line []byte) {
	id, ok := answerID(line)
	if !ok {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.ids, idKey(id))
}

// answerID reads the id of an answer, which comes before the result, so that a large result is not read twice.
func answerID(line []byte) (id any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(line))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	for {
		key, err := dec.Token()
		if err != nil {
			return nil, false
		}
		value, err := dec.Token()
		if _, nested := value.(json.Delim); err != nil || nested {
			return nil, false
		}
		switch key {
		case "id":
			return value, true
		case "method":
			return nil, false
		}
	}
}

// idKey is an id in one spelling: a client may write 1 as 1.0.
func idKey(id any) string {
	key, err := json.Marshal(id)
	if err != nil {
		return ""
	}
	return string(key)
}
