package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"sync"
)

// cancelled remembers which requests the client has cancelled and are not answered yet. MCP: a cancelled request gets no
// answer.
type cancelled struct {
	mu  sync.Mutex
	ids map[string]bool // request ids as they are written in JSON
}

// mostCancelled bounds what a client can make the server remember: cancellations of requests that never come.
const mostCancelled = 10_000

// heard takes in a message of the client.
func (c *cancelled) heard(line []byte) {
	var message struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			RequestID json.RawMessage `json:"requestId"`
		} `json:"params"`
	}
	if !bytes.Contains(line, []byte(`"id"`)) && !bytes.Contains(line, []byte("cancelled")) ||
		json.Unmarshal(line, &message) != nil || message.Method == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case message.Method == "notifications/cancelled" && len(message.Params.RequestID) > 0 && len(c.ids) < mostCancelled:
		c.ids[string(message.Params.RequestID)] = true
	case len(message.ID) > 0:
		delete(c.ids, string(message.ID)) // a new request of an id that was cancelled and answered before
	}
}

// silences reports whether a message is the answer to a cancelled request.
func (c *cancelled) silences(line []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids) == 0 {
		return false
	}
	var answer struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"` // a question of ours, which has ids of its own
	}
	if json.Unmarshal(line, &answer) != nil || answer.Method != "" || !c.ids[string(answer.ID)] {
		return false
	}
	delete(c.ids, string(answer.ID))
	return true
}

// lines hands on the client's messages, a line each, and leaves out lines that are blank: a client that ends its lines
// twice has sent nothing, and calls that are refused. It notes what is cancelled as it goes.
type lines struct {
	in      *bufio.Reader
	heard   func([]byte)
	refuses func([]byte) bool
	rest    []byte
	err     error
}

// Read gives the bytes of whole lines.
func (l *lines) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		var line []byte
		line, l.err = l.in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		l.heard(line)
		if l.refuses(line) {
			continue
		}
		l.rest = line
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

var _ io.Reader = (*lines)(nil)
