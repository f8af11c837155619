package sheet

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// cells reads the rows of a sheet, one after the other, with the values of their cells.
type cells struct {
	in     *tags
	date   *dates
	shared func(index int) (string, error)
	number int // of the row at hand, from 1
	hidden bool
	row    []string // by column
	recent [256]string
}

// next goes to the next row that the sheet has; false after the last one. Rows and cells come in order, as Excel writes
// them; others are damage, since reading on could take one for another.
func (c *cells) next() (bool, error) {
	c.row = c.row[:0]
	inRow, column := false, 0
	for {
		t, err := c.in.next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		switch {
		case t.name == "row" && !t.end:
			if err := c.begin(&t); err != nil {
				return false, err
			}
			if inRow, column = true, 0; t.empty {
				return true, nil
			}
		case t.name == "row" && t.end:
			return true, nil
		case t.name == "c" && !t.end && inRow:
			at := columnOf(&t, column)
			if at <= column || at > maxColumns {
				return false, fmt.Errorf("a cell of row %d is not in its place", c.number)
			}
			column = at
			value, err := c.cell(&t)
			if err != nil {
				return false, err
			}
			if value != "" {
				c.put(column, value)
			}
		case t.name == "sheetData" && t.end:
			return false, nil
		}
	}
}

// begin takes the number of a row; a row without one follows the one before.
func (c *cells) begin(t *tag) error {
	number := c.number + 1
	if r := t.attr("r"); r != nil {
		n, err := strconv.Atoi(string(r))
		if err != nil || n < number {
			return fmt.Errorf("row %.20q does not follow row %d", r, c.number)
		}
		number = n
	}
	if number > excelize.TotalRows {
		return fmt.Errorf("row %d is beyond the last one of Excel, %d", number, excelize.TotalRows)
	}
	c.number, c.hidden = number, concealed(t)
	return nil
}

// columnOf is the number of a cell's column from 1; a cell without a reference follows the one before.
func columnOf(t *tag, before int) int {
	n := 0
	for _, c := range t.attr("r") {
		if c |= 0x20; c < 'a' || c > 'z' {
			break
		}
		if n = n*26 + int(c-'a') + 1; n > maxColumns {
			return n
		}
	}
	if n == 0 {
		return before + 1
	}
	return n
}

func (c *cells) put(column int, value string) {
	for len(c.row) < column {
		c.row = append(c.row, "")
	}
	c.row[column-1] = value
}

// kind is how a cell's value is stored.
type kind uint8

const (
	kindText   kind = iota // also numbers that are no date: they are written as stored
	kindDate               // a number whose format shows a date
	kindBool               // 1 or 0
	kindShared             // the number of a shared text
	kindInline             // a text of its own
)

func (c *cells) kind(t *tag) kind {
	switch string(t.attr("t")) {
	case "b":
		return kindBool
	case "s":
		return kindShared
	case "inlineStr":
		return kindInline
	case "", "n":
		style, err := strconv.Atoi(string(t.attr("s")))
		if err == nil && c.date.style(style) {
			return kindDate
		}
	}
	return kindText // ISO 8601 dates among them
}

// cell reads a cell whose tag is at hand and returns its value. The text of a formula is no value, and phonetic text is
// not part of one.
func (c *cells) cell(t *tag) (string, error) {
	kind := c.kind(t)
	if t.empty {
		return "", nil
	}
	value, inline, phonetic := "", false, false
	for {
		t, err := c.in.next()
		if err != nil {
			return "", noEOF(err)
		}
		switch {
		case t.name == "c" && t.end:
			return c.typed(kind, value)
		case t.name == "c" || t.name == "row":
			return "", errTag
		case t.name == "v" && !t.empty && !t.end, t.name == "t" && !t.empty && !t.end && inline && !phonetic:
			c.in.begin()
		case t.name == "t" && t.end && inline:
			c.in.keep = false
		case t.name == "rPh":
			phonetic = !t.end && !t.empty
		case t.name == "is" && !t.end && !t.empty:
			inline = true
		case t.name == "v" && t.end:
			text, err := c.in.take()
			if err != nil {
				return "", err
			}
			if kind != kindInline || value == "" {
				value = c.keep(text)
			}
		case t.name == "is" && t.end:
			text, err := c.in.take()
			if err != nil {
				return "", err
			}
			if inline = false; kind == kindInline {
				value = escapes(c.keep(text))
			}
		}
	}
}

// keep is text as a string. Cells of a column repeat themselves, so strings of late are used again.
func (c *cells) keep(text []byte) string {
	n := len(text)
	if n == 0 {
		return ""
	}
	recent := &c.recent[(uint(text[0])+5*uint(text[n/2])+3*uint(text[n-1])+uint(n))%uint(len(c.recent))]
	if *recent != string(text) {
		*recent = string(text)
	}
	return *recent
}

// typed is a stored value as what it is.
func (c *cells) typed(kind kind, value string) (string, error) {
	switch {
	case value == "":
		return "", nil
	case kind == kindDate:
		return c.date.format(value), nil
	case kind == kindBool:
		return boolean(value), nil
	case kind == kindShared:
		index, err := strconv.Atoi(trimmed(value))
		if err != nil {
			return "", errTag
		}
		return c.shared(index)
	}
	return value, nil
}
