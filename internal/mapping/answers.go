package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake"
)

// Lines says the answers of a mapping in words, a line each. The texts are of a report and must be cleaned where they are shown.
func (f *File) Lines() []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	m := f.Answers.Columns
	for _, c := range []struct{ what, name string }{
		{"user", m.User}, {"second identifier", m.UserID}, {"decision", m.Filter}, {"date", m.Date}, {"action", m.Action},
	} {
		if c.name != "" {
			say("%s = %s", c.what, c.name)
		}
	}
	if len(m.Entitlements) > 0 {
		say("access = %s", strings.Join(m.Entitlements, ", "))
	}
	for _, column := range slices.Sorted(maps.Keys(m.Others)) {
		say("%s = %s", m.Others[column], column)
	}
	for _, column := range slices.Sorted(maps.Keys(f.Answers.Words)) {
		for _, word := range slices.Sorted(maps.Keys(f.Answers.Words[column])) {
			say("%s: %q %s", column, word, f.Answers.Words[column][word])
		}
	}
	for _, column := range slices.Sorted(maps.Keys(f.Answers.Rows)) {
		say("only rows with %s = %s", column, strings.Join(f.Answers.Rows[column], ", "))
	}
	if len(m.Attributes) > 0 {
		say("description = %s", strings.Join(m.Attributes, ", "))
	}
	for _, c := range []struct{ what, text string }{
		{"layout", string(f.Answers.Layout)}, {"encoding", f.Answers.Encoding}, {"delimiter", f.Answers.Delimiter},
		{"sheet", f.Answers.Sheet}, {"date order", string(f.Answers.DateOrder)}, {"hidden cells", f.Answers.Hidden},
		{"None is", f.Answers.NoneIs}, {"commas", f.Answers.Commas}, {"separators", m.Separators}, {"access name", f.Answers.AccessName},
	} {
		if c.text != "" {
			say("%s = %s", c.what, c.text)
		}
	}
	if f.Answers.HeaderLine > 0 {
		say("header line = %d", f.Answers.HeaderLine)
	}
	return lines
}

// columnsOf lists every column that answers speak of.
func columnsOf(a intake.Answers) []string {
	m := a.Columns
	all := slices.Concat([]string{m.User, m.UserID, m.Filter, m.Date, m.Action}, m.Entitlements, m.Attributes,
		slices.Collect(maps.Keys(m.Others)), slices.Collect(maps.Keys(a.Words)), slices.Collect(maps.Keys(a.Rows)))
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return name == "" })
}

// spelled returns answers whose columns have the names that this report's header gives them. Answers about columns that the
// report does not have are left out.
func spelled(a intake.Answers, header []string, fold func(string) string) intake.Answers {
	names := map[string]string{}
	for _, name := range header {
		names[fold(name)] = name
	}
	one := func(name string) string { return names[fold(name)] }
	list := func(all []string) []string {
		var there []string
		for _, name := range all {
			if name = one(name); name != "" {
				there = append(there, name)
			}
		}
		return there
	}
	m := a.Columns
	m.User, m.UserID, m.Filter, m.Date, m.Action = one(m.User), one(m.UserID), one(m.Filter), one(m.Date), one(m.Action)
	m.Entitlements, m.Attributes, m.Others = list(m.Entitlements), list(m.Attributes), keyed(m.Others, one)
	a.Columns, a.Words, a.Rows = m, keyed(a.Words, one), keyed(a.Rows, one)
	return a
}

// keyed returns a map with other keys, nil when no key is left. Of two keys that become one, the first in order counts.
func keyed[V any](was map[string]V, name func(string) string) map[string]V {
	var all map[string]V
	for _, key := range slices.Sorted(maps.Keys(was)) {
		other := name(key)
		if _, taken := all[other]; taken || other == "" {
			continue
		}
		if all == nil {
			all = map[string]V{}
		}
		all[other] = was[key]
	}
	return all
}

// For returns the answers of a mapping for a report with this header, and whether it is the mapping's header: the same
// columns in any order. For an export all of Header must be there; columns that it does not know are left to the reading,
// which asks about them where they could decide, except that a refusal is only for the documented columns and no others.
func (f *File) For(header []string) (intake.Answered, bool) {
	fold := Fold
	if f.Kind == KindExport {
		fold = FoldExport
	}
	folded, sound := foldAll(header, fold)
	if !sound {
		return intake.Answered{}, false
	}
	if f.Kind == KindMapping {
		if Digest(folded) != f.Digest {
			return intake.Answered{}, false
		}
	} else if !f.covers(folded) {
		return intake.Answered{}, false
	}
	return intake.Answered{By: intake.ByMapping, Answers: spelled(f.Answers, header, fold)}, true
}

// covers reports whether a folded header is that of an export.
func (f *File) covers(folded []string) bool {
	required, _ := foldAll(f.Header, FoldExport)
	for _, name := range required {
		if !slices.Contains(folded, name) {
			return false
		}
	}
	if f.Refuse == nil {
		return true
	}
	optional, _ := foldAll(f.Optional, FoldExport)
	for _, name := range folded {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			return false
		}
	}
	return true
}

// News lists the words of deciding columns that were not there when the mapping was saved, by column. They are for the
// person who confirms: a word that the reading does not know is a doubt in any case.
func (f *File) News(reading *intake.Reading) map[string][]string {
	known := map[string]map[string]bool{}
	for column, words := range f.Words {
		set := map[string]bool{}
		for _, w := range words {
			set[Fold(w)] = true
		}
		known[Fold(column)] = set
	}
	var news map[string][]string
	for _, column := range reading.Words {
		for _, use := range column.Words {
			if !known[Fold(column.Column.Raw())][Fold(use.Word.Raw())] {
				if news == nil {
					news = map[string][]string{}
				}
				news[column.Column.Raw()] = append(news[column.Column.Raw()], use.Word.Raw())
			}
		}
	}
	return news
}

// wordsOf lists the words of the deciding columns of a reading, by column.
func wordsOf(reading *intake.Reading) map[string][]string {
	var all map[string][]string
	for _, column := range reading.Words {
		var words []string
		for _, use := range column.Words {
			if !slices.Contains(words, use.Word.Raw()) {
				words = append(words, use.Word.Raw())
			}
		}
		if len(words) == 0 {
			continue
		}
		if all == nil {
			all = map[string][]string{}
		}
		slices.Sort(words)
		all[Fold(column.Column.Raw())] = words
	}
	return all
}
