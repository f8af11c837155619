package batch

import (
	"sync"
	"time"
)

// Progress is how far a run is.
type Progress struct {
	Done    int // operations that have ended, in earlier runs too
	Total   int // operations of the plan
	Ended   map[Outcome]int
	Phase   string        // checking, settling, ring, granting, finishing
	Rate    float64       // operations that ended per minute, over the last minutes of this run
	ETA     time.Duration // until all have ended at that rate; 0 while unknown
	Elapsed time.Duration
}

// Live is a run under way, for whoever watches it.
type Live struct {
	mu      sync.Mutex
	total   int
	ended   map[Outcome]int
	phase   string
	started time.Time
	fresh   int    // operations that ended in this run
	marks   []mark // fresh, once a second while operations end, oldest first
}

// mark is how many operations had ended at a time.
type mark struct {
	at    time.Time
	ended int
}

// The rate is read over three of Okta's windows: within one, a run goes in a burst and a pause.
const (
	rateSpan  = 3 * time.Minute
	markEvery = time.Second
)

func newLive(total int) *Live {
	return &Live{total: total, ended: map[Outcome]int{}, phase: "checking", started: time.Now()}
}

func (l *Live) enter(phase string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phase = phase
}

func (l *Live) count(o Outcome, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended[o]++
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
	p := Progress{Total: l.total, Phase: l.phase, Ended: make(map[Outcome]int, len(l.ended)), Elapsed: time.Since(l.started)}
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
