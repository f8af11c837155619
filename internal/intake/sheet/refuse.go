package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"okta-entitlements-mcp/internal/trouble"
)

// What tells a file that is no .xlsx by its first bytes.
var (
	zipMagic = []byte("PK\x03\x04")
	oleMagic = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") // Office before 2007, and encrypted workbooks of today
)

// encryptedStream is the name, in UTF-16, of the stream that an encrypted workbook consists of.
var encryptedStream = utf16("EncryptedPackage")

func utf16(s string) []byte {
	var out []byte
	for _, c := range []byte(s) {
		out = append(out, c, 0)
	}
	return out
}

// Is reports whether a file is to be opened as a workbook, by its first bytes. Files that are workbooks of another
// kind, or that only call themselves so, are refused by name. Text is neither.
func Is(head []byte) (bool, error) {
	lower := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"))
	switch {
	case bytes.HasPrefix(head, zipMagic):
		return true, nil
	case bytes.HasPrefix(head, oleMagic) && bytes.Contains(head, encryptedStream):
		return false, refused("an encrypted workbook",
			"open it in Excel with its password, save it without one, and put that file into the inbox")
	case bytes.HasPrefix(head, oleMagic):
		return false, refused("an Excel workbook of before 2007 (.xls)", "save it as .xlsx or as CSV UTF-8")
	case startsWithAny(lower, "<!doctype html", "<html", "<table", "<meta"):
		return false, refused("an HTML page that calls itself a workbook",
			"open it in Excel and save it as .xlsx or as CSV UTF-8")
	case bytes.HasPrefix(lower, []byte("<?xml")) && bytes.Contains(lower, []byte("office:spreadsheet")):
		return false, refused("an XML workbook of Excel 2003", "open it in Excel and save it as .xlsx or as CSV UTF-8")
	}
	return false, nil
}

func startsWithAny(s []byte, starts ...string) bool {
	for _, start := range starts {
		if bytes.HasPrefix(s, []byte(start)) {
			return true
		}
	}
	return false
}

func refused(what, next string) error {
	return &trouble.Error{
		Code: trouble.WorkbookKind,
		What: "the file is " + what + ", which is not read",
		Next: next,
	}
}

// check refuses archives that are no plain .xlsx, and those that would unpack to more than maxUnzipped.
func check(archive *zip.Reader) error {
	names := map[string]bool{}
	total := uint64(0)
	for _, f := range archive.File {
		names[strings.ToLower(f.Name)] = true
		if total += f.UncompressedSize64; total > maxUnzipped {
			return tooLarge()
		}
	}
	switch {
	case names["xl/vbaproject.bin"]:
		return refused("a workbook with macros (.xlsm)", "save it as .xlsx without macros, or as CSV UTF-8")
	case names["xl/workbook.bin"]:
		return refused("a binary workbook (.xlsb)", "save it as .xlsx or as CSV UTF-8")
	case names["content.xml"] && names["mimetype"]:
		return refused("an OpenDocument workbook (.ods)", "save it as .xlsx or as CSV UTF-8")
	case !names["xl/workbook.xml"]:
		return refused("a ZIP archive without a workbook", "unpack it and put the report itself into the inbox")
	}
	return nil
}

func tooLarge() error {
	return &trouble.Error{
		Code: trouble.WorkbookTooLarge,
		What: fmt.Sprintf("the workbook unpacks to more than %d GiB", maxUnzipped>>30),
		Next: "export the report as CSV UTF-8",
	}
}

func notAWorkbook(err error) error {
	if errors.Is(err, excelize.ErrWorkbookFileFormat) || errors.Is(err, zip.ErrFormat) {
		return broken(errors.New("it is cut, or no workbook"))
	}
	if strings.Contains(err.Error(), "unzip size exceeds") {
		return tooLarge()
	}
	return broken(err)
}

func uncomputed(sheet string, seen *survey) error {
	return &trouble.Error{
		Code: trouble.UncomputedFormulas,
		What: fmt.Sprintf("%d cells of the sheet %q hold a formula without its value, the first one is %s",
			seen.uncomputed, sheet, seen.firstFormula),
		Next: "open the workbook in Excel, which computes them, and save it; or paste the cells as values",
	}
}
