package intake

import "time"

// Defaults for the zero values of Options.
const (
	DefaultMaxLine     = 1 << 20   // bytes of one record
	DefaultMaxRows     = 5_000_000 // records
	DefaultMaxProblems = 1000
	DefaultMaxValues   = 100_000 // distinct entitlement values
)

// Options steers Read. The zero value works.
type Options struct {
	File    string     // the name to put into the Report
	Mapping Mapping    // what the caller says about columns; the same as Answers with Columns alone, by argument
	Answers []Answered // what callers, people and saved mappings say; the first that speaks of something counts
	Known   []string   // names of values that Okta has already: they settle whether a comma splits
	// Today is the UTC day that validity is compared with. The zero time is no day: then a row whose access has a last
	// day counts as expired and one with a first day as not yet valid, so that nothing is granted by mistake.
	Today       time.Time
	TempDir     string // where parts of a large workbook are unpacked; it must exist. Empty is the directory of the system
	MaxRows     int    // records, default DefaultMaxRows; more is the error too_many_rows
	MaxLine     int    // bytes of one record after decoding to UTF-8, default DefaultMaxLine; more is line_too_long
	MaxProblems int    // problems kept in the Report, default DefaultMaxProblems; counts stay exact
	MaxValues   int    // distinct entitlement values, default DefaultMaxValues; more is too_many_values
}

func (o Options) withDefaults() Options {
	if o.MaxRows <= 0 {
		o.MaxRows = DefaultMaxRows
	}
	if o.MaxLine <= 0 {
		o.MaxLine = DefaultMaxLine
	}
	if o.MaxProblems <= 0 {
		o.MaxProblems = DefaultMaxProblems
	}
	if o.MaxValues <= 0 {
		o.MaxValues = DefaultMaxValues
	}
	return o
}

// layers are all answers, those of Mapping last.
func (o Options) layers() layers {
	all := layers(o.Answers)
	if !o.Mapping.empty() {
		all = append(all[:len(all):len(all)], Answered{
			By:      ByArgument,
			Answers: Answers{Columns: o.Mapping},
		})
	}
	return all
}

func (o Options) answers() Answers { return o.layers().merged() }
