// Package exports holds the known exports: what the columns of reports mean that well-known systems write, each as a file
// with the public page that documents it. An export is data; docs/reports.md says how to add one.
package exports

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
)

//go:embed *.json
var files embed.FS

// Export is a known export that fits a report.
type Export struct {
	*mapping.File
	// Answered has what the export's file says of its columns, in the spelling of the report's header. Hand it to
	// intake.Read after the answers of people: it settles nothing that they said otherwise, and words that it does not
	// know stay a doubt. It is empty for an export that is refused.
	Answered intake.Answered
}

// load reads the files once. They are part of the program and held by a test, so an error is a mistake of ours.
var load = sync.OnceValue(func() []*mapping.File {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		panic(err)
	}
	var all []*mapping.File
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		f, err := mapping.Parse(name, data)
		if err != nil {
			panic(fmt.Sprintf("read built-in export: %v", err))
		}
		all = append(all, f)
	}
	return all
})

// All returns the known exports by name. Do not change what it returns.
func All() []*mapping.File { return slices.Clone(load()) }

// Named returns the known export of a name.
func Named(name string) (*mapping.File, bool) {
	at := slices.IndexFunc(load(), func(f *mapping.File) bool { return f.Name == name })
	if at < 0 {
		return nil, false
	}
	return load()[at], true
}

// Find returns the known export that a report's header is of: all of the export's columns are there, whatever their order,
// case, blanks and what stands in square brackets after a name. The export with the most columns wins.
func Find(header []string) (Export, bool) {
	var best Export
	for _, f := range load() {
		answered, fits := f.For(header)
		if fits && (best.File == nil || len(f.Header) > len(best.Header)) {
			best = Export{File: f, Answered: answered}
		}
	}
	return best, best.File != nil
}

// Choice is what is applied to a report by itself. Its name is empty when nothing fits.
type Choice struct {
	Name     string           // of the mapping or export
	Title    string           // of an export, for people
	Status   mapping.Status   // confirmed, built in, or "" for an export that a person imported
	Answered intake.Answered  // hand it to intake.Read after the answers of people and arguments
	Refuse   *mapping.Refusal // no plan can be made from such a report, unless answers name its access columns
}

// Choose returns what is applied to a report by itself: the confirmed mapping for its header and the application, else an
// export that a person imported, else a built-in one. The error names mapping files that cannot be read; the choice is good
// in any case.
func Choose(store *mapping.Store, header []string, appID string) (Choice, error) {
	saved, err := store.Find(header, appID)
	if f := saved.File; f != nil {
		return Choice{Name: f.Name, Title: f.Title, Status: f.Status, Answered: saved.Answered, Refuse: f.Refuse}, err
	}
	if builtIn, ok := Find(header); ok {
		return Choice{
			Name:     builtIn.Name,
			Title:    builtIn.Title,
			Status:   mapping.BuiltIn,
			Answered: builtIn.Answered,
			Refuse:   builtIn.Refuse,
		}, err
	}
	return Choice{}, err
}
