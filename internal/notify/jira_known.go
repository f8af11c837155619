package notify

import (
	"maps"
	"slices"
)

// Known lists the keys of the tickets of a set that this program made and has not closed. It reads the ledger and asks no one.
func (j *Jira) Known(set string) ([]string, error) {
	l, err := readLedger(j.o.Dir, ledgerName(j.o.BaseURL, j.o.Project, set))
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(l.entries, func(_ string, e entry) bool { return e.Closed || e.Issue == "" })
	return slices.Sorted(maps.Keys(l.entries)), nil
}
