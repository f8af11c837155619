package report

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"testing"
)

func TestACanvasHasTheColoursOfThePage(t *testing.T) {
	css, err := pageFiles.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, _, _ := strings.Cut(string(css), "@media")
	for name, colour := range map[string]colour{"ink": inkColour, "quiet": quietColour, "line": lineColour,
		"resistant": resistantColour, "phishable": phishableColour, "weak": weakColour, "none": noneColour, "unknown": unknownColour} {
		if want := fmt.Sprintf("--%s:#%06x", name, uint32(colour)); !strings.Contains(light, want) {
			t.Errorf("page.css has no %s", want)
		}
	}
}

// The shapes of one picture: as SVG, and at the same place as PNG.
func TestAPictureIsTheSameAsSVGAndAsPNG(t *testing.T) {
	p := picture{Width: 60, Height: 40}
	p.box(5, 5, 20, 10, "s-resistant", "")
	p.line("line l-failing", point{5, 30}, point{55, 30})
	p.Paths = append(p.Paths, path{Points: []point{{45, 10}}, Radius: 4.5, Class: "mark l-failing"})
	p.text(30, 25, "middle", "", "III")
	if got := p.Paths[0].D() + " " + p.Paths[1].D(); got != "M5 30L55 30 M40.5 10a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z" {
		t.Errorf("as SVG: %s", got)
	}
	letters, err := newLettering(2)
	if err != nil {
		t.Fatal(err)
	}
	first, err := p.png(letters)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.png(letters)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the second time the bytes differ (%v)", err)
	}
	img, err := png.Decode(bytes.NewReader(first))
	if err != nil || img.Bounds().Dx() != 120 || img.Bounds().Dy() != 80 {
		t.Fatalf("as PNG: %v, %v", img, err)
	}
	at := func(x, y int) colour {
		r, g, b, _ := img.At(2*x, 2*y).RGBA()
		return colour(r>>8<<16 | g>>8<<8 | b>>8)
	}
	for _, pixel := range []struct {
		what string
		x, y int
		want colour
	}{
		{"inside the box", 15, 10, resistantColour}, {"right of the box", 27, 10, paperColour},
		{"on the line", 30, 30, noneColour}, {"below the line", 30, 33, paperColour},
		{"in the mark", 45, 10, noneColour}, {"beside the mark", 51, 10, paperColour},
	} {
		if got := at(pixel.x, pixel.y); got != pixel.want {
			t.Errorf("%s the colour is %06x, want %06x", pixel.what, uint32(got), uint32(pixel.want))
		}
	}
	dark := 0
	for x := range 60 {
		if at(x, 20) != paperColour {
			dark++
			if x < 20 || x > 40 {
				t.Errorf("text in the middle of 30 is at %d", x)
			}
		}
	}
	if dark == 0 {
		t.Error("there is no text")
	}
}

func TestAClassWithoutPaintIsAnError(t *testing.T) {
	p := picture{Width: 10, Height: 10}
	p.box(0, 0, 5, 5, "s-new", "")
	letters, err := newLettering(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.png(letters); err == nil {
		t.Error("a class that has no paint is drawn")
	}
}
