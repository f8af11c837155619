package intake

import (
	"bytes"
	"encoding/binary"
	"time"
)

// DateOrder says how dates with two small numbers, such as 03/04/2026, were read.
type DateOrder string

// The orders of dates.
const (
	DateOrderNone     DateOrder = ""            // no such date in the file
	DateOrderDayFirst DateOrder = "day_first"   // 03/04/2026 is 3 April
	DateOrderMonth    DateOrder = "month_first" // 03/04/2026 is 4 March
)

// dateKind is what parseDate found.
type dateKind uint8

const (
	dateNone      dateKind = iota // not a date
	dateSure                      // days since 1970-01-01
	dateDayFirst                  // sure, and shows that the column writes the day first
	dateMonth                     // sure, and shows that the column writes the month first
	dateAmbiguous                 // packed as year*10000 + first*100 + second
)

// parseDate reads ISO dates (2026-03-04, 2026/03/04, 20260304, each with or without a time behind a space or T),
// 04.03.2026 (always day first), 4/3/2026 and 04-03-2026 (either order), and 4-Mar-2026, 4 March 2026, Mar 4, 2026.
// Times are dropped: access is counted by day. Years outside 1970 to 2199 are no dates.
func parseDate(b []byte) (int32, dateKind) {
	if len(b) == 10 {
		if year, month, day, ok := isoDay(b); ok {
			return sureDate(year, month, day, dateSure)
		}
	}
	b = trim(b)
	if len(b) < 8 || len(b) > 40 {
		return 0, dateNone
	}
	if n := digits(b); n == 4 && len(b) >= 10 && (b[4] == '-' || b[4] == '/' || b[4] == '.') && b[7] == b[4] {
		if digits(b[5:]) != 2 || digits(b[8:]) != 2 || !timeMayFollow(b[10:]) {
			return 0, dateNone
		}
		return sureDate(number(b[:4]), number(b[5:7]), number(b[8:10]), dateSure)
	} else if n == 8 && timeMayFollow(b[8:]) {
		return sureDate(number(b[:4]), number(b[4:6]), number(b[6:8]), dateSure)
	} else if n == 1 || n == 2 {
		if d, kind := numericDate(b, n); kind != dateNone {
			return d, kind
		}
	}
	return wordDate(b)
}

// isoDay reads 2026-03-04, the common way, without a loop.
func isoDay(b []byte) (year, month, day int, ok bool) {
	x := binary.LittleEndian.Uint64(b) ^ 0x2d30302d30303030 // 0000-00-
	last := [2]byte{b[8] - '0', b[9] - '0'}
	if (x|(x+0x76*eachByte))&^uint64(lowBits) != 0 || x&0xff0000ff00000000 != 0 || last[0] > 9 || last[1] > 9 {
		return 0, 0, 0, false
	}
	at := func(i int) int { return int(x >> (8 * i) & 0xf) }
	return 1000*at(0) + 100*at(1) + 10*at(2) + at(3), 10*at(5) + at(6), 10*int(last[0]) + int(last[1]), true
}

func numericDate(b []byte, n int) (int32, dateKind) {
	mark := b[n]
	if mark != '/' && mark != '.' && mark != '-' {
		return 0, dateNone
	}
	first, rest := number(b[:n]), b[n+1:]
	n = digits(rest)
	if n < 1 || n > 2 || len(rest) < n+5 || rest[n] != mark || digits(rest[n+1:]) != 4 || !timeMayFollow(rest[n+5:]) {
		return 0, dateNone
	}
	second, year := number(rest[:n]), number(rest[n+1:n+5])
	switch {
	case mark == '.':
		return sureDate(year, second, first, dateSure)
	case first > 12:
		return sureDate(year, second, first, dateDayFirst)
	case second > 12:
		return sureDate(year, first, second, dateMonth)
	case first == second:
		return sureDate(year, first, second, dateSure)
	case year < 1970 || year > 2199 || first == 0 || second == 0:
		return 0, dateNone
	}
	return int32(year*10000 + first*100 + second), dateAmbiguous
}

// resolveDate turns a packed ambiguous date into days since 1970-01-01.
func resolveDate(packed int32, order DateOrder) int32 {
	year, first, second := int(packed/10000), int(packed/100%100), int(packed%100)
	if order == DateOrderDayFirst {
		first, second = second, first
	}
	day, _ := sureDate(year, first, second, dateSure)
	return day
}

func wordDate(b []byte) (int32, dateKind) {
	if digits(b[len(b)-4:]) != 4 || len(b) > 20 || !bytes.ContainsAny(b, " -") {
		return 0, dateNone
	}
	for _, layout := range []string{"2-Jan-2006", "2 Jan 2006", "2 January 2006", "Jan 2, 2006",
		"January 2, 2006", "Jan 2 2006"} {
		if t, err := time.Parse(layout, string(b)); err == nil {
			return sureDate(t.Year(), int(t.Month()), t.Day(), dateSure)
		}
	}
	return 0, dateNone
}

// timeMayFollow reports whether rest, the text behind a date, is nothing or a time of day.
func timeMayFollow(rest []byte) bool {
	if len(rest) == 0 {
		return true
	}
	if rest[0] != 'T' && rest[0] != 't' && rest[0] != ' ' {
		return false
	}
	for _, c := range rest[1:] {
		if c != ':' && c != '.' && c != '+' && c != '-' && c != ' ' && (c < '0' || c > '9') &&
			(c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return len(rest) > 2
}

func sureDate(year, month, day int, kind dateKind) (int32, dateKind) {
	if year < 1970 || year > 2199 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, dateNone
	}
	// Days from the civil calendar, with years that begin in March.
	m := (month + 9) % 12
	y := year - m/10
	return int32(365*y + y/4 - y/100 + y/400 + (m*306+5)/10 + day - 1 - 719468), kind
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func digits(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

func number(b []byte) int {
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n
}

// Day returns the date of days since 1970-01-01, as Row.Date counts, in UTC; the zero time for 0.
func Day(days int32) time.Time {
	if days == 0 {
		return time.Time{}
	}
	return time.Unix(int64(days)*86400, 0).UTC()
}
