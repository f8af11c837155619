package tools

import (
	"context"
	"fmt"
	"maps"
	"time"

	"okta-entitlements-mcp/internal/progress"
)

// ProgressItem is how far a job is.
type ProgressItem struct {
	Phase   string         `json:"phase" jsonschema:"What it is doing"`
	Done    int            `json:"done"`
	Total   int            `json:"total"`
	Ended   map[string]int `json:"ended,omitempty" jsonschema:"By outcome"`
	Rate    float64        `json:"per_minute"`
	ETA     string         `json:"eta,omitempty"`
	Elapsed string         `json:"elapsed"`
	Wait    string         `json:"waiting_for,omitempty" jsonschema:"What the next call to Okta waits for"`
}

// work is what goes on in the background: a run of a plan, or an audit.
type work interface {
	Ended() <-chan struct{}
	Progress() progress.Progress
}

// watch waits for work as long as a call may, sending progress, and says whether it has ended. When the call is given
// up the work goes on; get_job finds it.
func (d *Deps) watch(ctx context.Context, c *Call, w work) (ended bool, err error) {
	deadline := time.NewTimer(d.ToolWait)
	defer deadline.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-w.Ended():
			return true, nil
		case <-ctx.Done():
			return false, ctx.Err()
		case <-deadline.C:
			return false, nil
		case <-tick.C:
			p := w.Progress()
			c.Progress(ctx, float64(p.Done), float64(p.Total), d.progressLine(p))
		}
	}
}

// cancelWait bounds how long a cancelled job may take to write down what it has and sum up.
const cancelWait = 10 * time.Second

// endsSoon waits for cancelled work, and says whether it has ended.
func endsSoon(ctx context.Context, w work) (ended bool, err error) {
	timer := time.NewTimer(cancelWait)
	defer timer.Stop()
	select {
	case <-w.Ended():
		return true, nil
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (d *Deps) progressItem(p progress.Progress) *ProgressItem {
	item := &ProgressItem{
		Phase:   p.Phase,
		Done:    p.Done,
		Total:   p.Total,
		Ended:   maps.Clone(p.Ended),
		Rate:    float64(int(p.Rate*10)) / 10,
		Elapsed: p.Elapsed.Round(time.Second).String(),
		Wait:    d.longestWait(),
	}
	if p.ETA > 0 {
		item.ETA = p.ETA.String()
	}
	return item
}

// longestWait says what the slowest bucket waits for.
func (d *Deps) longestWait() string {
	longest, reason := time.Duration(0), ""
	for _, b := range d.Okta.RateStatus() {
		if b.Waiting > 0 && b.Wait > longest {
			longest = b.Wait
			reason = fmt.Sprintf("%s %s: %s, %s", b.Method, b.Pattern, b.Reason, b.Wait.Round(100*time.Millisecond))
		}
	}
	return reason
}

func (d *Deps) progressLine(p progress.Progress) string {
	line := fmt.Sprintf("%s: %d of %d", p.Phase, p.Done, p.Total)
	if p.Rate > 0 {
		line += fmt.Sprintf(", %.0f a minute, %s to go", p.Rate, p.ETA)
	}
	if wait := d.longestWait(); wait != "" {
		line += " (waiting for " + wait + ")"
	}
	return line
}
