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
	recent  []time.Time // when the last operations ended, oldest first
}

const recentEnds = 64

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
	if len(l.recent) == recentEnds {
		l.recent = append(l.recent[:0], l.recent[1:]...)
	}
	l.recent = append(l.recent, time.Now())
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
	if n := len(l.recent); n > 1 {
		if span := time.Since(l.recent[0]); span > 0 {
			p.Rate = float64(n-1) / span.Minutes()
			p.ETA = time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Minute)).Round(time.Second)
		}
	}
	return p
}
