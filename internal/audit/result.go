package audit

import (
	"bufio"
	"cmp"
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
	"okta-entitlements-mcp/internal/untrusted"
)

// finish judges everyone, and makes the result last: findings, cache, trail, and last of all the summary, whose being
// there says that the audit has ended.
//
// Everyone is judged twice, once to count and to sort, and once to be written in that order. To judge 100,000 people takes
// two seconds; to keep their findings in between takes 79 MiB, and the whole program has 250 MB, of which an audit needs 213
// (docs/benchmarks.md). The two cannot differ: FindingOf depends on nothing that changes in between but the person's
// Change, which is known only after the first.
func (s *scan) finish(ctx context.Context, calls int64) (*mfa.Summary, error) {
	s.settlePolicies()
	summary := s.newSummary(calls)
	export, exportErr := s.exportToCompare(summary)
	order, err := s.count(summary, export)
	if err != nil {
		return nil, err
	}
	if err := s.history(summary, order); err != nil {
		return nil, err
	}
	if err := s.write(summary, order); err != nil {
		return nil, err
	}
	if err := s.recordUsers(ctx, order); err != nil {
		return nil, err
	}
	if exportErr != nil {
		s.say("the Admin Console's export cannot be compared: %s", untrusted.New(exportErr.Error()))
	}
	if err := s.saveMemory(); err != nil { // last: readings that the next audit must not rely on are forgotten here
		return nil, err
	}
	summary.Notes, summary.Ended = append(whatIfNote(s.req.WhatIf), append(summary.Notes, s.notes.list...)...), time.Now().UTC()
	details := map[string]any{"scope": s.req.Scope(), "coverage": summary.Coverage.Line, "okta_calls": calls}
	if err := s.complete(ctx, summary, details); err != nil {
		return nil, err
	}
	if err := s.prune(s.record); err != nil {
		s.opts.Log.Warn("old audits stay", "error", err)
	}
	return summary, nil
}

// whatIfNote is the first note of a what-if, nil for other audits.
func whatIfNote(looser []string) []untrusted.Stored {
	if len(looser) == 0 {
		return nil
	}
	return []untrusted.Stored{untrusted.NewStored("this is a what-if under a looser policy, and no audit of record: " +
		strings.Join(looser, "; "))}
}

// complete records the end of an audit with its numbers, and then writes the summary.
func (a *Auditor) complete(ctx context.Context, s *mfa.Summary, details map[string]any) error {
	details["kind"], details["findings_sha256"] = s.Kind, s.Digest
	if len(s.WhatIf) > 0 {
		details["what_if"] = strings.Join(s.WhatIf, "; ")
	}
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
	summary := &mfa.Summary{
		AuditID:     s.record.ID,
		Org:         s.opts.Domain,
		OrgID:       s.org.ID,
		Scope:       untrusted.NewStored(s.req.Scope()),
		Kind:        s.kind,
		WhyFull:     s.whyFull,
		Started:     s.record.Started,
		AsOf:        s.known.AsOf.UTC().Truncate(time.Second),
		AdminsKnown: s.known.Roles.Known,
		Counted:     s.counted,
		Other:       map[string]int{},
		Policy:      s.req.Policy,
		WhatIf:      s.req.WhatIf,
		Calls:       calls,
		Sources: mfa.Sources{
			Primary:   s.primary,
			ByUsers:   map[string]int{},
			ReadFrom:  host,
			Authentic: s.orgKeys,
		},
	}
	if s.primary == "" {
		summary.Sources.Primary = s.mem.head.Primary
	}
	summary.Sources.Caveat = "Okta's factors list shows only what the enrolment policy of each person allows, " +
		"evaluated for the network zone of the machine that asks (" +
		untrusted.New(host).Show(untrusted.Name) + "), not for the person's own."
	if summary.Sources.Primary == mfa.SourceEnrollments {
		summary.Sources.Caveat += " It was read for those whose authenticator enrolments alone look non-compliant, " +
			"and for administrators with Okta Verify. " +
			"Enrolments do not tell the forms of Okta Verify apart: without such a second reading FastPass counts as " +
			"strong_phishable."
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

// byUrgency sorts those who fail to the front, with admins and people with alarming events first; then the other
// verdicts.
func byUrgency(a, b ranked) int {
	return cmp.Or(a.rank-b.rank, strings.Compare(a.login, b.login), strings.Compare(a.person.ID, b.person.ID))
}

// finding judges what is known of a person.
func (s *scan) finding(p *person) mfa.Finding {
	f := mfa.FindingOf(&p.Account, s.reading(p), &s.known, &s.req.Policy)
	f.Change = s.moved[p.ID]
	return f
}

// reading is what counts of what was read of a person. Factors count only where an audit would read them today: what an
// earlier one read under another policy must not make a difference.
func (s *scan) reading(p *person) *mfa.Reading {
	r := s.mem.readings[p.ID]
	if r == nil {
		return &mfa.Reading{}
	}
	counts := &mfa.Reading{
		HasEnrollments: r.hasEnroll,
		HasFactors:     r.hasFactor,
		At:             r.time(),
		Cached:         !s.mem.fresh[p.ID],
		Failed:         r.err,
	}
	switch {
	case !r.readable():
		return counts
	case s.primary == mfa.SourceFactors: // enrolments of before it turned out that they are not available do not count
		counts.HasEnrollments, counts.HasFactors = false, true
	case r.hasEnroll:
		counts.HasFactors = r.hasFactor && s.wants(p, r)
	}
	if counts.HasEnrollments {
		counts.Enrollments = s.mem.kinds.unpack(r.enrolled)
	}
	if counts.HasFactors {
		counts.Factors = s.mem.kinds.unpack(r.factors)
	}
	return counts
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
		s.say("of %d people taken from earlier readings and read again, %d had changed without an event in the "+
			"System Log: about %.0f of the other %d may have, too; a full audit finds them",
			e.Drawn, e.Wrong, e.Rate*float64(summary.Coverage.Cached), summary.Coverage.Cached)
	}
}

// writeFindings writes everyone's finding, a line each, and returns the digest of the file.
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

// saveMemory makes the cache what is known now. People who are not in scope keep what is known of them, unless the
// System Log says that they changed; after an audit of everyone, those who were not listed are forgotten.
func (s *scan) saveMemory() error {
	maps.DeleteFunc(s.mem.readings, func(id string, r *reading) bool {
		if s.req.Scope() == mfa.Everybody && s.byID[id] == nil {
			return true
		}
		return !r.err.IsZero() || s.changed[id] != 0 && s.changed[id] >= r.at-clockSlack.Milliseconds()
	})
	h := &s.mem.head
	h.Format, h.Org, h.Primary, h.Policies = cacheFormat, s.org.ID, s.primary, s.digest
	h.Watermark = time.Time{}
	if s.logOK {
		h.Watermark = s.known.AsOf.UTC()
	}
	if s.primary == "" {
		h.Primary = mfa.SourceEnrollments // no one was there to be read
	}
	if err := s.mem.save(s.opts.Dir); err != nil && !errors.Is(err, durable.ErrInPlace) {
		return fmt.Errorf("save readings: %w", err)
	}
	return nil
}

// count judges everyone, fills the summary's numbers, and returns the order in which people are shown.
func (s *scan) count(summary *mfa.Summary, export *exportCheck) ([]ranked, error) {
	everyone, admins := mfa.NewCounter(), mfa.NewCounter()
	departments := map[untrusted.Text]*mfa.Department{}
	order := make([]ranked, len(s.people))
	for i, p := range s.people {
		f := s.finding(p)
		order[i] = ranked{p, f.Verdict, mfa.Urgency(&f), strings.ToLower(f.Login.Show(untrusted.Long))}
		everyone.Count(&f)
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
		export.compare(&f)
	}
	slices.SortFunc(order, byUrgency)
	bound := s.req.Policy.Bound
	everyone.Close(bound)
	admins.Close(bound)
	summary.Coverage.Close(bound, s.known.AsOf)
	summary.Tally, summary.Admins = everyone.Tally, admins.Tally
	summary.Departments = mfa.Largest(departments)
	summary.Baseline = export.result()
	s.measure(summary)
	sum := 0
	for _, n := range summary.ByVerdict {
		sum += n
	}
	if sum != summary.Total || summary.Total != len(s.people) {
		const fault = "the verdicts add up to %d for %d people: this is a fault of the program, and nothing was reported"
		return nil, fmt.Errorf(fault, sum, len(s.people))
	}
	return order, nil
}

// write makes the file of findings, and fills in what became of each exemption.
func (s *scan) write(summary *mfa.Summary, order []ranked) (err error) {
	states := map[*mfa.Exemption]string{}
	summary.Digest, err = writeFindings(s.Dir(s.record.ID), func(yield func(mfa.Finding) bool) {
		for _, at := range order {
			f := s.finding(at.person)
			if ex := s.known.Exemptions.Of(f.UserID, f.Login.Show(untrusted.Long), f.Email.Show(untrusted.Long)); ex != nil {
				states[ex] = mfa.ExemptionState(ex, &f, s.known.AsOf)
			}
			if !yield(f) {
				return
			}
		}
	})
	summary.Exemptions = s.exemptions(states)
	return err
}
