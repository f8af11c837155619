package trail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"okta-entitlements-mcp/internal/durable"
)

// checked is the beginning of the trail that Verify has read and found whole.
type checked struct {
	mu     sync.Mutex
	size   int64
	digest []byte
	at     verifier // what to go on from
}

// Verify checks the whole trail as VerifyDir does. What it has checked before it compares by its SHA-256, which is many
// times faster than reading the entries, and where that differs it reads all again, to name the place.
func (t *Trail) Verify(ctx context.Context) (sum Summary, err error) {
	t.checked.mu.Lock()
	defer t.checked.mu.Unlock()
	f, size, head, err := snapshot(ctx, t.dir)
	if err != nil {
		return Summary{Hash: Genesis}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return t.checked.verify(f, size, head)
}

func (c *checked) verify(f io.ReadSeeker, size int64, head Head) (Summary, error) {
	v, digest := newVerifier(), sha256.New()
	same, err := c.same(f, size, digest)
	if err != nil {
		return v.sum, err
	}
	// A head behind what was checked is looked for among all entries.
	latest := head.Seq > c.at.sum.Entries || head == Head{Seq: c.at.sum.Entries, Hash: c.at.sum.Hash}
	if same && latest && c.size > 0 {
		v = c.at
	} else if _, err := f.Seek(0, io.SeekStart); err != nil {
		return v.sum, fmt.Errorf("verify trail: %w", err)
	} else {
		digest.Reset()
		c.size = 0
	}
	rest := io.TeeReader(io.LimitReader(f, size-c.size), digest)
	v.lines, v.head = durable.NewLineReader(rest, maxLine), head
	sum, err := v.read()
	if err != nil {
		c.size = 0
		return sum, err
	}
	v.number-- // the end counted as one
	v.lines, v.sum.Pending = nil, 0
	c.size, c.digest, c.at = size, digest.Sum(nil), v
	return sum, nil
}

// same reads what was checked before, and reports whether it is still what it was.
func (c *checked) same(f io.Reader, size int64, digest hash.Hash) (bool, error) {
	if size < c.size {
		return false, nil
	}
	if _, err := io.CopyN(digest, f, c.size); err != nil {
		return false, fmt.Errorf("verify trail: %w", err)
	}
	return bytes.Equal(digest.Sum(nil), c.digest), nil
}
