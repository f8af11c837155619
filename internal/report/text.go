package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// cut shortens s to at most max characters and takes blanks off its end.
func cut(s string, max int) string {
	n := 0
	for i := range s {
		if n == max {
			return strings.TrimRight(s[:i], " ")
		}
		n++
	}
	return s
}

// number writes n with commas between the thousands.
func number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// signed is number with its sign, for a difference.
func signed(n int) string {
	if n > 0 {
		return "+" + number(n)
	}
	return number(n)
}

// several is "1 person" or "5,000 people".
func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

func people(n int) string { return several(n, "person", "people") }

// percent writes a share of 0 to 1 with one decimal, rounded down: 100 % is only said of all.
func percent(share float64) string {
	// The nudge keeps 0.29 from becoming 28.9 %: it is far below what a count of people can differ by.
	tenths := math.Floor(share*1000 + 1e-7)
	switch {
	case math.IsNaN(share) || math.IsInf(share, 0):
		return "unknown"
	case share > 0 && tenths < 1:
		return "under 0.1 %"
	case math.Mod(tenths, 10) == 0:
		return fmt.Sprintf("%.0f %%", tenths/10)
	default:
		return fmt.Sprintf("%.1f %%", tenths/10)
	}
}

// part is percent of counts; nothing of nothing is a dash.
func part(of, whole int) string {
	if whole <= 0 {
		return "–"
	}
	return percent(float64(of) / float64(whole))
}

// day writes a date in UTC.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 January 2006")
}

// moment writes a time to the minute in UTC.
func moment(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.UTC().Format("2 January 2006 15:04 UTC")
}

// stamp writes a time for a machine, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// listing joins words as prose does: a, b and c.
func listing(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

// sentence ends s with a full stop unless it ends already.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}
