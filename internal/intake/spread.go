package intake

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"okta-entitlements-mcp/internal/intake/charset"
)

const (
	spreadPlaces  = 16       // places of a large file that are looked at, the beginning among them
	spreadBytes   = 32 << 10 // read at each place
	spreadRecords = 300      // records kept of each place
)

// atReader is a file: it can be read at any place without moving the place of the next read.
type atReader interface {
	io.ReaderAt
	io.Seeker
}

// spread returns records from places all over a file that is larger than its head. Exports are often sorted, by status or
// by application, so that the beginning alone shows one kind of row. What it returns is evidence of what columns are and
// nothing else: every record is read once more, in order. A place whose records cannot be told apart is left out.
func (h *head) spread(src *source, max int) []peeked {
	file, ok := src.r.(atReader)
	if !ok || src.eof || src.crOnly || src.enc == encUTF16LE || src.enc == encUTF16BE {
		return nil
	}
	size, ok := sizeOf(file)
	if !ok {
		return nil
	}
	var all []peeked
	chunk := make([]byte, spreadBytes)
	for place := int64(1); place < spreadPlaces; place++ {
		at := size / spreadPlaces * place
		if at < src.bytes {
			continue // the head has it
		}
		n, err := file.ReadAt(chunk, at)
		if n == 0 || err != nil && err != io.EOF {
			continue
		}
		_, rest, _ := bytes.Cut(chunk[:n], []byte{'\n'}) // the place may be within a record
		all = append(all, h.recordsOf(src.evidenceText(rest), max)...)
	}
	return all
}

// sizeOf returns the size of a file and leaves the place of the next read where it is.
func sizeOf(file io.Seeker) (int64, bool) {
	here, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, false
	}
	size, err := file.Seek(0, io.SeekEnd)
	if _, back := file.Seek(here, io.SeekStart); err != nil || back != nil {
		return 0, false
	}
	return size, true
}

// evidenceText is a part of the file as UTF-8, as far as the encoding is known by now.
func (s *source) evidenceText(raw []byte) []byte {
	switch {
	case s.enc != encUTF8 && s.enc != encUTF8BOM:
		text, _, err := transform.Bytes(charset.Encoding(s.enc).NewDecoder(), raw)
		if err != nil {
			return nil
		}
		return text
	case !utf8.Valid(raw):
		return fromWindows1252(nil, raw)
	}
	return bytes.Clone(raw) // the scanner works in place
}

// recordsOf reads whole records of a part of the file, as many as fit the header.
func (h *head) recordsOf(text []byte, max int) []peeked {
	scan := headScanner(text, 0, h.delim, false, max)
	var rec record
	var kept []peeked
	for len(kept) < spreadRecords {
		if more, err := scan.next(&rec); err != nil || !more {
			break
		}
		if len(rec.fields) == len(h.header) && rec.flaw == flawNone {
			kept = append(kept, keep(&rec))
		}
	}
	return kept
}
