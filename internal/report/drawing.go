package report

import (
	"strconv"
	"strings"
)

// figureWidth is the width of every drawing in its own units: text of 13 units is still read on a phone, and not huge on a wanted.
const figureWidth = 440

// picture is one drawing, in shapes that the page's template writes as SVG and a canvas paints as PNG. Colours are classes,
// so that light, dark, print and PNG each have their own.
type picture struct {
	ID     string
	Title  string
	Desc   string // what the drawing shows, for people who cannot see it
	Note   string // below it
	Empty  string // instead of it: why there is nothing to draw
	Width  int
	Height int
	Boxes  []box
	Paths  []path
	Texts  []label
}

type box struct {
	X, Y, W, H unit
	Class      string
	Tip        string
}

// path is lines from point to point, or a circle around one point.
type path struct {
	Points []point
	Closed bool
	Radius float64 // of the circle; 0 for lines
	Class  string
	Tip    string
}

type point struct{ x, y float64 }

type label struct {
	X, Y   unit
	Class  string
	Anchor string // start, middle, end
	Text   string
}

// unit is a coordinate. It is written with one decimal at most, so that the same figures give the same bytes everywhere.
type unit float64

func (u unit) String() string {
	return strings.TrimSuffix(strconv.FormatFloat(float64(u), 'f', 1, 64), ".0")
}

// D is the path as SVG writes it.
func (p path) D() string {
	if p.Radius > 0 {
		r, across := unit(p.Radius).String(), unit(2*p.Radius).String()
		arc := "a" + r + " " + r + " 0 1 0 "
		return "M" + unit(p.Points[0].x-p.Radius).String() + " " + unit(p.Points[0].y).String() +
			arc + across + " 0" + arc + "-" + across + " 0z"
	}
	var d strings.Builder
	for i, at := range p.Points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		d.WriteString(command + unit(at.x).String() + " " + unit(at.y).String())
	}
	if p.Closed {
		d.WriteString("z")
	}
	return d.String()
}

func (p *picture) box(x, y, w, h float64, class, tip string) {
	p.Boxes = append(p.Boxes, box{unit(x), unit(y), unit(w), unit(h), class, tip})
}

func (p *picture) line(class string, points ...point) {
	p.Paths = append(p.Paths, path{Points: points, Class: class})
}

func (p *picture) text(x, y float64, anchor, class, text string) {
	p.Texts = append(p.Texts, label{unit(x), unit(y), class, anchor, text})
}

// bar is one row of a bar chart: a label and a value above a bar, which runs over the whole width when the share is 1.
type bar struct {
	label  string
	value  string
	share  float64
	class  string
	second float64 // share of a thin bar below the first; negative for none
	under  string  // its class
	tip    string
}

const (
	barRow   = 42.0
	barThick = 11.0
	barThin  = 5.0
)

// bars draws rows from y downwards and returns where they end.
func (p *picture) bars(y float64, rows []bar) float64 {
	for _, b := range rows {
		p.text(0, y+13, "start", "", fit(b.label, figureWidth-estimate(b.value)-16))
		p.text(figureWidth, y+13, "end", "num", b.value)
		p.box(0, y+20, figureWidth, barThick, "track", "")
		p.share(y+20, barThick, b.share, b.class, b.tip)
		if b.second >= 0 {
			p.share(y+20+barThick+1, barThin, b.second, b.under, b.tip)
		}
		y += barRow
		if b.second >= 0 {
			y += barThin + 2
		}
	}
	return y
}

// share draws a bar for a share. One above zero gets at least 2 units, to be seen; zero gets no bar.
func (p *picture) share(y, height, share float64, class, tip string) {
	if share > 0 {
		p.box(0, y, max(figureWidth*min(share, 1), 2), height, class, tip)
	}
}

// estimate is the width of text at 13 units, on the wide side: fonts differ between readers.
func estimate(s string) float64 {
	width := 0.0
	for _, r := range s {
		width += glyph(r)
	}
	return width
}

func glyph(r rune) float64 {
	switch {
	case r >= 0x1100: // scripts whose characters are as wide as high, and emoji
		return 14
	case strings.ContainsRune("MW@%—…", r):
		return 13
	case 'A' <= r && r <= 'Z' || r > 0x7f:
		return 9.4
	case strings.ContainsRune("iljtfI.,:;'| ", r):
		return 5
	default:
		return 8
	}
}

// fit cuts text to an estimated width.
func fit(s string, width float64) string {
	if estimate(s) <= width {
		return s
	}
	width -= glyph('…')
	for i, r := range s {
		if width -= glyph(r); width < 0 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}
