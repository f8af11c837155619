// Package sheet reads the rows of a sheet of an Excel workbook (.xlsx), one after the other and in bounded memory.
//
// Values are what the cells hold, not what Excel shows: a date is written as 2026-03-31 in whatever format it appears, a
// boolean as TRUE or FALSE, a number as it is stored. What a person would not see in Excel (hidden rows and columns)
// and what is not in the file at all (formulas that were never computed) is reported, never guessed.
package sheet

import (
	"archive/zip"
	"bytes"
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

// maxSmallParts is how many bytes the small parts unpack to that the library gets: styles and the list of sheets.
const maxSmallParts = 64 << 20

// Sheet is an open sheet. Next reads its rows; Close removes its temporary files.
type Sheet struct {
	Name          string
	Names         []string // all visible sheets of the workbook, in its order
	HiddenRows    int
	HiddenColumns []int // 1-based
	Merges        int   // merged ranges; each cell of one has the value of its first

	book   *excelize.File // styles and properties, without its sheets
	cells  cells
	part   io.Closer
	shared *shared
	merges merges
	skip   []bool // columns that are left out
	hidden Hidden
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
	book, err := smallParts(archive)
	if err != nil {
		return nil, err
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
	if err := s.open(chosen, archive, o.TempDir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// smallParts opens what the library is good for, the formats of cells, without the sheets and their texts, which it would
// unpack as a whole.
func smallParts(archive *zip.Reader) (*excelize.File, error) {
	var small bytes.Buffer
	out, total := zip.NewWriter(&small), uint64(0)
	for _, f := range archive.File {
		switch strings.ToLower(f.Name) {
		case "[content_types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
			"xl/theme/theme1.xml":
			if total += f.UncompressedSize64; total > maxSmallParts {
				return nil, broken(errors.New("its list of styles is too large"))
			}
			if err := out.Copy(f); err != nil {
				return nil, broken(err)
			}
		}
	}
	if err := out.Close(); err != nil {
		return nil, broken(err)
	}
	book, err := excelize.OpenReader(&small, excelize.Options{
		UnzipSizeLimit:    maxSmallParts,
		UnzipXMLSizeLimit: maxSmallParts,
	})
	if err != nil {
		return nil, notAWorkbook(err)
	}
	return book, nil
}

// open begins to read the sheet. Shared texts are read when the first cell refers to one.
func (s *Sheet) open(chosen entry, archive *zip.Reader, tempDir string) error {
	date, err := newDates(s.book)
	if err != nil {
		return broken(err)
	}
	part, err := unzip(chosen.part)
	if err != nil {
		return broken(err)
	}
	s.part = part
	s.cells = cells{in: newTags(part), date: &date, shared: func(index int) (string, error) {
		if s.shared == nil {
			s.shared = &shared{limit: sharedInMemory}
			if err := s.shared.load(sharedPart(archive), tempDir); err != nil {
				return "", err
			}
		}
		return s.shared.get(index)
	}}
	return nil
}

// Next reads the next row that has a value; false after the last one.
func (s *Sheet) Next(row *Row) (more bool, err error) {
	defer damaged(&err)
	for {
		if s.cells.number <= s.line {
			if more, err := s.cells.next(); err != nil || !more {
				return false, brokenOr(err)
			}
		}
		s.line++
		var cells []string // none in a row that the sheet leaves out; merged cells may cross it
		if s.cells.number == s.line {
			if cells = s.cells.row; s.hidden == HiddenExcluded && s.cells.hidden {
				continue
			}
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
}

func brokenOr(err error) error {
	if err == nil {
		return nil
	}
	return broken(err)
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
	if s.shared != nil {
		errs = append(errs, s.shared.close())
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
