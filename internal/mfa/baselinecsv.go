package mfa

import (
	"fmt"
	"io"
	"iter"

	"okta-entitlements-mcp/internal/intake"
)

// baselineRecords yields the records of an export, the heading first. An error ends it. The export is read as reports
// are: encodings, delimiters and lines above the heading have one reader.
func baselineRecords(r io.Reader) iter.Seq2[intake.Record, error] {
	return func(yield func(intake.Record, error) bool) {
		limited := &io.LimitedReader{R: r, N: maxBaselineBytes + 1}
		records, err := intake.NewRecords(limited)
		if err != nil {
			yield(intake.Record{}, err)
			return
		}
		if !yield(intake.Record{Cells: records.Header()}, nil) {
			return
		}
		for {
			record, more, err := records.Next()
			switch {
			case limited.N <= 0:
				err = fmt.Errorf("the file has more than %d MiB; export it with fewer columns", maxBaselineBytes>>20)
			case err == nil && !more:
				return
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}
