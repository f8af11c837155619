package audit

import (
	"hash/fnv"
	"time"

	"okta-entitlements-mcp/internal/mfa"
)

// need is what has to be read of a person.
type need int

const (
	nothing    need = iota
	everything      // the primary source, then factors if that looks non-compliant
	onlyFactor      // enrolments are known and hold; factors are wanted too
	sample          // known and taken to hold; read to find out whether that is so
)

// clockSlack is what is allowed for between Okta's clock as we know it and the times in its log.
const clockSlack = 5 * time.Second

// pending is the fingerprint of a reading that was made before it was known which policy applies.
const pending = "?"

// need decides whether what is known of a person still holds.
func (s *scan) need(p *person) need {
	r := s.mem.readings[p.ID]
	switch {
	case p.tried:
		return nothing // tried in this attempt, and refused or gone
	case r == nil || !r.err.IsZero() || s.outdated(p, r):
		return everything
	}
	if lacking := s.lacking(p, r); lacking != nothing {
		return lacking
	}
	if !s.mem.fresh[p.ID] && s.draws(p.ID) {
		return sample
	}
	return nothing
}

// outdated reports whether a person may have changed since the reading.
func (s *scan) outdated(p *person, r *reading) bool {
	since := r.at - clockSlack.Milliseconds()
	if changed := s.changed[p.ID]; changed != 0 && changed >= since {
		return true
	}
	if s.mem.fresh[p.ID] {
		return false
	}
	return s.again || !p.StatusChanged.IsZero() && p.StatusChanged.UnixMilli() >= since
}

// lacking is what a reading that is not outdated still lacks: a source, or factors under the policy that applies now.
func (s *scan) lacking(p *person, r *reading) need {
	factorsHold := r.hasFactor && (r.policy == pending || r.policy == s.fingerprint(p))
	switch {
	case s.primary == mfa.SourceFactors && !factorsHold:
		return everything
	case s.primary == mfa.SourceFactors:
		return nothing
	case !r.hasEnroll:
		return everything
	case s.wants(p, r) && !factorsHold && !p.noFactors:
		return onlyFactor
	}
	return nothing
}

// wanted reports whether someone has to be read, while others are being read.
func (s *scan) wanted(p *person) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.need(p) != nothing
}

// wants reports whether factors are asked for besides the enrolments.
func (s *scan) wants(p *person, r *reading) bool {
	return s.primary == mfa.SourceEnrollments && s.req.Policy.WantsFactors(s.mem.kinds.unpack(r.enrolled), s.isAdmin(p))
}

// draws reports whether a person is in this audit's sample. It depends on nothing but the two names, so that an audit that
// goes on draws the same people.
func (s *scan) draws(user string) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.record.ID + " " + user))
	const steps = 1 << 24
	x := h.Sum64()
	x ^= x >> 32 // fnv's high bits alone are uneven for short texts
	return float64(x%steps) < s.req.Policy.Sample*steps
}
