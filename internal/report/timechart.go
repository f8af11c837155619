package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
)

// The plot of the chart over time, in the drawing's units; labels are left of, below and right of it.
const (
	plotLeft   = 44.0
	plotRight  = 292.0
	plotTop    = 14.0
	plotBottom = 220.0
	timeHeight = 256
	labelX     = plotRight + 22
	labelGap   = 17.0
	mostMarks  = 20 // more points than this are a line without marks
)

// series is one line of the chart over time.
type series struct {
	name  string
	class string
	mark  string // the shape of its points: lines differ by more than colour
	value func(mfa.Point) int
}

var timeSeries = []series{
	{"People", "l-total", "bar", func(p mfa.Point) int { return p.Total }},
	{"Enrolled", "l-enrolled", "dot", func(p mfa.Point) int { return p.Enrolled }},
	{"Strong", "l-strong", "square", func(p mfa.Point) int { return p.Strong }},
	{"Failing", "l-failing", "diamond", func(p mfa.Point) int { return p.Failing }},
}

// timeChart draws counts, not rates: an audit that could read few people has no rate, but its counts are what was seen.
func timeChart(s *mfa.Summary) picture {
	p := picture{ID: "chart-time", Title: "Enrolment over time", Width: figureWidth, Height: timeHeight,
		Note: "Counts of people in each audit of this scope. Enrolled: any second factor. Strong: phishing-resistant or strong, phishable."}
	points := inOrder(s.History)
	if len(points) == 0 {
		p.Height, p.Empty = 0, "No audit of this scope has been kept yet."
		return p
	}
	if len(points) == 1 {
		p.Note = "One audit so far; the next one draws a line. " + p.Note
	}
	scale := newScale(points)
	scale.grid(&p)
	for _, line := range timeSeries {
		scale.draw(&p, line)
	}
	scale.endLabels(&p)
	last := points[len(points)-1]
	p.Desc = fmt.Sprintf("%s from %s to %s. In the last: %s, %s enrolled, %s with a strong method, %s "+
		"failing.", several(len(points), "audit", "audits"),
		day(points[0].At), day(last.At), people(last.Total), number(last.Enrolled), number(last.Strong), number(last.Failing))
	return p
}

// scale turns audits into places on the plot.
type scale struct {
	points []mfa.Point
	start  time.Time
	span   time.Duration
	top    int
	step   int
}

func newScale(points []mfa.Point) *scale {
	most := 1
	for _, p := range points {
		most = max(most, p.Total, p.Enrolled, p.Strong, p.Failing)
	}
	step := niceStep(most)
	return &scale{points: points, start: points[0].At, span: points[len(points)-1].At.Sub(points[0].At),
		step: step, top: (most + step - 1) / step * step}
}

// niceStep divides the axis into four or five parts of a round size.
func niceStep(most int) int {
	for size := 1; ; size *= 10 {
		for _, step := range []int{size, 2 * size, 5 * size} {
			if step*5 >= most || step > math.MaxInt/20 {
				return step
			}
		}
	}
}

func (s *scale) x(i int) float64 {
	switch {
	case len(s.points) == 1:
		return (plotLeft + plotRight) / 2
	case s.span <= 0: // audits at one instant are side by side
		return plotLeft + (plotRight-plotLeft)*float64(i)/float64(len(s.points)-1)
	default:
		return plotLeft + (plotRight-plotLeft)*float64(s.points[i].At.Sub(s.start))/float64(s.span)
	}
}

func (s *scale) y(value int) float64 {
	return plotBottom - (plotBottom-plotTop)*float64(value)/float64(s.top)
}

// grid draws the axes. Dates are at even distances, so many audits never make them overlap.
func (s *scale) grid(p *picture) {
	for v := 0; v <= s.top; v += s.step {
		class := "grid"
		if v == 0 {
			class = "axis"
		}
		p.line(class, point{plotLeft, s.y(v)}, point{plotRight, s.y(v)})
		p.text(plotLeft-7, s.y(v)+4, "end", "small num", compact(v))
	}
	const dateY = plotBottom + 22
	if s.span <= 0 {
		p.text((plotLeft+plotRight)/2, dateY, "middle", "small", s.start.UTC().Format("2 Jan 2006"))
		return
	}
	layout := "2 Jan 2006"
	if s.span < 48*time.Hour {
		layout = "2 Jan 15:04"
	}
	for i, anchor := range []string{"start", "middle", "end"} {
		layout := layout
		if anchor == "middle" {
			layout = strings.TrimSuffix(layout, " 2006") // its neighbours have the year, and fonts are wider elsewhere
		}
		at := s.start.Add(s.span / 2 * time.Duration(i)).UTC()
		p.text(plotLeft+(plotRight-plotLeft)/2*float64(i), dateY, anchor, "small", at.Format(layout))
	}
}

// compact writes a count on the axis in five characters at most.
func compact(v int) string {
	switch {
	case v >= 1_000_000:
		return strconv.FormatFloat(float64(v)/1e6, 'g', 3, 64) + "M"
	case v >= 10_000:
		return strconv.FormatFloat(float64(v)/1e3, 'g', 4, 64) + "k"
	default:
		return number(v)
	}
}

func (s *scale) draw(p *picture, line series) {
	var points []point
	for i, audit := range s.points {
		points = append(points, point{s.x(i), s.y(line.value(audit))})
	}
	if len(points) > 1 {
		p.line("line "+line.class, points...)
	}
	for i, audit := range s.points {
		if len(points) > mostMarks && i < len(points)-1 {
			continue
		}
		m := mark(line.mark, points[i])
		m.Class = "mark " + line.class
		m.Tip = fmt.Sprintf("%s on %s: %s", line.name, day(audit.At), number(line.value(audit)))
		p.Paths = append(p.Paths, m)
	}
}

// mark draws one point as a closed path around it.
func mark(shape string, at point) path {
	corner := func(x, y float64) point { return point{at.x + x, at.y + y} }
	switch shape {
	case "square":
		return path{Points: []point{corner(-3.5, -3.5), corner(3.5, -3.5), corner(3.5, 3.5), corner(-3.5, 3.5)}, Closed: true}
	case "diamond":
		return path{Points: []point{corner(0, -5), corner(5, 0), corner(0, 5), corner(-5, 0)}, Closed: true}
	case "bar":
		return path{Points: []point{corner(-4.5, -1.5), corner(4.5, -1.5), corner(4.5, 1.5), corner(-4.5, 1.5)}, Closed: true}
	default:
		return path{Points: []point{at}, Radius: 4}
	}
}

// endLabels names each line at its end. Labels that would overlap are pushed apart, and a thin line leads to each.
func (s *scale) endLabels(p *picture) {
	last := s.points[len(s.points)-1]
	type end struct {
		line series
		at   float64
		y    float64
	}
	var ends []end
	for _, line := range timeSeries {
		y := s.y(line.value(last))
		ends = append(ends, end{line, y, y})
	}
	slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(ends); i++ {
		ends[i].y = max(ends[i].y, ends[i-1].y+labelGap)
	}
	for i, floor := len(ends)-1, plotBottom; i >= 0; i-- {
		ends[i].y = min(ends[i].y, floor)
		floor = ends[i].y - labelGap
	}
	x := s.x(len(s.points) - 1)
	for _, e := range ends {
		p.line("leader", point{x + 7, e.at}, point{labelX - 10, e.y})
		m := mark(e.line.mark, point{labelX - 3, e.y})
		m.Class = "mark " + e.line.class
		p.Paths = append(p.Paths, m)
		p.text(labelX+6, e.y+4, "start", "small", e.line.name+" "+number(e.line.value(last)))
	}
}
