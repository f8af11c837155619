package oktasim

import (
	"strings"
	"time"
)

// LimitMode says whether the tenant has Okta's rate limits.
type LimitMode string

// The limit modes. The zero value means off: then only Limits.Overrides and a set ConcurrencyLimit count, and the headers
// of everything else show a bucket of a million.
const (
	LimitsOff  LimitMode = "off"
	LimitsReal LimitMode = "real"
)

// Limits describes rate limits. A limit is a number of calls in a fixed window that the bucket's first call opens.
type Limits struct {
	Mode LimitMode
	// Overrides are limits by pattern ("/governance/api/v1/grants"), or by method and pattern ("POST /api/v1/users"), as one
	// credential sees them in X-Rate-Limit-Limit, that is after its share.
	Overrides        map[string]int
	Share            float64       // the part of each bucket that one credential may use; 0.5 when 0, as Okta's default
	ConcurrencyLimit int           // calls in flight in the whole org; 0 means 75 in real mode and none otherwise
	Window           time.Duration // 60 s when 0
}

// unlimited is the size that a bucket shows when it is not limited.
const unlimited = 1_000_000

// bucket is one rate-limit bucket of the org, with the use of each credential in the open window.
type bucket struct {
	org, own int // calls a window for the org, and for one credential
	start    time.Time
	end      time.Time
	used     int
	by       map[string]int
	refused  int
	foreign  []*ForeignLoad
}

// roll opens a new window when the last one is over. A window starts on the full second, so that X-Rate-Limit-Reset, which
// counts seconds, gives its end exactly.
func (b *bucket) roll(now time.Time, window time.Duration) {
	if now.Before(b.end) {
		return
	}
	b.start = now.Truncate(time.Second)
	b.end = b.start.Add(window)
	b.used = 0
	clear(b.by)
}

// left is what a credential may still do in this window.
func (b *bucket) left(who string) int { return max(0, min(b.own-b.by[who], b.org-b.used)) }

// take counts one call, or refuses it.
func (b *bucket) take(who string) bool {
	if b.left(who) == 0 {
		b.refused++
		return false
	}
	b.used++
	b.by[who]++
	return true
}

// bucketKey groups operations into buckets, and says how many calls a window the whole org has. Okta publishes the figures of
// the management API; those of governance are twice what a credential with half a share was seen to have.
func bucketKey(method, pattern string) (key string, org int) {
	switch {
	case strings.HasPrefix(pattern, "/governance/"):
		const seenPerToken = 50
		if method == "GET" {
			return "GET " + family(pattern), 2 * seenPerToken
		}
		return method + " " + pattern, 2 * seenPerToken
	case pattern == "/api/v1/apps/{id}":
		return pattern, 500
	case under(pattern, "/api/v1/apps"):
		return "/api/v1/apps", 100
	case pattern == "/api/v1/groups/{id}":
		return pattern, 1000
	case under(pattern, "/api/v1/groups"):
		return "/api/v1/groups", 500
	case pattern == "/api/v1/users":
		return pattern, 600
	case pattern == "/api/v1/users/{id}" || pattern == "/api/v1/users/me":
		if method == "GET" {
			return "GET /api/v1/users/{id}", 2000
		}
		return "write /api/v1/users/{id}", 600
	case pattern == "/api/v1/logs":
		return pattern, 120
	case under(pattern, "/oauth2/v1/clients"):
		return "/oauth2/v1/clients", 100
	case strings.HasPrefix(pattern, "/oauth2/v1"):
		return "/oauth2/v1", 2000
	}
	return "/api/v1", 1200
}

// family is the path up to the name of the collection: "/governance/api/v1/entitlements".
func family(pattern string) string {
	parts := strings.SplitN(pattern, "/", 6)
	return strings.Join(parts[:min(len(parts), 5)], "/")
}

func under(pattern, prefix string) bool {
	return pattern == prefix || strings.HasPrefix(pattern, prefix+"/")
}

// uncounted says which operations have no limit and no rate headers.
func uncounted(pattern string) bool {
	return pattern == "" || strings.HasPrefix(pattern, "/.well-known/") || pattern == "/oauth2/v1/keys" ||
		strings.HasPrefix(pattern, "/_sim/")
}

// ForeignLoad is another client of the same org, which calls one operation evenly through each minute, or in bursts. Its
// calls are made when the bucket is next looked at, at the instants at which they were due, so it needs no goroutine.
type ForeignLoad struct {
	Method, Pattern string
	PerMinute       int
	Burst           int           // calls made at one instant; 1 when 0
	Delay           time.Duration // before the first
	SameCredential  string        // the token or client id whose share it uses up; empty: a credential of its own

	next    time.Time
	every   time.Duration
	made    int
	refused int
}

// catchUp makes the calls that were due by now.
func (f *ForeignLoad) catchUp(b *bucket, now time.Time, window time.Duration) {
	who := f.SameCredential
	for !f.next.After(now) {
		b.roll(f.next, window)
		for range max(f.Burst, 1) {
			f.call(b, who)
		}
		f.next = f.next.Add(f.every)
	}
}

func (f *ForeignLoad) call(b *bucket, who string) {
	f.made++
	switch {
	case who != "":
		if !b.take(who) {
			f.refused++
		}
	case b.used >= b.org: // others are counted against the org only: how many credentials they are is unknown
		f.refused++
	default:
		b.used++
	}
}
