package batch_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// straggle is how long a request that was under way when the process died may still take to be carried out: it waits in
// buffers that outlive the process.
const straggle = 3 * time.Second

// mortal is the wire of a process that is killed at one of its calls. At that instant it keeps what the disk holds, which
// is all that the next process finds; from then on nothing of the old process reaches the tenant or counts.
type mortal struct {
	tenant http.RoundTripper
	dir    string // the run's folder
	kill   context.CancelFunc

	mu    sync.Mutex
	calls int // until the fatal one; it never comes when negative
	late  bool
	dead  bool
	disk  map[string][]byte
}

type reply struct {
	resp *http.Response
	err  error
}

// RoundTrip carries a request to the tenant for as long as the process lives.
func (m *mortal) RoundTrip(req *http.Request) (*http.Response, error) {
	fatal, dead := m.count()
	if dead {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	if fatal && !m.late {
		m.die()
		return nil, req.Context().Err()
	}
	ctx, giveUp := context.WithCancel(context.WithoutCancel(req.Context()))
	done := make(chan reply, 1)
	go func() {
		resp, err := m.tenant.RoundTrip(req.WithContext(ctx))
		done <- reply{resp, err}
	}()
	select {
	case got := <-done:
		giveUp()
		if fatal || m.isDead() {
			m.die()
			return nil, context.Canceled
		}
		return got.resp, got.err
	case <-req.Context().Done():
		if m.isDead() {
			time.AfterFunc(straggle, giveUp)
		} else {
			giveUp()
			<-done // the tenant has let go of the request
		}
		return nil, req.Context().Err()
	}
}

// count takes one call off and says whether it is the last of this life.
func (m *mortal) count() (fatal, dead bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return false, true
	}
	m.calls--
	return m.calls == 0, false
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

// die keeps the disk as it is now. No one has sent anything that is not in it: a call that comes later is not carried out.
func (m *mortal) die() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dead {
		m.dead = true
		m.disk = readFolder(m.dir)
		m.kill()
	}
}

// leave puts the disk back as the dead process left it, its last line perhaps torn, and says whether one was.
func (m *mortal) leave(t *testing.T, rng *rand.Rand) (torn bool) {
	t.Helper()
	if journal := m.disk["journal.jsonl"]; len(journal) > 0 {
		cut := tear(rng, journal)
		torn = !bytes.Equal(cut, journal)
		m.disk["journal.jsonl"] = cut
	}
	for name := range readFolder(m.dir) {
		if _, kept := m.disk[name]; !kept && name != "lock" {
			must(t, os.Remove(filepath.Join(m.dir, name)))
		}
	}
	for name, data := range m.disk {
		must(t, os.WriteFile(filepath.Join(m.dir, name), data, 0o600))
	}
	return torn
}

// tear gives a journal the end that a crash may give it. A line that was acknowledged is never lost, so only a line whose
// loss cannot be told from a crash before it was written is cut: an end. A new line may have begun anywhere.
func tear(rng *rand.Rand, journal []byte) []byte {
	lines := bytes.SplitAfter(bytes.TrimSuffix(journal, []byte("\n")), []byte("\n"))
	last := lines[len(lines)-1]
	switch {
	case rng.IntN(2) == 0:
		return journal
	case bytes.Contains(last, []byte(`"e":"end"`)):
		return journal[:len(journal)-1-rng.IntN(len(last))]
	default:
		return append(bytes.Clone(journal), last[:rng.IntN(len(last))]...)
	}
}

func readFolder(dir string) map[string][]byte {
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return files
	}
	for _, entry := range entries {
		if data, err := os.ReadFile(filepath.Join(dir, entry.Name())); err == nil && entry.Name() != "lock" {
			files[entry.Name()] = data
		}
	}
	return files
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fate decides how a disk is left in an office.
func (o *office) fate() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) }
