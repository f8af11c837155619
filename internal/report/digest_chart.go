package report

import (
	"bytes"
	"fmt"
	"slices"

	chart "github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"

	"okta-entitlements-mcp/internal/mfa"
)

// The picture is drawn at twice the size at which a channel shows it, 600 points wide.
const (
	pictureWidth   = 1200
	pictureMargin  = 40
	barTop         = 96
	barHeight      = 72
	historyTop     = 352
	historyHeight  = 170
	pictureShort   = 290 // without a course of time
	pictureTall    = 592
	pictureFont    = 20.0 // points at 96 dots per inch
	pictureHeading = 22.0
)

// colours of the strengths are those of Okabe and Ito, who chose them so that colour-blind people tell them apart.
var colours = map[mfa.Strength]string{
	mfa.Resistant: "0072b2",
	mfa.Phishable: "56b4e9",
	mfa.Weak:      "e69f00",
	mfa.None:      "d55e00",
	mfa.Unknown:   "8c8c8c",
}

const (
	inkColour   = "1f2933"
	quietColour = "5f6b76"
	lineColour  = "d5dae0"
)

// canvas draws shapes and text on a picture.
type canvas struct {
	chart.Renderer
}

// digestChart draws how strong people's methods are, and how many fail over time, as PNG.
func digestChart(s *mfa.Summary) ([]byte, error) {
	height := pictureShort
	if len(s.History) > 1 {
		height = pictureTall
	}
	r, err := chart.PNG(pictureWidth, height)
	if err != nil {
		return nil, err
	}
	font, err := chart.GetDefaultFont()
	if err != nil {
		return nil, fmt.Errorf("load font: %w", err)
	}
	r.SetDPI(96)
	r.SetFont(font)
	c := canvas{r}
	c.box(0, 0, pictureWidth, height, "ffffff")
	c.strengthBar(s)
	if len(s.History) > 1 {
		c.history(s.History)
	}
	var out bytes.Buffer
	if err := r.Save(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// strengthBar draws one bar of all people, with a legend below it.
func (c canvas) strengthBar(s *mfa.Summary) {
	c.write("Best method registered, "+people(s.Total), pictureMargin, 60, pictureHeading, inkColour)
	total := 0
	for _, st := range strengths {
		total += s.ByStrength[st]
	}
	x, before := pictureMargin, 0
	legendX, legendY := pictureMargin, barTop+barHeight+50
	for _, st := range strengths {
		n := s.ByStrength[st]
		if n == 0 {
			continue
		}
		before += n
		// Ends are rounded from the sum, so that rounding never leaves a gap; nobody is too few to be seen.
		end := max(pictureMargin+(pictureWidth-2*pictureMargin)*before/total, x+4)
		c.box(x, barTop, max(end-x-3, 3), barHeight, colours[st])
		x = end
		text := word(strengthWords, st) + " " + number(n)
		width := c.width(text, pictureFont) + 34
		if legendX+width > pictureWidth-pictureMargin {
			legendX, legendY = pictureMargin, legendY+44
		}
		c.box(legendX, legendY-20, 22, 22, colours[st])
		c.write(text, legendX+34, legendY, pictureFont, inkColour)
		legendX += width + 40
	}
}

// history draws how many people failed in each audit, by its time.
func (c canvas) history(points []mfa.Point) {
	points = inOrder(points)
	first, last := points[0], points[len(points)-1]
	c.write("People failing over time", pictureMargin, historyTop-16, pictureHeading, inkColour)
	most := 1
	for _, p := range points {
		most = max(most, p.Failing)
	}
	top, bottom := historyTop+20, historyTop+historyHeight
	left, right := pictureMargin+10, pictureWidth-pictureMargin-130
	c.line(pictureMargin, bottom, right+10, bottom, lineColour, 3)
	span := last.At.Sub(first.At)
	at := func(i int) (int, int) {
		x := left + (right-left)*i/(len(points)-1)
		if span > 0 {
			x = left + int(float64(right-left)*float64(points[i].At.Sub(first.At))/float64(span))
		}
		return x, bottom - (bottom-top)*points[i].Failing/most
	}
	c.SetStrokeColor(drawing.ColorFromHex(colours[mfa.None]))
	c.SetStrokeWidth(6)
	for i := range points {
		x, y := at(i)
		if i == 0 {
			c.MoveTo(x, y)
		} else {
			c.LineTo(x, y)
		}
	}
	c.Stroke()
	const dots = 30 // more would run into each other
	for i := range points {
		if x, y := at(i); len(points) <= dots || i == len(points)-1 {
			c.SetFillColor(drawing.ColorFromHex(colours[mfa.None]))
			c.SetStrokeColor(drawing.ColorFromHex("ffffff"))
			c.SetStrokeWidth(2)
			c.Circle(9, x, y)
			c.FillStroke()
		}
	}
	x, y := at(len(points) - 1)
	c.write(number(last.Failing), x+22, y+10, pictureHeading, inkColour)
	x, _ = at(0)
	c.write(number(first.Failing)+" on "+day(first.At), x, bottom+46, pictureFont, quietColour)
}

// inOrder returns audits by time, should somebody's clock have gone backwards.
func inOrder(points []mfa.Point) []mfa.Point {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b mfa.Point) int { return a.At.Compare(b.At) })
	return points
}

func (c canvas) box(x, y, width, height int, colour string) {
	c.SetFillColor(drawing.ColorFromHex(colour))
	c.MoveTo(x, y)
	c.LineTo(x+width, y)
	c.LineTo(x+width, y+height)
	c.LineTo(x, y+height)
	c.Close()
	c.Fill()
}

func (c canvas) line(x1, y1, x2, y2 int, colour string, width float64) {
	c.SetStrokeColor(drawing.ColorFromHex(colour))
	c.SetStrokeWidth(width)
	c.MoveTo(x1, y1)
	c.LineTo(x2, y2)
	c.Stroke()
}

func (c canvas) write(text string, x, y int, size float64, colour string) {
	c.SetFontColor(drawing.ColorFromHex(colour))
	c.SetFontSize(size)
	c.Text(text, x, y)
}

func (c canvas) width(text string, size float64) int {
	c.SetFontSize(size)
	box := c.MeasureText(text)
	return box.Width()
}
