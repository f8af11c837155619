package report_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"okta-entitlements-mcp/internal/report"
)

// geometry measures every drawing: its own box, its shapes without a size, texts that overlap or leave it.
const geometry = `(() => Array.from(document.querySelectorAll("svg")).map(svg => {
  const outer = svg.getBoundingClientRect(), shapes = Array.from(svg.querySelectorAll("rect,path"));
  const texts = Array.from(svg.querySelectorAll("text")).map(t => [t.textContent, t.getBoundingClientRect()]);
  const clashes = [];
  texts.forEach(([a, p], i) => {
    if (p.left < outer.left - 1 || p.right > outer.right + 1 || p.top < outer.top - 2 || p.bottom > outer.bottom + 2) clashes.push("outside: " + a);
    texts.slice(i + 1).forEach(([b, q]) => {
      if (p.left < q.right - 0.5 && q.left < p.right - 0.5 && p.top < q.bottom - 3 && q.top < p.bottom - 3) clashes.push(a + " over " + b);
    });
  });
  const empty = shapes.filter(s => { const r = s.getBoundingClientRect(); return r.width === 0 && r.height === 0; }).length;
  return {ID: svg.id, Width: outer.width, Height: outer.height, Shapes: shapes.length, Texts: texts.length, Empty: empty, Clashes: clashes,
    Named: svg.getAttribute("aria-labelledby").split(" ").every(id => document.getElementById(id).textContent.length > 3)};
}))()`

type drawn struct {
	ID            string
	Width, Height float64
	Shapes, Texts int
	Empty         int
	Clashes       []string
	Named         bool
}

func TestPageOfFiveThousandPeopleInABrowser(t *testing.T) {
	b := open(t)
	shots, a := screenshots(t), company(5000)
	a.findings[0], a.findings[1] = hostile(0), hostile(1)
	a.summary.Departments[0].Name = hostile(0).Department
	files, err := report.WriteFiles(t.TempDir(), a.summary, a.stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, look := range []struct {
		name   string
		width  int
		scheme string
	}{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"phone", 400, "light"}, {"phone-dark", 400, "dark"}} {
		b.look(look.width, look.scheme)
		b.visit(files.Page.Path)
		checkPage(t, b, look.name, look.width, 4)
		var height int
		b.eval(`Math.ceil(document.documentElement.getBoundingClientRect().height)`, &height)
		const screen = 1600
		for i := 0; i*screen < height && i < screens(); i++ {
			raw := b.shoot(shots, fmt.Sprintf("%s-%d.png", look.name, i+1), look.width, i*screen, min(screen, height-i*screen))
			if i == 0 {
				checkBrightness(t, look.name, raw, look.scheme == "dark")
			}
		}
		if c := b.complaints(); len(c) > 0 {
			t.Errorf("%s: the browser complains: %q", look.name, c)
		}
	}
	b.look(1280, "dark")
	if pdf := b.print(shots, "print.pdf"); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Error("what was printed is not a PDF")
	}
	b.call("Emulation.setDeviceMetricsOverride",
		map[string]any{"width": 720, "height": 1000, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "print",
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}}, nil)
	checkBrightness(t, "print", b.shoot(shots, "print.png", 720, 0, 4000), false)
}

// screens is how much of a page is photographed: the first screen, or more when someone wants to look.
func screens() int {
	if os.Getenv("SCREENSHOTS") == "" {
		return 1
	}
	return 8
}

// TestBrowserHearsComplaints shows that the other tests would hear of an error, of a broken security policy and of a
// request.
func TestBrowserHearsComplaints(t *testing.T) {
	b := open(t)
	for name, body := range map[string]string{
		"an exception": `<script>nothing.there()</script>`,
		"the console":  `<script>console.error("x")</script>`,
		"a policy":     `<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><script>1</script>`,
		"a request":    `<img src="http://127.0.0.1:1/x.png">`,
	} {
		file := filepath.Join(t.TempDir(), "page.html")
		if err := os.WriteFile(file, []byte("<!DOCTYPE html><title>x</title>"+body), 0o600); err != nil {
			t.Fatal(err)
		}
		b.visit(file)
		if len(b.complaints()) == 0 {
			t.Errorf("nothing is heard of %s", name)
		}
	}
}

func TestChartsWithOnePointAndWithFortyInABrowser(t *testing.T) {
	b := open(t)
	shots := screenshots(t)
	for _, points := range []int{1, 2, 40} {
		t.Run(fmt.Sprint(points), func(t *testing.T) {
			a := company(2000)
			a.summary.History = history(points, &a.summary)
			for i := range a.summary.History { // large counts make long labels
				p := &a.summary.History[i]
				p.Total, p.Enrolled, p.Strong, p.Failing = 431*p.Total, 431*p.Enrolled, 431*p.Strong, 431*p.Failing
			}
			files, err := report.WriteFiles(t.TempDir(), a.summary, a.stream)
			if err != nil {
				t.Fatal(err)
			}
			b.look(1280, "light")
			b.visit(files.Page.Path)
			checkPage(t, b, fmt.Sprint(points, " points"), 1280, 4)
			b.eval(`document.getElementById("charts").scrollIntoView()`, nil)
			var at float64
			b.eval(`document.getElementById("charts").getBoundingClientRect().top + scrollY`, &at)
			b.shoot(shots, fmt.Sprintf("points-%d.png", points), 1280, int(at)-20, 1300)
		})
	}
}

func TestEmptyAndLonelyPagesInABrowser(t *testing.T) {
	b := open(t)
	shots := screenshots(t)
	for name, a := range map[string]*audit{"empty": newAudit(), "lonely": newAudit(hostile(1))} {
		files, err := report.WriteFiles(t.TempDir(), a.summary, a.stream)
		if err != nil {
			t.Fatal(err)
		}
		b.look(1280, "light")
		b.visit(files.Page.Path)
		drawings := 4
		if name == "empty" {
			drawings = 1 // the course of time has a point, with no one
		}
		if name == "lonely" {
			drawings = 3 // no one has a method
		}
		checkPage(t, b, name, 1280, drawings)
		b.shoot(shots, name+".png", 1280, 0, 3000)
		if c := b.complaints(); len(c) > 0 {
			t.Errorf("%s: the browser complains: %q", name, c)
		}
	}
}

func TestFindingsTableIsFilteredAndSortedInABrowser(t *testing.T) {
	b := open(t)
	a := company(5000)
	files, err := report.WriteFiles(t.TempDir(), a.summary, a.stream)
	if err != nil {
		t.Fatal(err)
	}
	b.look(1280, "light")
	b.visit(files.Page.Path)
	visible := `Array.from(document.querySelectorAll("#sheet tbody tr")).filter(r => r.offsetHeight > 0)`
	count := func(want string) (n int) {
		t.Helper()
		b.eval(visible+want, &n)
		return n
	}
	if n := count(".length"); n != 100 {
		t.Errorf("the page begins with %d rows, want 100", n)
	}
	b.eval(`document.getElementById("f-admin").click(); document.getElementById("more-all").click()`, nil)
	if all, admins := count(".length"), count(`.filter(r => "a" in r.dataset).length`); all == 0 || all != admins ||
		all != a.summary.Admins.Total {
		t.Errorf("the filter for administrators leaves %d rows, %d of them administrators; there are %d", all,
			admins, a.summary.Admins.Total)
	}
	b.eval(`document.getElementById("f-admin").click(); document.getElementById("f-text").value = "tanaka"; document.getElementById("f-text").dispatchEvent(new Event("input"))`, nil)
	if all, named := count(".length"), count(`.filter(r => r.textContent.includes("Tanaka")).length`); all == 0 ||
		all != named {
		t.Errorf("the search leaves %d rows, %d of them with the name", all, named)
	}
	b.eval(`document.querySelector("#sheet th [role=button]").click()`, nil)
	var names []string
	b.eval(visible+`.map(r => r.cells[0].textContent)`, &names)
	var sorted bool
	b.eval(`(() => { const n = `+visible+`.map(r => r.cells[0].textContent.trim().toLowerCase()); return n.every((x, i) => i === 0 || new Intl.Collator("en", {numeric: true}).compare(n[i-1], x) <= 0); })()`, &sorted)
	if !sorted || len(names) < 2 {
		t.Errorf("a click on the heading does not sort the names: %q", names)
	}
	if c := b.complaints(); len(c) > 0 {
		t.Errorf("the browser complains: %q", c)
	}
}

// checkPage asserts that drawings are drawn, that nothing overlaps, that the page is no wider than the window, and
// that no hostile text became an element.
func checkPage(t *testing.T, b *browser, name string, width, drawings int) {
	t.Helper()
	var all []drawn
	b.eval(geometry, &all)
	if len(all) != drawings {
		t.Errorf("%s: %d drawings, want %d", name, len(all), drawings)
	}
	for _, d := range all {
		if d.Width < 100 || d.Height < 40 || d.Shapes == 0 || d.Texts == 0 || d.Empty > 0 || !d.Named {
			t.Errorf("%s: %s is not drawn: %+v", name, d.ID, d)
		}
		if len(d.Clashes) > 0 {
			t.Errorf("%s: labels of %s clash: %q", name, d.ID, d.Clashes)
		}
	}
	var scroll, scripts, foreign int
	b.eval(`document.documentElement.scrollWidth`, &scroll)
	b.eval(`document.scripts.length`, &scripts)
	b.eval(`document.querySelectorAll("img,iframe,object,embed,[onload],[onerror],i,b,link:not([rel=icon])").length`,
		&foreign)
	if scroll > width || scripts != 1 || foreign != 0 {
		t.Errorf("%s: the page is %d wide in a window of %d, has %d scripts, want 1, and %d foreign "+
			"elements", name, scroll, width, scripts, foreign)
	}
}

// checkBrightness asserts that a picture has the background that its scheme promises.
func checkBrightness(t *testing.T, name string, raw []byte, dark bool) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r, g, bl, _ := picture.At(image.Pt(2, 2).X, 2).RGBA()
	if bright := (r + g + bl) / 3 >> 8; dark != (bright < 80) {
		t.Errorf("%s: the background has brightness %d of 255, dark wanted: %v", name, bright, dark)
	}
}
