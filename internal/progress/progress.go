// Package progress counts how far long work is, for those who watch it: runs of plans and audits alike.
package progress

import (
	"sync"
	"time"
)

// Progress is how far the work is.
type Progress struct {
	Done    int // items that have ended, in earlier attempts too
	Total   int
	Ended   map[string]int // items by how they ended
	Phase   string         // what is being done, in the words of what does it
	Rate    float64        // items that ended per minute, over the last minutes of this attempt
	ETA     time.Duration  // until all have ended at that rate; 0 while unknown
	Elapsed time.Duration
}

// Live is work under way. Its methods are safe for concurrent use.
type Live struct {
	mu      sync.Mutex
	total   int
	ended   map[string]int
	phase   string
	started time.Time
	fresh   int    // items that ended in this attempt
	marks   []mark // fresh, once a second while items end, oldest first
}

// mark is how many items had ended at a time.
type mark struct {
	at    time.Time
	ended int
}

// The rate is read over three of Okta's windows: within one, work goes in a burst and a pause.
const (
	rateSpan  = 3 * time.Minute
	markEvery = time.Second
)

// New begins to watch work on total items; the total may be set later when it is not known yet.
func New(total int, phase string) *Live {
	return &Live{total: total, ended: map[string]int{}, phase: phase, started: time.Now()}
}

// Expect sets how many items there are.
func (l *Live) Expect(total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total = total
}

// Enter names the phase that begins.
func (l *Live) Enter(phase string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phase = phase
}

// Count counts one item that ended; fresh says that it did so in this attempt.
func (l *Live) Count(outcome string, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended[outcome]++
	if !fresh {
		return
	}
	now := time.Now()
	if n := len(l.marks); n == 0 || now.Sub(l.marks[n-1].at) >= markEvery {
		l.marks = append(l.marks, mark{now, l.fresh})
	}
	for len(l.marks) > 1 && now.Sub(l.marks[1].at) >= rateSpan {
		l.marks = l.marks[1:]
	}
	l.fresh++
}

// Progress returns a snapshot.
func (l *Live) Progress() Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := Progress{Total: l.total, Phase: l.phase, Ended: make(map[string]int, len(l.ended)), Elapsed: time.Since(l.started)}
	for o, n := range l.ended {
		p.Ended[o] = n
		p.Done += n
	}
	if len(l.marks) > 0 {
		if span := time.Since(l.marks[0].at); span >= markEvery {
			p.Rate = float64(l.fresh-l.marks[0].ended) / span.Minutes()
			p.ETA = time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Minute)).Round(time.Second)
		}
	}
	return p
}
