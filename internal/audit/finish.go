package audit

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
)

// finish judges everybody, and makes the result last: findings, cache, trail, and last of all the summary, whose being there
// says that the audit has ended.
func (s *scan) finish(ctx context.Context, calls int64) (*mfa.Summary, error) {
	s.settlePolicies()
	dir := s.Dir(s.record.ID)
	summary := s.newSummary(calls)
	order := s.order()
	if err := s.count(summary, order); err != nil {
		return nil, err
	}
	if err := s.history(summary, order); err != nil {
		return nil, err
	}
	digest, err := writeFindings(dir, func(yield func(mfa.Finding) bool) {
		for _, at := range order {
			if !yield(s.finding(at.person)) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	summary.Digest = digest
	if err := s.recordUsers(ctx, order); err != nil {
		return nil, err
	}
	if err := s.compareBaseline(summary); err != nil {
		s.say("the Admin Console's export cannot be compared: %s", clip(err.Error(), 160))
	}
	if err := s.saveMemory(); err != nil { // last: readings that the next audit must not rely on are forgotten here
		return nil, err
	}
	summary.Notes, summary.Ended = append(summary.Notes, s.notes...), time.Now().UTC()
	if err := s.complete(ctx, summary, map[string]any{"scope": summary.Scope, "coverage": summary.Coverage.Line, "okta_calls": calls}); err != nil {
		return nil, err
	}
	if err := s.prune(summary.Scope); err != nil {
		s.opts.Log.Warn("old audits stay", "error", err)
	}
	return summary, nil
}

// complete records the end of an audit with its numbers, and then writes the summary.
func (a *Auditor) complete(ctx context.Context, s *mfa.Summary, details map[string]any) error {
	details["kind"], details["findings_sha256"] = s.Kind, s.Digest
	for verdict, n := range s.ByVerdict {
		details[string(verdict)] = n
	}
	if err := a.step(ctx, s.AuditID, "audit_ended", "complete", details); err != nil {
		return err
	}
	if err := writeJSON(a.Dir(s.AuditID), summaryFile, s); err != nil {
		return fmt.Errorf("write the audit's summary: %w", err)
	}
	return nil
}

// settlePolicies gives readings that were made before it was known which policy applies their fingerprint.
func (s *scan) settlePolicies() {
	for _, p := range s.people {
		if r := s.mem.readings[p.ID]; r != nil && r.policy == pending {
			r.policy = s.fingerprint(p)
		}
	}
	s.people = slices.DeleteFunc(s.people, func(p *person) bool { return p.gone })
}

func (s *scan) newSummary(calls int64) *mfa.Summary {
	host, _ := os.Hostname()
	summary := &mfa.Summary{AuditID: s.record.ID, Org: s.opts.Domain, OrgID: s.org.ID, Scope: s.req.Scope(), Kind: s.kind, WhyFull: s.whyFull,
		Started: s.record.Started, AsOf: s.started.UTC().Truncate(time.Second), AdminsKnown: s.roles.Known, Counted: s.counted, Other: map[string]int{},
		Policy: s.req.Policy, Calls: calls,
		Sources: mfa.Sources{Primary: s.primary, ByUsers: map[string]int{}, ReadFrom: host, Authentic: s.orgKeys}}
	if s.primary == "" {
		summary.Sources.Primary = s.mem.head.Primary
	}
	summary.Sources.Caveat = "Okta's factors list shows only what the enrolment policy of each person allows, evaluated for the network zone of the machine that asks (" +
		clip(host, 60) + "), not for the person's own."
	if summary.Sources.Primary == mfa.SourceEnrollments {
		summary.Sources.Caveat += " It was read for those whose authenticator enrolments alone look non-compliant, and for administrators with Okta Verify. " +
			"Enrolments do not tell the forms of Okta Verify apart: without such a second reading FastPass counts as strong_phishable."
	}
	return summary
}

// ranked is a person with the verdict and the place in the order of urgency.
type ranked struct {
	person  *person
	verdict mfa.Verdict
	rank    int
	login   string
}

// order sorts people by urgency: those who fail, with admins and people with alarming events first; then the other verdicts.
func (s *scan) order() []ranked {
	places := make([]ranked, len(s.people))
	for i, p := range s.people {
		f := s.finding(p)
		places[i] = ranked{p, f.Verdict, mfa.Urgency(&f), strings.ToLower(f.Login)}
	}
	slices.SortFunc(places, func(a, b ranked) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		if c := strings.Compare(a.login, b.login); c != 0 {
			return c
		}
		return strings.Compare(a.person.ID, b.person.ID)
	})
	return places
}

// finding is what is known of a person, judged.
func (s *scan) finding(p *person) mfa.Finding {
	f := mfa.Finding{UserID: p.ID, Login: p.Login, Email: p.Email, Name: strings.TrimSpace(p.FirstName + " " + p.LastName), Status: p.Status,
		Department: p.Department, Title: p.Title, Manager: p.Manager, ManagerID: p.ManagerID, Sources: mfa.SourceNone}
	f.Roles, f.RolesVia = s.roles.Of(p.ID)
	applies := s.applies(p)
	if applies != nil {
		f.Policy, f.Rule, f.Required = applies.Policy, applies.Rule, applies.Required
	}
	r := s.mem.readings[p.ID]
	if r.readable() {
		s.methods(&f, p, r)
		applies.Mark(f.Methods)
		f.Cached, f.ReadAt = !s.mem.fresh[p.ID], r.time()
	}
	s.req.Policy.Judge(&f, mfa.Moments{Created: p.Created, Activated: p.Activated}, s.exempt.Of(p.ID, p.Login, p.Email), r.readable(), s.started)
	if r != nil && r.err != "" {
		f.Reason = r.err
	}
	f.Signals, f.Change = s.signals.Of(p.ID, f.Methods), s.moved[p.ID]
	return f
}

// methods puts the sources of a reading together. Factors count only where an audit would read them today: what an earlier
// one read under another policy must not make a difference.
func (s *scan) methods(f *mfa.Finding, p *person, r *reading) {
	enrolled, factors := s.mem.kinds.unpack(r.enrolled), s.mem.kinds.unpack(r.factors)
	switch {
	case r.hasEnroll && r.hasFactor && s.wants(p, r):
		f.Sources = "both"
		f.Methods, f.Disagree = mfa.Combine(enrolled, factors)
	case r.hasEnroll && s.primary != mfa.SourceFactors:
		f.Sources, f.Methods = mfa.SourceEnrollments, enrolled
	default:
		f.Sources, f.Methods = mfa.SourceFactors, factors
	}
}

func (s *scan) exemptions(states map[*mfa.Exemption]string) []mfa.Exemption {
	var list []mfa.Exemption
	for i := range s.req.Policy.Exemptions {
		ex := &s.req.Policy.Exemptions[i]
		shown := *ex
		if shown.State = states[ex]; shown.State == "" {
			shown.State = "nobody"
		}
		list = append(list, shown)
	}
	return list
}

// measure works out the error of the cache from the sample.
func (s *scan) measure(summary *mfa.Summary) {
	if s.kind != mfa.KindIncremental || len(s.mem.wrong) == 0 {
		return
	}
	e := &mfa.SampleError{Drawn: len(s.mem.wrong)}
	for _, wrong := range s.mem.wrong {
		if wrong {
			e.Wrong++
		}
	}
	e.Rate = float64(e.Wrong) / float64(e.Drawn)
	summary.Sample = e
	if e.Wrong > 0 {
		s.say("of %d people taken from earlier readings and read again, %d had changed without an event in the System Log: about %.0f of the other %d may have, too; a full audit finds them",
			e.Drawn, e.Wrong, e.Rate*float64(summary.Coverage.Cached), summary.Coverage.Cached)
	}
}

// writeFindings writes everybody's finding, a line each, and returns the digest of the file.
func writeFindings(dir string, findings iter.Seq[mfa.Finding]) (string, error) {
	sum := sha256.New()
	err := durable.WriteFile(dir, findingsFile, 0o600, func(w io.Writer) error {
		out := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
		encoder := json.NewEncoder(out)
		for f := range findings {
			if err := encoder.Encode(&f); err != nil {
				return err
			}
		}
		return out.Flush()
	})
	if err != nil {
		return "", fmt.Errorf("write findings: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// usersAtOnce is how many people one entry of the trail names.
const usersAtOnce = 800

// recordUsers writes every person with the verdict into the trail.
func (s *scan) recordUsers(ctx context.Context, order []ranked) error {
	for part := range slices.Chunk(order, usersAtOnce) {
		byVerdict := map[string]any{}
		lists := map[mfa.Verdict][]string{}
		for _, at := range part {
			lists[at.verdict] = append(lists[at.verdict], at.person.ID)
		}
		for verdict, ids := range lists {
			byVerdict[string(verdict)] = strings.Join(ids, " ")
		}
		if err := s.note(ctx, "audit_users", "judged", byVerdict); err != nil {
			return err
		}
	}
	return nil
}

// saveMemory makes the cache what is known now. People who are not in scope keep what is known of them, unless the System Log
// says that they changed; after an audit of everybody, those who were not listed are forgotten.
func (s *scan) saveMemory() error {
	maps.DeleteFunc(s.mem.readings, func(id string, r *reading) bool {
		if s.req.Scope() == mfa.Everybody && s.byID[id] == nil {
			return true
		}
		return r.err != "" || s.changed[id] != 0 && s.changed[id] >= r.at-clockSlack.Milliseconds()
	})
	h := &s.mem.head
	h.Format, h.Org, h.Primary, h.Policies = cacheFormat, s.org.ID, s.primary, s.digest
	h.Watermark = time.Time{}
	if s.logOK {
		h.Watermark = s.started.UTC()
	}
	if s.primary == "" {
		h.Primary = mfa.SourceEnrollments // nobody was there to be read
	}
	if err := s.mem.save(s.opts.Dir); err != nil && !errors.Is(err, durable.ErrInPlace) {
		return fmt.Errorf("save readings: %w", err)
	}
	return nil
}

// count fills the summary's numbers.
func (s *scan) count(summary *mfa.Summary, order []ranked) error {
	everybody, admins := mfa.NewCounter(), mfa.NewCounter()
	departments := map[string]*mfa.Department{}
	states := map[*mfa.Exemption]string{}
	for _, at := range order {
		f := s.finding(at.person)
		everybody.Count(&f)
		summary.Coverage.Cover(&f)
		summary.Sources.ByUsers[f.Sources]++
		if f.Admin() {
			admins.Count(&f)
		}
		if mfa.JudgedApart(f.Status) {
			summary.Other[f.Status]++
		}
		if f.Single {
			summary.Single++
		}
		if len(f.Disagree) > 0 {
			summary.Disagree++
		}
		mfa.CountDepartment(departments, &f)
		if ex := s.exempt.Of(f.UserID, f.Login, f.Email); ex != nil {
			states[ex] = mfa.ExemptionState(ex, &f, s.started)
		}
	}
	bound := s.req.Policy.Bound
	everybody.Close(bound)
	admins.Close(bound)
	summary.Coverage.Close(bound, s.started)
	summary.Tally, summary.Admins = everybody.Tally, admins.Tally
	summary.Departments = mfa.Largest(departments)
	summary.Exemptions = s.exemptions(states)
	s.measure(summary)
	sum := 0
	for _, n := range summary.ByVerdict {
		sum += n
	}
	if sum != summary.Total || summary.Total != len(s.people) {
		return fmt.Errorf("the verdicts add up to %d for %d people: this is a fault of the program, and nothing was reported", sum, len(s.people))
	}
	return nil
}
