package sheet_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"okta-entitlements-mcp/internal/intake/sheet"
	"okta-entitlements-mcp/internal/trouble"
)

// libraryRows reads a workbook by the library, whose cells are those that Excel's own files hold.
func libraryRows(t *testing.T, book []byte) []string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(book), excelize.Options{RawCellValue: true})
	must(t, err)
	all, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
	must(t, err)
	must(t, f.Close())
	var lines []string
	for i, cells := range all {
		if line := strings.Join(cells, "|"); strings.Trim(line, "| \n\t") != "" {
			lines = append(lines, fmt.Sprintf("%d: %s", i+1, line))
		}
	}
	return lines
}

func TestCellsAreThoseOfTheLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	texts := []string{"ada@acme.example.com", "Buyer & <Approver>", "  spaces  ", "a\nb", "tab\there", "Zürich 東京 😀",
		"_x000D_", "_x005F_x000D_", "_x00e9_", "_x", "=1+1", "quote \" and '", "&amp;", "", "]]>", "<!-- no -->",
		strings.Repeat("long ", 2000)}
	for world := range 60 {
		book := workbook(t, func(f *excelize.File) {
			var stream *excelize.StreamWriter
			if world%2 == 0 {
				var err error
				stream, err = f.NewStreamWriter("Sheet1")
				must(t, err)
			}
			for r := range 1 + random.IntN(20) {
				if r > 0 && random.IntN(4) == 0 { // the stream writer cuts a sheet without rows
					continue
				}
				var cells []any
				for range 1 + random.IntN(6) {
					switch random.IntN(6) {
					case 0:
						cells = append(cells, nil)
					case 1:
						cells = append(cells, random.IntN(1e9))
					case 2:
						cells = append(cells, random.Float64()*1e-7)
					default:
						cells = append(cells, texts[random.IntN(len(texts))])
					}
				}
				if stream != nil {
					must(t, stream.SetRow(fmt.Sprintf("A%d", r+1), cells))
					continue
				}
				for c, v := range cells {
					name, _ := excelize.CoordinatesToCellName(c+1, r+1)
					if text, isText := v.(string); isText && random.IntN(3) == 0 {
						must(t, f.SetCellRichText("Sheet1", name, []excelize.RichTextRun{{Text: text}, {Text: text,
							Font: &excelize.Font{Bold: true}}}))
						continue
					}
					set(t, f, "Sheet1", name, v)
				}
			}
			if stream != nil {
				must(t, stream.Flush())
			}
		})
		got, _ := rows(t, book, sheet.Options{})
		if want := libraryRows(t, book); !slices.Equal(got, want) {
			t.Fatalf("world %d\ngot  %.2000q\nwant %.2000q", world, got, want)
		}
	}
}

// sheetXML is a workbook whose sheet and shared texts are written by hand.
func sheetXML(t testing.TB, rows, texts string) []byte {
	t.Helper()
	book := workbook(t, func(f *excelize.File) { set(t, f, "Sheet1", "A1", "Email") })
	if texts != "" {
		book = rewrite(t, book, "xl/sharedStrings.xml", func([]byte) []byte { return []byte(texts) })
	}
	return rewrite(t, book, "xl/worksheets/sheet1.xml", func([]byte) []byte {
		return []byte(`<?xml version="1.0" encoding="UTF-8"?><worksheet><sheetData>` + rows + `</sheetData></worksheet>`)
	})
}

func TestXMLOfOtherProgramsIsRead(t *testing.T) {
	book := sheetXML(t, `<x:row><x:c t="inlineStr"><x:is><x:r><x:t>Ad</x:t></x:r><x:rPh><x:t>no</x:t></x:rPh>`+
		`<x:r><x:t xml:space="preserve">a </x:t></x:r></x:is></x:c><x:c t='str'><x:f>"a>b"</x:f><x:v>a&#62;&#x62;</x:v></x:c>`+
		`</x:row><row r="3"><c r="b3" t="str"><v><![CDATA[x & y]]></v></c><c/><c t="b"><v>1</v></c><c t="s"><v> 0 </v></c>`+
		`</row><row r="4"><c t="e"><v>#N/A</v></c></row>`,
		`<sst><si><r><t>Sha</t></r><r><t>red</t></r><rPh sb="0" eb="1"><t>no</t></rPh></si></sst>`)
	got, _ := rows(t, book, sheet.Options{})
	want := []string{"1: Ada |a>b", "3: |x & y||TRUE|Shared", "4: #N/A"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDamagedCellsAreRefusedAndNeverGuessed(t *testing.T) {
	const texts = `<sst><si><t>one</t></si></sst>`
	tests := []struct{ name, rows, texts, says string }{
		{"a shared text that is not there", `<row r="1"><c t="s"><v>1</v></c></row>`, texts, "shared text 1 of 1"},
		{"shared texts that are cut", `<row r="1"><c t="s"><v>0</v></c></row>`, texts[:20], "damaged"},
		{"no number of a shared text", `<row r="1"><c t="s"><v>x</v></c></row>`, texts, "damaged"},
		{"rows out of order", `<row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row>`, texts, "does not follow"},
		{"a row twice", `<row r="2"/><row r="2"/>`, texts, "does not follow"},
		{"a row beyond the last", `<row r="1048577"><c><v>1</v></c></row>`, texts, "beyond the last"},
		{"cells out of order", `<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>`, texts, "not in its place"},
		{"a cell twice", `<row r="1"><c r="B1"><v>1</v></c><c r="B1"><v>2</v></c></row>`, texts, "not in its place"},
		{"a column beyond the last", `<row r="1"><c r="XFE1"><v>1</v></c></row>`, texts, "not in its place"},
		{"an unknown reference", `<row r="1"><c t="str"><v>&bomb;</v></c></row>`, texts, "damaged"},
		{"no UTF-8", "<row r=\"1\"><c t=\"str\"><v>\xff</v></c></row>", texts, "damaged"},
		{"another encoding", `<?xml version="1.0" encoding="windows-1250"?>`, texts, "windows-1250"},
	}
	for _, tt := range tests {
		book := sheetXML(t, tt.rows, tt.texts)
		s, err := sheet.Open(bytes.NewReader(book), int64(len(book)), sheet.Options{TempDir: t.TempDir()})
		if err == nil {
			err = readAll(s)
		}
		if trouble.CodeOf(err) != trouble.WorkbookDamaged || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
