package report

import (
	"slices"

	"okta-entitlements-mcp/internal/mfa"
)

// The picture of a bulletin, in units; a channel shows it 600 points wide.
const (
	bulletinWidth  = 600
	bulletinShort  = 145 // without a course of time
	bulletinTall   = 296
	bulletinMargin = 20.0
	stackTop       = 48.0
	stackHeight    = 36.0
	legendRow      = 22.0
	historyTop     = 176.0
	historyBase    = historyTop + 85
	valueRoom      = 65.0 // right of the course of time, for its last value
	mostDots       = 30   // more would run into each other
	bulletinPixels = 2    // pixels a unit, for sharp screens
	leastStack     = 1.5  // width of the smallest part of the stack
	headingClass   = "heading"
)

// bulletinChart draws how strong people's methods are, and how many fail over time, as PNG.
func bulletinChart(s *mfa.Summary) ([]byte, error) {
	letters, err := newLettering(bulletinPixels)
	if err != nil {
		return nil, err
	}
	p := picture{Width: bulletinWidth, Height: bulletinShort}
	p.strengthStack(s, letters)
	if len(s.History) > 1 {
		p.Height = bulletinTall
		p.failing(inOrder(s.History))
	}
	return p.png(letters)
}

// strengthStack draws one bar of all people, with a legend below it.
func (p *picture) strengthStack(s *mfa.Summary, letters *lettering) {
	p.text(bulletinMargin, 30, "start", headingClass, "Best method registered, "+people(s.Total))
	total := 0
	for _, st := range strengths {
		total += s.ByStrength[st]
	}
	x, before := bulletinMargin, 0
	legendX, legendY := bulletinMargin, stackTop+stackHeight+25
	for _, st := range strengths {
		n := s.ByStrength[st]
		if n == 0 {
			continue
		}
		before += n
		// Ends come from the sum, so that rounding never leaves a gap; even one person is wide enough to be seen.
		end := max(bulletinMargin+(bulletinWidth-2*bulletinMargin)*float64(before)/float64(total), x+leastStack+0.5)
		p.box(x, stackTop, max(end-x-1.5, leastStack), stackHeight, strengthClass(st), "")
		x = end
		text := word(strengthWords, st) + " " + number(n)
		width := letters.width(text, "") + 17
		if legendX+width > bulletinWidth-bulletinMargin {
			legendX, legendY = bulletinMargin, legendY+legendRow
		}
		p.box(legendX, legendY-10, 11, 11, strengthClass(st), "")
		p.text(legendX+17, legendY, "start", "", text)
		legendX += width + 20
	}
}

// failing draws how many people failed in each audit, by its time.
func (p *picture) failing(audits []mfa.Point) {
	p.text(bulletinMargin, historyTop-8, "start", headingClass, "People failing over time")
	most := 1
	for _, a := range audits {
		most = max(most, a.Failing)
	}
	const top, left, right = historyTop + 10, bulletinMargin + 5, bulletinWidth - bulletinMargin - valueRoom
	p.line("base", point{bulletinMargin, historyBase}, point{right + 5, historyBase})
	first, last := audits[0], audits[len(audits)-1]
	span := last.At.Sub(first.At)
	points := make([]point, len(audits))
	for i, a := range audits {
		share := float64(i) / float64(len(audits)-1)
		if span > 0 {
			share = float64(a.At.Sub(first.At)) / float64(span)
		}
		points[i] = point{left + (right-left)*share, historyBase - (historyBase-top)*float64(a.Failing)/float64(most)}
	}
	p.line("line l-failing", points...)
	end := points[len(points)-1]
	marked := points
	if len(points) > mostDots {
		marked = points[len(points)-1:]
	}
	for _, at := range marked {
		p.Paths = append(p.Paths, path{Points: []point{at}, Radius: 4.5, Class: "mark l-failing"})
	}
	p.text(end.x+11, end.y+5, "start", headingClass, number(last.Failing))
	p.text(points[0].x, historyBase+23, "start", "small", number(first.Failing)+" on "+day(first.At))
}

// inOrder returns audits by time, because a clock may have gone back between two of them.
func inOrder(points []mfa.Point) []mfa.Point {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b mfa.Point) int { return a.At.Compare(b.At) })
	return points
}
