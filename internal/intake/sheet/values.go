package sheet

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"
	"github.com/xuri/nfp"
)

// dates knows which cells hold dates: Excel stores a date as a number, and only the cell's format says that it is one.
type dates struct {
	book   *excelize.File
	from04 bool // days are counted from 1904, as Excel for the Mac once did
	styles map[int]bool
}

func newDates(book *excelize.File) (dates, error) {
	props, err := book.GetWorkbookProps()
	if err != nil {
		return dates{}, err
	}
	return dates{book: book, from04: props.Date1904 != nil && *props.Date1904, styles: map[int]bool{}}, nil
}

// style reports whether cells of a style show dates.
func (d *dates) style(index int) bool {
	yes, known := d.styles[index]
	if !known {
		style, err := d.book.GetStyle(index)
		yes = err == nil && showsDate(style)
		d.styles[index] = yes
	}
	return yes
}

// showsDate reports whether a style's number format is one of dates. The built-in numbers are those of ECMA-376,
// 18.8.30, with those of East Asian editions.
func showsDate(style *excelize.Style) bool {
	if style.CustomNumFmt != nil {
		return dateFormat(*style.CustomNumFmt)
	}
	n := style.NumFmt
	return n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58
}

func dateFormat(format string) bool {
	parser := nfp.NumberFormatParser()
	for _, section := range parser.Parse(format) {
		for _, token := range section.Items {
			if token.TType == nfp.TokenTypeDateTimes || token.TType == nfp.TokenTypeElapsedDateTimes {
				return true
			}
		}
	}
	return false
}

// lastDate is the number of 31 December 9999, the last day that Excel has.
const lastDate = 2_958_466

// format writes a stored date: the day, and the time when there is one. What is no date of Excel stays as it is.
func (d *dates) format(raw string) string {
	n, err := strconv.ParseFloat(raw, 64)
	if err != nil || n < 0 || n >= lastDate {
		return raw
	}
	t, err := excelize.ExcelDateToTime(n, d.from04)
	if err != nil {
		return raw
	}
	t = t.Round(time.Second)
	switch {
	case n < 1:
		return t.Format(time.TimeOnly)
	case t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0:
		return t.Format(time.DateOnly)
	}
	return t.Format(time.DateTime)
}

// merges fills merged cells: Excel keeps the value in the first of them, and a person reads it in all.
type merges struct {
	open   []merged // those that reach the row at hand
	coming []Range  // by top
}

type merged struct {
	Range
	value string
}

func newMerges(ranges []Range) merges {
	coming := slices.Clone(ranges)
	slices.SortFunc(coming, func(a, b Range) int { return a.Top - b.Top })
	return merges{coming: coming}
}

// maxOpen is how many merged ranges may cross one row. Sheets made by people have a few.
const maxOpen = 1024

// fill returns the cells of a row with the values of the merged ranges that cross it.
func (m *merges) fill(line int, cells []string) ([]string, error) {
	m.open = slices.DeleteFunc(m.open, func(r merged) bool { return r.Bottom < line })
	for len(m.coming) > 0 && m.coming[0].Top <= line {
		next := m.coming[0]
		m.coming = m.coming[1:]
		if next.Left <= len(cells) && next.Top == line {
			m.open = append(m.open, merged{next, cells[next.Left-1]})
		}
	}
	if len(m.open) > maxOpen {
		return nil, fmt.Errorf("more than %d merged ranges cross line %d", maxOpen, line)
	}
	for _, r := range m.open {
		if r.value == "" {
			continue
		}
		for len(cells) < r.Right {
			cells = append(cells, "")
		}
		for c := r.Left; c <= r.Right; c++ {
			if cells[c-1] == "" {
				cells[c-1] = r.value
			}
		}
	}
	return cells, nil
}
