package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"okta-entitlements-mcp/internal/intake/sheet"
	"okta-entitlements-mcp/internal/trouble"
)

// workbook returns the bytes of a workbook that fill made.
func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	fill(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func set(t testing.TB, f *excelize.File, name, cell string, value any) {
	t.Helper()
	if err := f.SetCellValue(name, cell, value); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rows reads a workbook to the end.
func rows(t testing.TB, book []byte, o sheet.Options) ([]string, *sheet.Sheet) {
	t.Helper()
	o.TempDir = t.TempDir()
	s, err := sheet.Open(bytes.NewReader(book), int64(len(book)), o)
	must(t, err)
	var lines []string
	var row sheet.Row
	for {
		more, err := s.Next(&row)
		must(t, err)
		if !more {
			break
		}
		lines = append(lines, fmt.Sprintf("%d: %s", row.Line, strings.Join(row.Cells, "|")))
	}
	must(t, s.Close())
	if left, err := os.ReadDir(o.TempDir); err != nil || len(left) > 0 {
		t.Errorf("%d temporary files are left, %v", len(left), err)
	}
	return lines, s
}

func TestCellsAreReadAsWhatTheyHold(t *testing.T) {
	day := time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC)
	book := workbook(t, func(f *excelize.File) {
		for i, v := range []any{"Email", "Role", "Valid To", "Active", "Since", "Number"} {
			cell, _ := excelize.CoordinatesToCellName(i+1, 1)
			set(t, f, "Sheet1", cell, v)
		}
		american := "m/d/yyyy"
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &american})
		must(t, err)
		set(t, f, "Sheet1", "A3", "ada.quill@acme.example.com")
		set(t, f, "Sheet1", "B3", "Buyer & <Approver>")
		set(t, f, "Sheet1", "C3", day)
		must(t, f.SetCellStyle("Sheet1", "C3", "C3", style))
		set(t, f, "Sheet1", "D3", true)
		set(t, f, "Sheet1", "E3", day.Add(90*time.Minute))
		set(t, f, "Sheet1", "F3", 46115)
		set(t, f, "Sheet1", "D4", false)
	})
	got, _ := rows(t, book, sheet.Options{})
	want := []string{
		"1: Email|Role|Valid To|Active|Since|Number",
		"3: ada.quill@acme.example.com|Buyer & <Approver>|2026-04-03|TRUE|2026-04-03 01:30:00|46115",
		"4: |||FALSE",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestHiddenRowsAndColumnsAreCountedAndCanBeLeftOut(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		for r := 1; r <= 4; r++ {
			for c := 1; c <= 3; c++ {
				cell, _ := excelize.CoordinatesToCellName(c, r)
				set(t, f, "Sheet1", cell, cell)
			}
		}
		must(t, f.SetRowVisible("Sheet1", 3, false))
		must(t, f.SetColVisible("Sheet1", "B", false))
	})
	all, s := rows(t, book, sheet.Options{})
	if s.HiddenRows != 1 || !slices.Equal(s.HiddenColumns, []int{2}) {
		t.Errorf("hidden: %d rows, columns %v", s.HiddenRows, s.HiddenColumns)
	}
	if len(all) != 4 || all[2] != "3: A3|B3|C3" {
		t.Errorf("with what is hidden: %q", all)
	}
	seen, _ := rows(t, book, sheet.Options{Hidden: sheet.HiddenExcluded})
	if want := []string{"1: A1|C1", "2: A2|C2", "4: A4|C4"}; !slices.Equal(seen, want) {
		t.Errorf("without what is hidden: %q, want %q", seen, want)
	}
}

func TestMergedCellsHaveTheValueOfTheFirst(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1", "A1", "Email")
		set(t, f, "Sheet1", "B1", "Roles")
		must(t, f.MergeCell("Sheet1", "B1", "C1"))
		set(t, f, "Sheet1", "A2", "ada.quill@acme.example.com")
		must(t, f.MergeCell("Sheet1", "A2", "A3"))
		set(t, f, "Sheet1", "B2", "Buyer")
		set(t, f, "Sheet1", "B3", "Viewer")
	})
	got, s := rows(t, book, sheet.Options{})
	want := []string{"1: Email|Roles|Roles", "2: ada.quill@acme.example.com|Buyer", "3: ada.quill@acme.example.com|Viewer"}
	if !slices.Equal(got, want) || s.Merges != 2 {
		t.Errorf("got %q with %d merges, want %q", got, s.Merges, want)
	}
}

func TestASheetIsChosenByNameOrIsTheFirstVisibleOne(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		for _, name := range []string{"Data", "Old"} {
			if _, err := f.NewSheet(name); err != nil {
				t.Fatal(err)
			}
			set(t, f, name, "A1", name)
		}
		set(t, f, "Sheet1", "A1", "secret")
		f.SetActiveSheet(1)
		must(t, f.SetSheetVisible("Sheet1", false))
	})
	if got, s := rows(t, book, sheet.Options{}); !slices.Equal(got, []string{"1: Data"}) ||
		!slices.Equal(s.Names, []string{"Data", "Old"}) {
		t.Errorf("first visible: %q of %q", got, s.Names)
	}
	if got, _ := rows(t, book, sheet.Options{Sheet: "old"}); !slices.Equal(got, []string{"1: Old"}) {
		t.Errorf("by name: %q", got)
	}
	_, err := sheet.Open(bytes.NewReader(book), int64(len(book)), sheet.Options{Sheet: "Nope"})
	if trouble.CodeOf(err) != trouble.UnknownSheet || !strings.Contains(err.Error(), `"Data"`) {
		t.Errorf("unknown sheet: %v", err)
	}
}

func TestFormulasWithoutTheirValueAreRefused(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1", "A1", "Email")
		must(t, f.SetCellFormula("Sheet1", "B2", `=IF(A2="","",VLOOKUP(A2,X!A:B,2))`))
	})
	_, err := sheet.Open(bytes.NewReader(book), int64(len(book)), sheet.Options{})
	if trouble.CodeOf(err) != trouble.UncomputedFormulas || !strings.Contains(err.Error(), "B2") {
		t.Errorf("got %v", err)
	}
}

// rewrite copies a workbook with one part changed.
func rewrite(t testing.TB, book []byte, name string, change func([]byte) []byte) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	must(t, err)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	found := false
	for _, f := range in.File {
		r, err := f.Open()
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, err)
		if f.Name == name {
			content, found = change(content), true
		}
		w, err := out.Create(f.Name)
		must(t, err)
		_, err = w.Write(content)
		must(t, err)
	}
	if !found {
		w, err := out.Create(name)
		must(t, err)
		_, err = w.Write(change(nil))
		must(t, err)
	}
	must(t, out.Close())
	return b.Bytes()
}

func TestWhatIsNoPlainWorkbookIsRefusedByName(t *testing.T) {
	plain := workbook(t, func(f *excelize.File) { set(t, f, "Sheet1", "A1", "Email") })
	something := func([]byte) []byte { return []byte("x") }
	cut := func(content []byte) []byte { return content[:len(content)-30] }
	tests := []struct {
		name string
		file []byte
		code trouble.Code
		says string
	}{
		{"macros", rewrite(t, plain, "xl/vbaProject.bin", something), trouble.WorkbookKind, "macros"},
		{"binary", rewrite(t, plain, "xl/workbook.bin", something), trouble.WorkbookKind, ".xlsb"},
		{"archive", zipOf(t, "report.csv", "a,b"), trouble.WorkbookKind, "ZIP archive"},
		{"opendocument", zipOf(t, "mimetype", "x", "content.xml", "x"), trouble.WorkbookKind, ".ods"},
		{"cut file", plain[:len(plain)/2], trouble.WorkbookDamaged, "cut"},
		{"cut sheet", rewrite(t, plain, "xl/worksheets/sheet1.xml", cut), trouble.WorkbookDamaged, "damaged"},
		{"no sheet", rewrite(t, plain, "xl/_rels/workbook.xml.rels",
			func([]byte) []byte { return []byte("<Relationships/>") }),
			trouble.WorkbookDamaged, "no sheet"},
		{"styles of nonsense", rewrite(t, plain, "xl/styles.xml",
			func([]byte) []byte { return []byte("<styleSheet") }), "", ""},
	}
	for _, tt := range tests {
		s, err := sheet.Open(bytes.NewReader(tt.file), int64(len(tt.file)), sheet.Options{TempDir: t.TempDir()})
		if s != nil && err == nil {
			err = readAll(s)
		}
		if tt.code == "" { // must only not panic
			continue
		}
		if trouble.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func readAll(s *sheet.Sheet) error {
	var row sheet.Row
	for {
		more, err := s.Next(&row)
		if err != nil || !more {
			_ = s.Close()
			return err
		}
	}
}

func zipOf(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		part, err := w.Create(pairs[i])
		must(t, err)
		_, err = io.WriteString(part, pairs[i+1])
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

func TestAZipBombIsRefusedBeforeItUnpacks(t *testing.T) {
	plain := workbook(t, func(f *excelize.File) { set(t, f, "Sheet1", "A1", "Email") })
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	in, err := zip.NewReader(bytes.NewReader(plain), int64(len(plain)))
	must(t, err)
	for _, f := range in.File {
		must(t, out.Copy(f))
	}
	// A part that says it unpacks to 3 GiB; its bytes are never looked at.
	w, err := out.CreateRaw(&zip.FileHeader{
		Name:               "xl/worksheets/sheet2.xml",
		Method:             zip.Deflate,
		UncompressedSize64: 3 << 30,
		CompressedSize64:   2,
	})
	must(t, err)
	_, err = w.Write([]byte{3, 0})
	must(t, err)
	must(t, out.Close())
	if _, err := sheet.Open(bytes.NewReader(b.Bytes()), int64(b.Len()),
		sheet.Options{}); trouble.CodeOf(err) != trouble.WorkbookTooLarge {
		t.Errorf("got %v", err)
	}
}

func TestOtherKindsAreToldByTheirFirstBytes(t *testing.T) {
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	tests := []struct {
		head string
		is   bool
		says string
	}{
		{"PK\x03\x04rest", true, ""},
		{"Email,Role\n", false, ""},
		{ole + "W\x00o\x00r\x00k\x00b\x00o\x00o\x00k\x00", false, ".xls"},
		{ole + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00", false, "encrypted"},
		{"\ufeff <HTML><table>", false, "HTML"},
		{`<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">`, false, "Excel 2003"},
	}
	for _, tt := range tests {
		is, err := sheet.Is([]byte(tt.head))
		if is != tt.is || (err != nil) != (tt.says != "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %v, %v", tt.head, is, err)
		}
	}
}

func FuzzSheetNeverPanics(f *testing.F) {
	plain := workbook(f, func(x *excelize.File) {
		set(f, x, "Sheet1", "A1", "Email")
		set(f, x, "Sheet1", "B2", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	})
	for _, xml := range []string{"<worksheet><sheetData><row r='2'><c r='B2' s='1' " +
		"t='b'><v>1</v></c></row></sheetData></worksheet>",
		"<worksheet><!-- > --><cols><col min='1' max='9999999' hidden='1'/></cols><sheetData/><mergeCell " +
			"ref='A1:XFD1048576'/></worksheet>", "<", "<c r='"} {
		f.Add([]byte(xml))
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		book := rewrite(t, plain, "xl/worksheets/sheet1.xml", func([]byte) []byte { return xml })
		s, err := sheet.Open(bytes.NewReader(book), int64(len(book)), sheet.Options{TempDir: t.TempDir()})
		if err == nil {
			err = readAll(s)
		}
		if err != nil && trouble.CodeOf(err) == "" {
			t.Errorf("an error without a code: %v", err)
		}
	})
}

// BenchmarkSheet500k reads 500,000 rows of six columns, and says rows a second and the memory in use at the peak.
func BenchmarkSheet500k(b *testing.B) {
	const n = 500_000
	book := workbook(b, func(f *excelize.File) {
		w, err := f.NewStreamWriter("Sheet1")
		must(b, err)
		for r := 1; r <= n; r++ {
			must(b, w.SetRow(fmt.Sprintf("A%d", r),
				[]any{fmt.Sprintf("user%d@acme.example.com", r/5), fmt.Sprintf("Role %d", r%40), "Finance", true,
					46000 + r%300, "Graz"}))
		}
		must(b, w.Flush())
	})
	for b.Loop() {
		s, err := sheet.Open(bytes.NewReader(book), int64(len(book)), sheet.Options{TempDir: b.TempDir()})
		must(b, err)
		must(b, readAll(s))
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
