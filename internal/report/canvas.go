package report

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// colour is red, green and blue, as in 0xd55e00; 0 is no colour.
type colour uint32

// The colours of page.css in light. Those of strengths are Okabe and Ito's, who chose them so that colour-blind people
// tell them apart.
const (
	paperColour     colour = 0xffffff
	inkColour       colour = 0x1b242d
	quietColour     colour = 0x566370
	lineColour      colour = 0xd6dce2
	resistantColour colour = 0x0072b2
	phishableColour colour = 0x56b4e9
	weakColour      colour = 0xe69f00
	noneColour      colour = 0xd55e00
	unknownColour   colour = 0x8c8c8c
)

// RGBA makes a colour one of package image's.
func (c colour) RGBA() (r, g, b, a uint32) {
	return color.RGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 0xff}.RGBA()
}

// paint is how a class of shapes looks on a canvas. Width is the stroke's, in units.
type paint struct {
	fill, stroke colour
	width        float64
}

// paintOf says how a class of shapes looks.
func paintOf(class string) (paint, error) {
	switch class {
	case "s-resistant":
		return paint{fill: resistantColour}, nil
	case "s-phishable":
		return paint{fill: phishableColour}, nil
	case "s-weak":
		return paint{fill: weakColour}, nil
	case "s-none":
		return paint{fill: noneColour}, nil
	case "s-unknown":
		return paint{fill: unknownColour}, nil
	case "base":
		return paint{stroke: lineColour, width: 1.5}, nil
	case "line l-failing":
		return paint{stroke: noneColour, width: 3}, nil
	case "mark l-failing":
		return paint{fill: noneColour, stroke: paperColour, width: 1}, nil
	default:
		return paint{}, fmt.Errorf("class %q has no paint", class)
	}
}

// lettering sets text at a number of pixels a unit.
type lettering struct {
	scale               float64
	body, small, header font.Face
}

func newLettering(scale float64) (*lettering, error) {
	typeface, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		return nil, fmt.Errorf("load font: %w", err)
	}
	l := &lettering{scale: scale}
	for face, size := range map[*font.Face]float64{&l.body: 13.3, &l.small: 13.3, &l.header: 14.7} {
		*face, err = opentype.NewFace(typeface, &opentype.FaceOptions{Size: size * scale, DPI: 72})
		if err != nil {
			return nil, fmt.Errorf("load font: %w", err)
		}
	}
	return l, nil
}

func (l *lettering) face(class string) (font.Face, colour) {
	switch class {
	case headingClass:
		return l.header, inkColour
	case "small":
		return l.small, quietColour
	default:
		return l.body, inkColour
	}
}

// width returns how wide a text is, in units.
func (l *lettering) width(text, class string) float64 {
	face, _ := l.face(class)
	return float64(font.MeasureString(face, text)) / 64 / l.scale
}

// canvas paints shapes on pixels.
type canvas struct {
	image   *image.RGBA
	letters *lettering
}

// png paints a picture on white. The same picture gives the same bytes.
func (p *picture) png(letters *lettering) ([]byte, error) {
	pixels := func(units int) int { return int(math.Ceil(float64(units) * letters.scale)) }
	c := canvas{image: image.NewRGBA(image.Rect(0, 0, pixels(p.Width), pixels(p.Height))), letters: letters}
	draw.Draw(c.image, c.image.Bounds(), image.NewUniform(paperColour), image.Point{}, draw.Src)
	for _, b := range p.Boxes {
		x, y, right, bottom := float64(b.X), float64(b.Y), float64(b.X+b.W), float64(b.Y+b.H)
		corners := []point{{x, y}, {right, y}, {right, bottom}, {x, bottom}}
		if err := c.path(path{Points: corners, Closed: true, Class: b.Class}); err != nil {
			return nil, err
		}
	}
	for _, line := range p.Paths {
		if err := c.path(line); err != nil {
			return nil, err
		}
	}
	for _, text := range p.Texts {
		c.text(text)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, c.image); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	return out.Bytes(), nil
}

func (c canvas) path(p path) error {
	look, err := paintOf(p.Class)
	if err != nil {
		return err
	}
	if look.fill != 0 {
		shape := c.shape()
		if p.Radius > 0 {
			shape.circle(p.Points[0], p.Radius)
		} else {
			shape.polygon(p.Points...)
		}
		shape.fill(look.fill)
	}
	switch {
	case look.width == 0:
	case p.Radius > 0:
		shape := c.shape()
		shape.circle(p.Points[0], p.Radius+look.width/2)
		shape.hole(p.Points[0], p.Radius-look.width/2)
		shape.fill(look.stroke)
	default:
		shape := c.shape()
		shape.stroke(p.Points, look.width)
		shape.fill(look.stroke)
	}
	return nil
}

// text writes a label on its baseline.
func (c canvas) text(l label) {
	face, tint := c.letters.face(l.Class)
	x := float64(l.X)
	switch l.Anchor {
	case "middle":
		x -= c.letters.width(l.Text, l.Class) / 2
	case "end":
		x -= c.letters.width(l.Text, l.Class)
	}
	at := fixed.Point26_6{X: fixed.Int26_6(x * c.letters.scale * 64), Y: fixed.Int26_6(float64(l.Y) * c.letters.scale * 64)}
	pen := font.Drawer{Dst: c.image, Src: image.NewUniform(tint), Face: face, Dot: at}
	pen.DrawString(l.Text)
}

// shape is an outline to be filled. Its parts run the same way round, so that where they overlap they are one.
type shape struct {
	canvas canvas
	raster *vector.Rasterizer
}

func (c canvas) shape() shape {
	size := c.image.Bounds().Size()
	return shape{canvas: c, raster: vector.NewRasterizer(size.X, size.Y)}
}

func (s shape) pixel(p point) (x, y float32) {
	return float32(p.x * s.canvas.letters.scale), float32(p.y * s.canvas.letters.scale)
}

func (s shape) polygon(points ...point) {
	for i, p := range points {
		x, y := s.pixel(p)
		if i == 0 {
			s.raster.MoveTo(x, y)
		} else {
			s.raster.LineTo(x, y)
		}
	}
	s.raster.ClosePath()
}

// stroke outlines a line of straight parts with round ends and corners. A corner's circle is a quarter of a pixel smaller
// than the line is wide: where the line runs straight on, their soft edges would add up to a bump.
func (s shape) stroke(points []point, width float64) {
	for i, p := range points {
		s.circle(p, width/2-0.25/s.canvas.letters.scale)
		if i == 0 {
			continue
		}
		from := points[i-1]
		dx, dy := p.x-from.x, p.y-from.y
		length := math.Hypot(dx, dy)
		if length == 0 {
			continue
		}
		x, y := -dy/length*width/2, dx/length*width/2 // to the side of the line
		s.polygon(point{from.x + x, from.y + y}, point{p.x + x, p.y + y}, point{p.x - x, p.y - y}, point{from.x - x, from.y - y})
	}
}

func (s shape) circle(centre point, radius float64) { s.arcs(centre, radius, -radius) }

// hole is a circle the other way round: it takes away.
func (s shape) hole(centre point, radius float64) { s.arcs(centre, radius, radius) }

// arcs draws a circle of four Bézier curves, of which the first goes from the right to the top or the bottom.
func (s shape) arcs(c point, rx, ry float64) {
	const bend = 0.5522847498 // where the controls of a quarter circle are, as a share of the radius
	bx, by := rx*bend, ry*bend
	quarters := [4][3]point{
		{{rx, by}, {bx, ry}, {0, ry}},
		{{-bx, ry}, {-rx, by}, {-rx, 0}},
		{{-rx, -by}, {-bx, -ry}, {0, -ry}},
		{{bx, -ry}, {rx, -by}, {rx, 0}},
	}
	at := func(p point) (float32, float32) { return s.pixel(point{c.x + p.x, c.y + p.y}) }
	x, y := at(point{rx, 0})
	s.raster.MoveTo(x, y)
	for _, q := range quarters {
		x1, y1 := at(q[0])
		x2, y2 := at(q[1])
		x3, y3 := at(q[2])
		s.raster.CubeTo(x1, y1, x2, y2, x3, y3)
	}
	s.raster.ClosePath()
}

func (s shape) fill(tint colour) {
	s.raster.Draw(s.canvas.image, s.canvas.image.Bounds(), image.NewUniform(tint), image.Point{})
}
