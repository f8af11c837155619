package intake

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/intake/charset"
	"okta-entitlements-mcp/internal/trouble"
)

// The encodings that Report.Encoding can name.
const (
	encUTF8        = "utf-8"
	encUTF8BOM     = "utf-8-bom"
	encUTF16LE     = "utf-16le"
	encUTF16BE     = "utf-16be"
	encWindows1252 = "windows-1252"
)

// binaryMagic are the beginnings of files that people send in place of a CSV file.
var binaryMagic = []struct{ start, what string }{
	{"PK\x03\x04", "an Excel workbook or a ZIP archive"},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook"},
	{"%PDF", "a PDF document"},
	{"\x1f\x8b", "a gzip archive"},
	{"\x89PNG", "a picture"},
	{"PAR1", "a Parquet file"},
	{"SQLite format 3\x00", "a database"},
}

// sniff decides the encoding from the first block and returns the length of the byte-order mark.
// Windows-1252 is decided later, when the first byte over 0x7f is met.
func (s *source) sniff(block []byte) (int, error) {
	for _, m := range binaryMagic {
		if bytes.HasPrefix(block, []byte(m.start)) {
			return 0, binaryError("the file is " + m.what + ", not CSV text")
		}
	}
	switch {
	case bytes.HasPrefix(block, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(block, []byte{0, 0, 0xfe, 0xff}):
		return 0, &trouble.Error{
			Code: trouble.BadEncoding,
			What: "the file is UTF-32",
			Next: "save it as CSV UTF-8",
		}
	case bytes.HasPrefix(block, []byte{0xef, 0xbb, 0xbf}):
		s.enc = encUTF8BOM
		return 3, s.noNUL(block)
	case bytes.HasPrefix(block, []byte{0xff, 0xfe}):
		s.enc = encUTF16LE
		return 2, nil
	case bytes.HasPrefix(block, []byte{0xfe, 0xff}):
		s.enc = encUTF16BE
		return 2, nil
	}
	if s.given == charset.UTF16LE || s.given == charset.UTF16BE {
		s.enc = string(s.given)
		return 0, nil
	}
	s.enc = utf16WithoutMark(block)
	if s.enc == "" {
		s.enc = encUTF8
		return 0, s.noNUL(block)
	}
	return 0, nil
}

func (s *source) noNUL(block []byte) error {
	if i := bytes.IndexByte(block, 0); i >= 0 {
		return binaryError("the file holds NUL bytes, so it is binary or damaged")
	}
	return nil
}

func binaryError(msg string) *trouble.Error {
	return &trouble.Error{
		Code: trouble.BinaryFile,
		What: msg,
		Next: "export the report as CSV UTF-8 and put that file into the inbox",
	}
}

// utf16WithoutMark recognises UTF-16 by the zero high bytes of Western text. It asks for a clear case: nine in ten of
// the high bytes are zero, none of the low bytes, and there is a line break.
func utf16WithoutMark(block []byte) string {
	head := block[:min(len(block), 4096)&^1]
	if len(head) < 8 {
		return ""
	}
	var zero [2]int
	var breaks [2]int
	for i := 0; i < len(head); i += 2 {
		for odd := range 2 {
			if head[i+odd] == 0 {
				zero[odd]++
			}
		}
		if binary.LittleEndian.Uint16(head[i:]) == '\n' {
			breaks[1]++
		}
		if binary.BigEndian.Uint16(head[i:]) == '\n' {
			breaks[0]++
		}
	}
	units := len(head) / 2
	switch {
	case zero[1]*10 >= units*9 && zero[0] == 0 && breaks[1] > 0:
		return encUTF16LE
	case zero[0]*10 >= units*9 && zero[1] == 0 && breaks[0] > 0:
		return encUTF16BE
	}
	return ""
}

func isASCII(b []byte) bool {
	for len(b) >= 32 {
		if (binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:])|binary.LittleEndian.Uint64(b[16:])|
			binary.LittleEndian.Uint64(b[24:]))&0x8080808080808080 != 0 {
			return false
		}
		b = b[32:]
	}
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// looksLegacy reports text that is not UTF-8. A few broken bytes in a text that is mostly good UTF-8 do not make it so.
func looksLegacy(block []byte) bool {
	good, bad := 0, 0
	for len(block) > 0 {
		if block[0] < utf8.RuneSelf {
			block = block[1:]
			continue
		}
		r, n := utf8.DecodeRune(block)
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case !utf8.FullRune(block): // cut by the end of the block
			block = nil
			continue
		default:
			bad++
		}
		block = block[n:]
	}
	return bad > good
}

// windows1252High is what bytes 0x80 to 0x9f mean; 0 is undefined and becomes U+FFFD.
var windows1252High = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

func fromWindows1252(dst, raw []byte) []byte {
	for _, c := range raw {
		switch {
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		case c >= 0xa0:
			dst = utf8.AppendRune(dst, rune(c))
		case windows1252High[c-0x80] == 0:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, windows1252High[c-0x80])
		}
	}
	return dst
}
