package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/progress"
)

// follow waits for a job and shows on stderr how far it is. A signal ends the job by the program's context, and what it
// leaves can be resumed; so follow waits for the job's end, not for the context's.
func follow[T any](ctx context.Context, job *progress.Job[T]) (T, error) {
	meter := newMeter(os.Stderr)
	_ = job.Wait(context.WithoutCancel(ctx), meter.every, meter.show) // fails only when its context ends
	meter.show(job.Progress())
	meter.end()
	return job.Result()
}

// meter shows progress: a bar on a terminal, lines elsewhere.
type meter struct {
	out      io.Writer
	terminal bool
	every    time.Duration
	last     string
}

func newMeter(f *os.File) *meter {
	if term.IsTerminal(int(f.Fd())) {
		return &meter{out: f, terminal: true, every: 200 * time.Millisecond}
	}
	return &meter{out: f, every: 10 * time.Second}
}

func (m *meter) show(p progress.Progress) {
	line := progressText(p)
	switch {
	case m.terminal:
		fmt.Fprintf(m.out, "\r%s %s\x1b[K", bar(p.Done, p.Total), line)
	case line != m.last:
		fmt.Fprintln(m.out, line)
	}
	m.last = line
}

func (m *meter) end() {
	if m.terminal && m.last != "" {
		fmt.Fprintln(m.out)
	}
}

func progressText(p progress.Progress) string {
	text := fmt.Sprintf("%s %d/%d", p.Phase, p.Done, p.Total)
	if p.Rate > 0 && p.Done < p.Total {
		text += fmt.Sprintf(", %.0f a minute, %s to go", p.Rate, p.ETA)
	}
	if failed := p.Ended[string(batch.Failed)] + p.Ended[string(batch.Unknown)]; failed > 0 {
		text += fmt.Sprintf(", %d failed or unknown", failed)
	}
	return text
}

func bar(done, total int) string {
	const width = 30
	full := width
	if total > 0 {
		full = width * done / total
	}
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "]"
}
