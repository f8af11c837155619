package sheet

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Range is a rectangle of merged cells, 1-based and inclusive.
type Range struct{ Left, Top, Right, Bottom int }

// survey is what a sheet holds beside the values of its cells. It is read before them, because Excel writes the merged
// cells last, and because a library for workbooks loads the whole sheet to answer.
type survey struct {
	hiddenColumns []bool // by column, from 0
	hiddenRows    int
	merges        []Range
	uncomputed    int    // formulas without a value
	firstFormula  string // the cell of the first of them
	rows          int
}

const (
	maxMerges  = 100_000
	maxColumns = excelize.MaxColumns
)

// look reads the sheet's XML once. A sheet that ends before its end tag is damaged: the library would return the rows up
// to there as if they were all.
func look(part *zip.File) (*survey, error) {
	r, err := unzip(part)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	s, in, ended := &survey{}, newTags(r), false
	cell, formula, value := "", false, false
	for {
		t, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the sheet: %w", err)
		}
		switch {
		case t.name == "worksheet" && (t.end || t.empty):
			ended = true
		case t.name == "col" && (t.yes("hidden") || zero(t.attr("width"))):
			s.hideColumns(&t)
		case t.name == "row" && !t.end:
			s.rows++
			if concealed(&t) {
				s.hiddenRows++
			}
		case t.name == "mergeCell" && !t.end:
			s.merge(string(t.attr("ref")))
		case t.name == "c" && !t.end:
			formula, value = false, t.empty
			if !t.empty {
				cell = string(t.attr("r"))
			}
		case t.name == "f":
			formula = true
		case (t.name == "v" || t.name == "is") && !t.end:
			value = true
		case t.name == "c" && t.end && formula && !value:
			if s.uncomputed++; s.uncomputed == 1 {
				s.firstFormula = cell
			}
		}
	}
	if !ended {
		return nil, errTag
	}
	return s, nil
}

// concealed reports a row that is hidden, or has no height. The library's word for a row's height is 0 for most rows.
func concealed(row *tag) bool { return row.yes("hidden") || zero(row.attr("ht")) }

func zero(v []byte) bool {
	if len(v) == 0 {
		return false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	return err == nil && f == 0
}

func (s *survey) hideColumns(t *tag) {
	from, err1 := strconv.Atoi(string(t.attr("min")))
	to, err2 := strconv.Atoi(string(t.attr("max")))
	if err1 != nil || err2 != nil || from < 1 {
		return
	}
	for c := from; c <= min(to, maxColumns); c++ {
		for len(s.hiddenColumns) < c {
			s.hiddenColumns = append(s.hiddenColumns, false)
		}
		s.hiddenColumns[c-1] = true
	}
}

func (s *survey) merge(ref string) {
	if len(s.merges) >= maxMerges {
		return
	}
	from, to, _ := strings.Cut(ref, ":")
	left, top, err1 := excelize.CellNameToCoordinates(from)
	right, bottom, err2 := excelize.CellNameToCoordinates(to)
	if err1 == nil && err2 == nil && left <= right && top <= bottom {
		s.merges = append(s.merges, Range{left, top, right, bottom})
	}
}
