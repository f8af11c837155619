// Package sheet reads the rows of a sheet of an Excel workbook (.xlsx), one after the other and in bounded memory.
//
// Values are what the cells hold, not what Excel shows: a date is written as 2026-03-31 in whatever format it appears, a
// boolean as TRUE or FALSE, a number as it is stored. What a person would not see in Excel (hidden rows and columns)
// and what is not in the file at all (formulas that were never computed) is reported, never guessed.
package sheet

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"okta-entitlements-mcp/internal/trouble"
)

// Hidden says what to do with rows and columns that are hidden in the workbook.
type Hidden string

// What can be said of hidden rows and columns. Without a word on it they are read, and Sheet says how many there are.
const (
	HiddenIncluded Hidden = "include"
	HiddenExcluded Hidden = "exclude"
)

// Options of a sheet.
type Options struct {
	Sheet   string // its name; empty is the first one that is visible
	Hidden  Hidden
	TempDir string // where parts of a large workbook are unpacked; it must exist
}

// maxUnzipped is how many bytes a workbook may unpack to. A larger one is a zip bomb, or no report.
const maxUnzipped = 2 << 30

// inMemory is the size of a part, in bytes unpacked, above which it goes to TempDir.
const inMemory = 8 << 20

// Sheet is an open sheet. Next reads its rows; Close removes its temporary files.
type Sheet struct {
	Name          string
	Names         []string // all visible sheets of the workbook, in its order
	HiddenRows    int
	HiddenColumns []int // 1-based
	Merges        int   // merged ranges; each cell of one has the value of its first

	book   *excelize.File
	rows   *excelize.Rows
	kinds  kinds
	part   io.Closer
	merges merges
	skip   []bool // columns that are left out
	hidden Hidden
	date   dates
	line   int
}

// Row is one row with a cell that is not empty. It is valid until the next one is read.
type Row struct {
	Line  int // as Excel numbers it, from 1
	Cells []string
}

// Open opens a sheet of a workbook. The error is a *trouble.Error that says what the file is instead and what to do.
func Open(file io.ReaderAt, size int64, o Options) (s *Sheet, err error) {
	defer damaged(&err)
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return nil, notAWorkbook(err)
	}
	if err := check(archive); err != nil {
		return nil, err
	}
	list, err := listSheets(archive)
	if err != nil {
		return nil, err
	}
	chosen, err := list.choose(o.Sheet)
	if err != nil {
		return nil, err
	}
	seen, err := look(chosen.part)
	if err != nil {
		return nil, broken(err)
	}
	if seen.uncomputed > 0 {
		return nil, uncomputed(chosen.name, seen)
	}
	book, err := excelize.OpenReader(io.NewSectionReader(file, 0, size), excelize.Options{
		RawCellValue:      true,
		UnzipSizeLimit:    maxUnzipped,
		UnzipXMLSizeLimit: inMemory,
		TmpDir:            o.TempDir,
	})
	if err != nil {
		return nil, notAWorkbook(err)
	}
	s = &Sheet{
		Name:          chosen.name,
		Names:         list.visible(),
		HiddenRows:    seen.hiddenRows,
		HiddenColumns: numbers(seen.hiddenColumns),
		Merges:        len(seen.merges),
		book:          book,
		hidden:        o.Hidden,
		merges:        newMerges(seen.merges),
	}
	if o.Hidden == HiddenExcluded {
		s.skip = seen.hiddenColumns
	}
	if err := s.open(chosen); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// open starts the two readers that go through the sheet side by side.
func (s *Sheet) open(chosen entry) error {
	rows, err := s.book.Rows(chosen.name)
	if err != nil {
		return broken(err)
	}
	s.rows = rows
	part, err := chosen.part.Open()
	if err != nil {
		return broken(err)
	}
	s.part = part
	if s.date, err = newDates(s.book); err != nil {
		return broken(err)
	}
	s.kinds = kinds{in: newTags(part), isDate: s.date.style}
	return nil
}

// Next reads the next row that has a value; false after the last one.
func (s *Sheet) Next(row *Row) (more bool, err error) {
	defer damaged(&err)
	for s.rows.Next() {
		s.line++
		cells, err := s.rows.Columns()
		if err != nil {
			return false, broken(err)
		}
		if err := s.typed(cells); err != nil {
			return false, broken(err)
		}
		if s.hidden == HiddenExcluded && s.kinds.number == s.line && s.kinds.hidden {
			continue
		}
		if cells, err = s.merges.fill(s.line, cells); err != nil {
			return false, broken(err)
		}
		if row.Cells = s.visible(cells, row.Cells[:0]); blank(row.Cells) {
			continue
		}
		row.Line = s.line
		return true, nil
	}
	if err := s.rows.Error(); err != nil {
		return false, broken(err)
	}
	return false, nil
}

// typed writes dates and booleans as what they are.
func (s *Sheet) typed(cells []string) error {
	for s.kinds.number < s.line {
		if more, err := s.kinds.next(); err != nil || !more {
			return err
		}
	}
	if s.kinds.number > s.line {
		return nil // a row that the sheet leaves out
	}
	for i := range cells {
		if i >= len(s.kinds.cells) || cells[i] == "" {
			continue
		}
		switch s.kinds.cells[i] {
		case kindDate:
			cells[i] = s.date.format(cells[i])
		case kindBool:
			cells[i] = boolean(cells[i])
		}
	}
	return nil
}

func boolean(raw string) string {
	switch strings.ToLower(raw) {
	case "1", "true":
		return "TRUE"
	case "0", "false":
		return "FALSE"
	}
	return raw
}

func (s *Sheet) visible(cells, into []string) []string {
	for i, c := range cells {
		if i < len(s.skip) && s.skip[i] {
			continue
		}
		into = append(into, c)
	}
	return into
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// Close removes what was unpacked.
func (s *Sheet) Close() error {
	var errs []error
	if s.rows != nil {
		errs = append(errs, s.rows.Close())
	}
	if s.part != nil {
		errs = append(errs, s.part.Close())
	}
	return errors.Join(append(errs, s.book.Close())...)
}

func numbers(set []bool) []int {
	var list []int
	for i, yes := range set {
		if yes {
			list = append(list, i+1)
		}
	}
	return list
}

// damaged turns a panic of the library over a hostile workbook into an error.
func damaged(err *error) {
	if r := recover(); r != nil {
		*err = broken(fmt.Errorf("%v", r))
	}
}

func broken(err error) error {
	if trouble.Find(err) != nil {
		return err
	}
	return &trouble.Error{
		Code: trouble.WorkbookDamaged,
		What: fmt.Sprintf("the workbook cannot be read: %v", err),
		Next: "open it in Excel, save it again as .xlsx or as CSV UTF-8, and put that file into the inbox",
		Err:  err,
	}
}
