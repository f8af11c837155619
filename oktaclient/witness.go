package oktaclient

import (
	"context"
	"net/http"
	"sync"
)

// Witness collects the X-Okta-Request-Id of every answer to calls made under its context, as net/http/httptrace does for
// what happens on the wire. With these ids Okta support and the System Log find the very calls.
type Witness struct {
	mu  sync.Mutex
	ids []string
}

type witnessKey struct{}

// WithWitness returns a context whose calls are witnessed.
func WithWitness(ctx context.Context) (context.Context, *Witness) {
	w := &Witness{}
	return context.WithValue(ctx, witnessKey{}, w), w
}

// Last returns the id of the latest answer, "" when Okta sent none.
func (w *Witness) Last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ids) == 0 {
		return ""
	}
	return w.ids[len(w.ids)-1]
}

func witness(ctx context.Context, header http.Header) {
	w, _ := ctx.Value(witnessKey{}).(*Witness)
	id := clean(header.Get("X-Okta-Request-Id"))
	if w == nil || id == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids = append(w.ids, id)
}
