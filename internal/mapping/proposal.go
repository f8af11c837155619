package mapping

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/intake"
)

// Proposal is an answered reading that a plan was made with.
type Proposal struct {
	Application Application
	Header      []string          // of the report, as written
	Answers     []intake.Answered // all that were handed to intake.Read, in the same order
	Words       []intake.Words    // Reading.Words
	Plan        string            // the plan's id
	At          time.Time
}

// Propose saves an answered reading as a proposal. Answers that a mapping or an export gives already, and readings that
// needed no answer, are not saved: the file is nil then. The same answers again only note the plan. A plan is as good
// without its proposal, so an error is a note for the person and no reason to withhold the plan.
func (s *Store) Propose(ctx context.Context, p Proposal) (*File, error) {
	folded, sound := FoldHeader(p.Header)
	if !sound || !newlyAnswered(p.Answers) || p.Application.ID == "" {
		return nil, nil
	}
	reading := intake.Reading{Words: p.Words}
	f := &File{
		Format:      Format,
		Kind:        KindMapping,
		Status:      Proposed,
		Application: p.Application,
		Header:      folded,
		Digest:      Digest(folded),
		Answers:     deciding(merged(p.Answers), p.Words),
		Words:       wordsOf(&reading),
		Saved:       p.At.UTC().Truncate(time.Second),
		Plans:       []string{p.Plan},
	}
	f.Name = f.keyName() + "-p" + f.answersDigest()[:6]
	err := s.locked(ctx, func(root *os.Root, files []*File) error {
		for _, old := range files {
			if old.Kind != KindMapping || old.Digest != f.Digest || old.Application.ID != f.Application.ID ||
				!reflect.DeepEqual(old.Answers, f.Answers) {
				continue
			}
			if old.Status == Confirmed {
				f = nil
				return nil
			}
			if old.Name == f.Name {
				f.Plans = append(slices.DeleteFunc(old.Plans, func(id string) bool { return id == p.Plan }), p.Plan)
				f.Plans = f.Plans[max(0, len(f.Plans)-maxPlans):]
			}
		}
		if err := forget(root, files, f.Name); err != nil {
			return err
		}
		return write(root, f)
	})
	return f, err
}

// newlyAnswered reports whether someone said more than mappings and exports did.
func newlyAnswered(answers []intake.Answered) bool {
	return slices.ContainsFunc(answers, func(a intake.Answered) bool {
		return a.By != intake.ByMapping && !reflect.ValueOf(a.Answers).IsZero()
	})
}

// merged is all answers as one, with folded names of columns.
func merged(answers []intake.Answered) intake.Answers {
	folded := make([]intake.Answered, len(answers))
	for i, a := range answers {
		folded[i] = intake.Answered{By: a.By, Answers: spelledFolded(a.Answers)}
	}
	return intake.Merged(folded)
}

// deciding adds to answers the role of each column whose words they explain. The next report may leave that column without
// a word that shows its role, and the answers would then be about a column that decides nothing.
func deciding(a intake.Answers, words []intake.Words) intake.Answers {
	named := map[string]bool{}
	for _, name := range columnsOf(intake.Answers{Columns: a.Columns}) {
		named[Fold(name)] = true
	}
	a.Words = withoutOthers(a.Words, words)
	explained := map[string]bool{}
	for name := range a.Words {
		explained[Fold(name)] = true
	}
	a.Columns.Others = maps.Clone(a.Columns.Others)
	for _, column := range words {
		name := Fold(column.Column.Raw())
		if !explained[name] || named[name] || !slices.Contains(decidingRoles, column.Role) {
			continue
		}
		if a.Columns.Others == nil {
			a.Columns.Others = map[string]intake.Role{}
		}
		a.Columns.Others[name] = column.Role
	}
	return a
}

// withoutOthers writes out the words that an answer about all others refused: a word that comes up next month is asked
// about, whoever refused all of this month.
func withoutOthers(said map[string]map[string]string, words []intake.Words) map[string]map[string]string {
	all := map[string]map[string]string{}
	for name, meanings := range said {
		if meanings[intake.OtherWords] != intake.WordRefuses {
			all[name] = meanings
			continue
		}
		all[name] = maps.Clone(meanings)
		delete(all[name], intake.OtherWords)
		for _, column := range words {
			if Fold(column.Column.Raw()) != Fold(name) {
				continue
			}
			for _, use := range column.Words {
				if word := use.Word.Raw(); word != "" && use.Meaning == intake.MeansRefuses && all[name][word] == "" {
					all[name][word] = intake.WordRefuses
				}
			}
		}
		if len(all[name]) == 0 {
			delete(all, name)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

var decidingRoles = []intake.Role{
	intake.RoleFilter, intake.RoleState, intake.RoleBlocked, intake.RoleAction, intake.RoleValidFrom, intake.RoleValidUntil,
}

// spelledFolded returns answers with folded names of columns, as a mapping keeps them.
func spelledFolded(a intake.Answers) intake.Answers {
	header := columnsOf(a)
	for i, name := range header {
		header[i] = Fold(name)
	}
	return spelled(a, header, Fold)
}

// forget removes the oldest proposals beyond the bound.
func forget(root *os.Root, files []*File, keep string) error {
	proposals := slices.DeleteFunc(slices.Clone(files), func(f *File) bool { return f.Status != Proposed || f.Name == keep })
	slices.SortFunc(proposals, func(a, b *File) int { return cmp.Or(a.Saved.Compare(b.Saved), cmp.Compare(a.Name, b.Name)) })
	for _, f := range proposals[:max(0, len(proposals)-maxProposals+1)] {
		if err := root.Remove(f.Name + suffix); err != nil {
			return fmt.Errorf("remove an old proposal: %w", err)
		}
	}
	return nil
}
