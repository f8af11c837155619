package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// memory is what is known of the organisation's enrolments: the cache that earlier audits left, and on top of it what this
// audit has read. Cache and journal have one format, so that the cache is a journal with its history taken out.
type memory struct {
	head     head
	kinds    *kinds
	readings map[string]*reading
	fresh    map[string]bool // read by this audit, in earlier attempts too
	wrong    map[string]bool // of the sample: drawn → whether the cache was wrong
	members  *mfa.Members
	looked   int64 // Okta's time at which this audit's first attempt began to look, unix milliseconds; 0: this is the first
}

// head is what the cache says of itself.
type head struct {
	Format    int                 `json:"format"`
	Org       string              `json:"org"`
	Primary   string              `json:"primary"`             // enrollments or factors
	Watermark time.Time           `json:"watermark,omitzero"`  // Okta's time up to which the System Log was taken in; zero: no cache
	Policies  string              `json:"policies"`            // digest of all enrolment policies and authenticators
	Roles     map[string][]string `json:"roles,omitempty"`     // role types held directly, by user id
	Groups    map[string][]string `json:"groups,omitempty"`    // role types of groups, by group id; groups without any have an empty list
	Scope     bool                `json:"everybody,omitempty"` // the last audit of everyone is in it
}

const cacheFormat = 1

// line is one line of a cache or journal; T says which of the others is filled.
type line struct {
	T       string           `json:"t"` // open, look, head, kind, read, gone, group
	Head    *head            `json:"head,omitempty"`
	N       uint16           `json:"n,omitempty"`
	Kind    *mfa.Method      `json:"kind,omitempty"`
	User    string           `json:"u,omitempty"`
	At      int64            `json:"a,omitempty"`
	E       *[][2]int64      `json:"e,omitempty"` // kind and second, by enrollments
	F       *[][2]int64      `json:"f,omitempty"` // by factors
	P       string           `json:"p,omitempty"`
	Err     untrusted.Stored `json:"x,omitzero"`
	Draw    string           `json:"s,omitempty"` // of the sample: right or wrong
	Group   string           `json:"g,omitempty"`
	Changed int64            `json:"c,omitempty"` // the group's lastMembershipUpdated, unix milliseconds
	Members []string         `json:"m,omitempty"`
}

func newMemory() *memory {
	return &memory{kinds: newKinds(), readings: map[string]*reading{}, fresh: map[string]bool{}, wrong: map[string]bool{}, members: mfa.NewMembers()}
}

// load reads a file of lines into the memory. A missing file is empty; a torn last line was never acknowledged. Journal says
// that the readings are this audit's own.
func (m *memory) load(path string, journal bool) error {
	var local []uint16 // the file's numbers of kinds → ours
	for text, err := range durable.ReadLines(path) {
		if err != nil {
			return fmt.Errorf("read %s: %w", filepath.Base(path), err)
		}
		var l line
		if err = json.Unmarshal(text.Text, &l); err == nil {
			err = m.take(&l, &local, journal)
		}
		if err != nil {
			return &trouble.Error{
				Code: trouble.ReadingsDamaged,
				What: fmt.Sprintf("the readings of earlier audits are damaged: %s line %d", path, text.Number),
				Next: "move the file away, out of STATE_DIR/mfa, and audit again: the audit then reads everyone",
				Err:  err,
			}
		}
	}
	return nil
}

// errLine is a line that was not written by this program.
var errLine = errors.New("not a line of readings")

func (m *memory) take(l *line, local *[]uint16, journal bool) error {
	switch l.T {
	case "open": // another attempt: it numbers the kinds again
		*local = (*local)[:0]
	case "look":
		if journal && l.At > 0 && (m.looked == 0 || l.At < m.looked) {
			m.looked = l.At
		}
	case "head":
		if l.Head == nil || l.Head.Format != cacheFormat {
			return errLine
		}
		m.head = *l.Head
	case "kind":
		if l.Kind == nil || int(l.N) != len(*local) {
			return errLine
		}
		*local = append(*local, m.kinds.kind(*l.Kind))
	case "read":
		return m.takeReading(l, *local, journal)
	case "gone":
		delete(m.readings, l.User)
	case "group":
		m.members.Add(l.Group, l.Changed, l.Members)
	default:
		return errLine
	}
	return nil
}

func (m *memory) takeReading(l *line, local []uint16, journal bool) error {
	r := &reading{at: l.At, policy: l.P, err: l.Err, hasEnroll: l.E != nil, hasFactor: l.F != nil}
	var ok1, ok2 bool
	r.enrolled, ok1 = unmarshalMarks(l.E, local)
	r.factors, ok2 = unmarshalMarks(l.F, local)
	if !ok1 || !ok2 || l.User == "" {
		return errLine
	}
	if journal {
		m.fresh[l.User] = true
		if l.Draw != "" {
			m.wrong[l.User] = l.Draw == "wrong"
		}
	}
	// A journal may be older than the cache, when another audit has ended in between.
	if old := m.readings[l.User]; old == nil || old.at <= r.at {
		m.readings[l.User] = r
	}
	return nil
}

func unmarshalMarks(list *[][2]int64, local []uint16) ([]mark, bool) {
	if list == nil {
		return nil, true
	}
	marks := make([]mark, len(*list))
	for i, pair := range *list {
		if pair[0] < 0 || pair[0] >= int64(len(local)) {
			return nil, false
		}
		marks[i] = mark{local[pair[0]], pair[1]}
	}
	return marks, true
}

// scribe writes lines, naming each kind before its first use.
type scribe struct {
	write func([]byte) error
	kinds *kinds
	named map[uint16]uint16
}

func (s *scribe) line(l *line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode line: %w", err)
	}
	return s.write(text)
}

func (s *scribe) reading(user string, r *reading, draw string) error {
	l := &line{T: "read", User: user, At: r.at, P: r.policy, Err: r.err, Draw: draw}
	var err error
	if r.hasEnroll {
		if l.E, err = s.marks(r.enrolled); err != nil {
			return err
		}
	}
	if r.hasFactor {
		if l.F, err = s.marks(r.factors); err != nil {
			return err
		}
	}
	return s.line(l)
}

func (s *scribe) marks(marks []mark) (*[][2]int64, error) {
	list := make([][2]int64, len(marks))
	for i, m := range marks {
		n, ok := s.named[m.kind]
		if !ok {
			n = uint16(len(s.named))
			method := s.kinds.list[m.kind]
			if err := s.line(&line{T: "kind", N: n, Kind: &method}); err != nil {
				return nil, err
			}
			s.named[m.kind] = n
		}
		list[i] = [2]int64{int64(n), m.since}
	}
	return &list, nil
}

// journal is the file of an audit under way: each reading is on disk before it counts as made.
type journal struct {
	mu     sync.Mutex
	lines  *durable.Lines
	scribe *scribe
	broken error
}

func openJournal(path string, k *kinds) (*journal, error) {
	lines, err := durable.OpenLines(path, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the audit's journal: %w", err)
	}
	j := &journal{lines: lines, scribe: &scribe{write: lines.Append, kinds: k, named: map[uint16]uint16{}}}
	if err := j.do(func() error { return j.scribe.line(&line{T: "open"}) }); err != nil {
		return nil, errors.Join(err, lines.Close())
	}
	return j, nil
}

// add writes one reading. After a failure nothing more is written: the audit stops, since what is not on disk is not known.
func (j *journal) add(user string, r *reading, draw string) error {
	return j.do(func() error { return j.scribe.reading(user, r, draw) })
}

// look writes when, by Okta's clock, an attempt began: changes since the first of them may have been missed by its readings. This
// machine's clock would not do, as it may be hours off.
func (j *journal) look(at time.Time) error {
	return j.do(func() error { return j.scribe.line(&line{T: "look", At: at.UnixMilli()}) })
}

func (j *journal) gone(user string) error {
	return j.do(func() error { return j.scribe.line(&line{T: "gone", User: user}) })
}

func (j *journal) do(write func() error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken == nil {
		if err := write(); err != nil {
			j.broken = fmt.Errorf("write the audit's journal: %w; free the disk, and ask for the same audit again: it goes on", err)
		}
	}
	return j.broken
}

// source is where the readings of this audit's earlier attempts came from, "" when there are none. Once the organisation turned out to
// lack authenticator-enrollments, there are readings by factors alone.
func (m *memory) source() string {
	source := ""
	for id := range m.fresh {
		switch r := m.readings[id]; {
		case !r.readable():
		case !r.hasEnroll:
			return mfa.SourceFactors
		default:
			source = mfa.SourceEnrollments
		}
	}
	return source
}

// save replaces the cache.
func (m *memory) save(dir string) error {
	return durable.WriteFile(dir, cacheFile, 0o600, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		s := &scribe{kinds: m.kinds, named: map[uint16]uint16{}, write: func(text []byte) error {
			if _, err := out.Write(text); err != nil {
				return err
			}
			return out.WriteByte('\n')
		}}
		if err := s.line(&line{T: "head", Head: &m.head}); err != nil {
			return err
		}
		for user, r := range m.readings {
			if !r.err.IsZero() {
				continue // to be read again anyway
			}
			if err := s.reading(user, r, ""); err != nil {
				return err
			}
		}
		if err := saveMembers(s, m.members); err != nil {
			return err
		}
		return out.Flush()
	})
}

// saveMembers writes the groups whose members are known, in lines of bounded length.
func saveMembers(s *scribe, members *mfa.Members) error {
	const most = 500
	for _, g := range members.Groups() {
		l := &line{T: "group", Group: g.ID, Changed: g.Changed}
		if err := s.line(l); err != nil {
			return err
		}
		for user := range members.In(g) {
			if l.Members = append(l.Members, user); len(l.Members) == most {
				if err := s.line(l); err != nil {
					return err
				}
				l.Members = l.Members[:0]
			}
		}
		if len(l.Members) > 0 {
			if err := s.line(l); err != nil {
				return err
			}
		}
	}
	return nil
}
