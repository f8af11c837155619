package durable

import (
	"context"
	"slices"
	"sync"
)

// GroupCommit lets goroutines that want something on disk at the same time share one commit. The first to come leads;
// those who come while a commit is under way are taken along by the next. The zero value is ready.
type GroupCommit[T any] struct {
	mu      sync.Mutex
	waiting []*member[T] // in the order in which they came; while busy and not committing yet, the first one leads
	busy    bool
}

type member[T any] struct {
	item    T
	woken   chan struct{} // once: it leads, or it is settled
	leads   bool
	settled bool
	err     error
}

// Do returns once a commit has ended that took the item along, with that commit's error. The commit is that of one of
// the callers, and only one runs at a time. It calls take once, when it is ready to write: take hands it the waiting
// items in the order in which they came, for as long as fits says yes to the next; fits must accept the first. A commit
// that fails before it takes fails for its caller alone. Ctx bounds the wait for a commit that has not taken the item.
func (g *GroupCommit[T]) Do(
	ctx context.Context, item T, commit func(take func(fits func(T) bool) []T) error,
) error {
	m := &member[T]{item: item, woken: make(chan struct{}, 1)}
	g.join(m)
	select {
	case <-m.woken: // also when ctx has ended: who need not wait goes on
	default:
		select {
		case <-m.woken:
		case <-ctx.Done():
			if g.withdraw(m) {
				return ctx.Err()
			}
			<-m.woken
		}
	}
	if m.settled {
		return m.err
	}
	return g.lead(m, commit)
}

func (g *GroupCommit[T]) join(m *member[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, m)
	if !g.busy {
		g.busy = true
		g.wakeLeader()
	}
}

// wakeLeader needs the mutex and a member that waits.
func (g *GroupCommit[T]) wakeLeader() {
	g.waiting[0].leads = true
	g.waiting[0].woken <- struct{}{}
}

// withdraw takes a member out that waits, and reports whether it did: who leads or was taken along must go on.
func (g *GroupCommit[T]) withdraw(m *member[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.waiting, m)
	if at < 0 || m.leads {
		return false
	}
	g.waiting = slices.Delete(g.waiting, at, at+1)
	return true
}

func (g *GroupCommit[T]) lead(m *member[T], commit func(take func(fits func(T) bool) []T) error) error {
	var taken []*member[T]
	err := commit(func(fits func(T) bool) []T {
		taken = g.take(fits)
		items := make([]T, len(taken))
		for i, t := range taken {
			items[i] = t.item
		}
		return items
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range taken {
		if t != m {
			t.settled, t.err = true, err
			t.woken <- struct{}{}
		}
	}
	if len(taken) == 0 {
		g.waiting = slices.Delete(g.waiting, 0, 1) // the leader is the first for as long as it has not taken
	}
	if g.busy = len(g.waiting) > 0; g.busy {
		g.wakeLeader()
	}
	return err
}

func (g *GroupCommit[T]) take(fits func(T) bool) []*member[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for n < len(g.waiting) && fits(g.waiting[n].item) {
		n++
	}
	taken := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return taken
}
