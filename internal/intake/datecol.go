package intake

import "bytes"

// dateColumn reads the cells of the date column. Which of day and month comes first is known only at the end, so
// ambiguous dates are kept packed and negative until then.
type dateColumn struct {
	lastCell []byte
	last     int32
	lastKind dateKind

	dayFirst, monthFirst int // cells that can be read one way only
	ambiguous            int
	firstAmbiguous       int // line
	example              string
}

// date returns the day of the record: 0 when absent or not understood, negative when ambiguous.
func (b *builder) date(rec *record) int32 {
	cell := rec.fields[b.dateCol]
	day, found := b.dates.read(cell, rec.line)
	if !found && len(trim(cell)) > 0 {
		b.badDate(rec, cell)
	}
	return day
}

// read returns the day of a cell, negative when ambiguous, and whether it is a date at all.
func (d *dateColumn) read(cell []byte, line int) (int32, bool) {
	if !bytes.Equal(cell, d.lastCell) || d.lastCell == nil {
		d.last, d.lastKind = parseDate(cell)
		d.lastCell = append(d.lastCell[:0], cell...)
	}
	switch d.lastKind {
	case dateNone:
		return 0, false
	case dateDayFirst:
		d.dayFirst++
	case dateMonth:
		d.monthFirst++
	case dateAmbiguous:
		if d.ambiguous == 0 {
			d.firstAmbiguous, d.example = line, string(cell)
		}
		d.ambiguous++
		return -d.last, true
	}
	return d.last, true
}

// order settles how ambiguous dates are read: as most of the clear ones are; the month first when none is clear.
func (d *dateColumn) order() DateOrder {
	switch {
	case d.dayFirst+d.monthFirst+d.ambiguous == 0:
		return DateOrderNone
	case d.dayFirst > d.monthFirst:
		return DateOrderDayFirst
	}
	return DateOrderMonth
}
