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
	case r == nil || r.err != "":
		return everything
	}
	stale := r.at - clockSlack.Milliseconds()
	changed, fresh := s.changed[p.ID], s.mem.fresh[p.ID]
	if s.again && !fresh {
		return everything
	}
	if changed != 0 && changed >= stale || !fresh && !p.StatusChanged.IsZero() && p.StatusChanged.UnixMilli() >= stale {
		return everything
	}
	underPolicy := r.policy == s.fingerprint(p) || r.policy == pending
	switch {
	case s.primary == mfa.SourceFactors && (!r.hasFactor || !underPolicy):
		return everything
	case s.primary == mfa.SourceFactors:
	case !r.hasEnroll:
		return everything
	case s.wants(p, r) && (!r.hasFactor || !underPolicy) && !p.noFactors:
		return onlyFactor
	}
	if !fresh && s.draws(p.ID) {
		return sample
	}
	return nothing
}

// wanted reports whether somebody has to be read, while others are being read.
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
