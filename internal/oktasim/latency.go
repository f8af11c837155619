package oktasim

import (
	"strings"
	"time"
)

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
