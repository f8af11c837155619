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

// The plot of the chart over time, in the drawing's units; labels stand left of, below and right of it.
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
	p.Desc = fmt.Sprintf("%s from %s to %s. In the last: %s, %s enrolled, %s with a strong method, %s failing.", several(len(points), "audit", "audits"),
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
	return &scale{points: points, start: points[0].At, span: points[len(points)-1].At.Sub(points[0].At), step: step, top: (most + step - 1) / step * step}
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
	case s.span <= 0: // audits at one instant stand side by side
		return plotLeft + (plotRight-plotLeft)*float64(i)/float64(len(s.points)-1)
	default:
		return plotLeft + (plotRight-plotLeft)*float64(s.points[i].At.Sub(s.start))/float64(s.span)
	}
}

func (s *scale) y(value int) float64 {
	return plotBottom - (plotBottom-plotTop)*float64(value)/float64(s.top)
}

// grid draws the axes. Dates stand at even distances, so many audits never make them overlap.
func (s *scale) grid(p *picture) {
	for v := 0; v <= s.top; v += s.step {
		class := "grid"
		if v == 0 {
			class = "axis"
		}
		p.Paths = append(p.Paths, path{D: "M" + unit(plotLeft) + " " + unit(s.y(v)) + "H" + unit(plotRight), Class: class})
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
	d := ""
	for i, point := range s.points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		d += command + unit(s.x(i)) + " " + unit(s.y(line.value(point)))
	}
	if len(s.points) > 1 {
		p.Paths = append(p.Paths, path{D: d, Class: "line " + line.class})
	}
	for i, point := range s.points {
		if len(s.points) > mostMarks && i < len(s.points)-1 {
			continue
		}
		tip := fmt.Sprintf("%s on %s: %s", line.name, day(point.At), number(line.value(point)))
		p.Paths = append(p.Paths, path{D: mark(line.mark, s.x(i), s.y(line.value(point))), Class: "mark " + line.class, Tip: tip})
	}
}

// mark draws one point as a closed path around x, y.
func mark(shape string, x, y float64) string {
	at := "M" + unit(x)
	switch shape {
	case "square":
		return at + " " + unit(y-3.5) + "h3.5v7h-7v-7z"
	case "diamond":
		return at + " " + unit(y-5) + "l5 5l-5 5l-5 -5z"
	case "bar":
		return at + " " + unit(y-1.5) + "h4.5v3h-9v-3z"
	default:
		return "M" + unit(x-4) + " " + unit(y) + "a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
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
		p.Paths = append(p.Paths, path{D: "M" + unit(x+7) + " " + unit(e.at) + "L" + unit(labelX-10) + " " + unit(e.y), Class: "leader"})
		p.Paths = append(p.Paths, path{D: mark(e.line.mark, labelX-3, e.y), Class: "mark " + e.line.class})
		p.text(labelX+6, e.y+4, "start", "small", e.line.name+" "+number(e.line.value(last)))
	}
}
