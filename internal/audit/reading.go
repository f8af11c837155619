package audit

import (
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// reading is what Okta said of one person's enrolments. Methods are kept as marks: a large org has half a million of them.
type reading struct {
	at        int64  // Okta's time in milliseconds when the reading began; 0: never read
	enrolled  []mark // by authenticator-enrollments, nil when that was not read
	factors   []mark // by factors
	hasEnroll bool
	hasFactor bool
	policy    string           // fingerprint of the enrolment policy under which factors were read
	err       untrusted.Stored // why it could not be read
}

// mark is one method: its kind, an index into the catalogue of kinds, and when it was enrolled (unix seconds; 0 unknown).
type mark struct {
	kind  uint16
	since int64
}

func (r *reading) time() time.Time {
	if r.at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(r.at).UTC()
}

func (r *reading) readable() bool { return r != nil && r.err.IsZero() && (r.hasEnroll || r.hasFactor) }

// kinds is the catalogue of the methods that were met: all that a Method says but when it was enrolled.
type kinds struct {
	byMethod map[mfa.Method]uint16
	list     []mfa.Method
}

func newKinds() *kinds { return &kinds{byMethod: map[mfa.Method]uint16{}} }

// pack turns methods into marks. An org has some dozens of kinds; past 65,535 of them, which only nonsense from Okta can
// make, further ones are recorded as unknown.
func (k *kinds) pack(methods []mfa.Method) []mark {
	if len(methods) == 0 {
		return nil
	}
	marks := make([]mark, 0, len(methods))
	for _, m := range methods {
		var since int64
		if !m.Since.IsZero() {
			since = m.Since.Unix()
		}
		m.Since, m.Allowed = time.Time{}, ""
		marks = append(marks, mark{k.kind(m), since})
	}
	return marks
}

const mostKinds = 1<<16 - 2

func (k *kinds) kind(m mfa.Method) uint16 {
	if n, ok := k.byMethod[m]; ok {
		return n
	}
	if len(k.list) >= mostKinds {
		m = mfa.Method{Name: "unknown", Status: m.Status, Strength: mfa.Unknown, Source: m.Source}
		if n, ok := k.byMethod[m]; ok {
			return n
		}
	}
	m.Name, m.Key, m.Provider, m.Status = strings.Clone(m.Name), strings.Clone(m.Key), strings.Clone(m.Provider), strings.Clone(m.Status)
	n := uint16(len(k.list))
	k.list, k.byMethod[m] = append(k.list, m), n
	return n
}

// unpack is the way back.
func (k *kinds) unpack(marks []mark) []mfa.Method {
	methods := make([]mfa.Method, len(marks))
	for i, m := range marks {
		methods[i] = k.list[m.kind]
		if m.since != 0 {
			methods[i].Since = time.Unix(m.since, 0).UTC()
		}
	}
	return methods
}

// sameMarks holds two readings of one source against each other; the order does not matter.
func sameMarks(a, b []mark) bool {
	if len(a) != len(b) {
		return false
	}
	order := func(x, y mark) int {
		if x.kind != y.kind {
			return int(x.kind) - int(y.kind)
		}
		return int(x.since - y.since)
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, order)
	slices.SortFunc(b, order)
	return slices.Equal(a, b)
}
