package oktasim

import (
	"strings"
	"time"
)

// latency is how long a call takes: the time that Okta was seen to take, give or take a tenth.
func (t *Tenant) latency(method, pattern string) time.Duration {
	if t.opts.Latency != LatencyReal {
		return 0
	}
	base := seenLatency(method, pattern)
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	// A splitmix step: cheap, and the same for the same seed and the same order of calls.
	t.gate.jitter += 0x9e3779b97f4a7c15
	z := t.gate.jitter
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	part := float64((z^z>>31)>>11) / (1 << 53) // 0 to 1
	return time.Duration(float64(base) * (0.9 + 0.2*part))
}

// seenLatency is the middle of what recordings show. App-user writes take as long as governance calls do.
func seenLatency(method, pattern string) time.Duration {
	write := method != "GET"
	switch {
	case strings.HasPrefix(pattern, "/governance/api/v1/entitlement-bundles"):
		if write {
			return 3300 * time.Millisecond
		}
		return 380 * time.Millisecond
	case strings.HasPrefix(pattern, "/governance/"):
		return 1200 * time.Millisecond
	case strings.Contains(pattern, "/factors"):
		switch method {
		case "POST":
			return 600 * time.Millisecond
		case "DELETE":
			return 500 * time.Millisecond
		}
		return 220 * time.Millisecond
	case strings.HasPrefix(pattern, "/api/v1/policies") && write:
		return 1200 * time.Millisecond
	case strings.HasPrefix(pattern, "/api/v1/apps") && write:
		return 1600 * time.Millisecond
	case write:
		return 600 * time.Millisecond
	}
	return 300 * time.Millisecond
}
