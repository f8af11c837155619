package intake_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"okta-entitlements-mcp/internal/intake"
)

func TestEncodingsAndDelimiters(t *testing.T) {
	const text = "Email;Role\r\nzoë@acme.example.com;\"Größe; – Lead\"\r\n"
	units := utf16.Encode([]rune(text))
	little, big := []byte{}, []byte{}
	for _, u := range units {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	tests := []struct{ name, bytes, encoding string }{
		{"UTF-8", text, "utf-8"},
		{"UTF-8 with mark", "\ufeff" + text, "utf-8-bom"},
		{"UTF-16LE with mark", "\xff\xfe" + string(little), "utf-16le"},
		{"UTF-16BE with mark", "\xfe\xff" + string(big), "utf-16be"},
		{"Windows-1252", "Email;Role\r\nzo\xeb@acme.example.com;\"Gr\xf6\xdfe; \x96 Lead\"\r\n", "windows-1252"},
		{"CR only", strings.ReplaceAll(text, "\r\n", "\r"), "utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep := read(t, tt.bytes, intake.Options{})
			if rep.Encoding != tt.encoding || rep.Delimiter != ";" || rep.Bytes != int64(len(tt.bytes)) {
				t.Errorf("got %s %q %d bytes", rep.Encoding, rep.Delimiter, rep.Bytes)
			}
			if got, want := values(rep), []string{"Role=Größe", "Role=– Lead"}; !slices.Equal(got, want) ||
				rep.People[0].Email.Raw() != "zoë@acme.example.com" {
				t.Errorf("got %q and %v, want %q", got, rep.People, want)
			}
		})
	}
}

func TestUTF16IsRecognisedWithoutAMark(t *testing.T) {
	for name, order := range map[string]binary.AppendByteOrder{"utf-16le": binary.LittleEndian,
		"utf-16be": binary.BigEndian} {
		var raw []byte
		for _, u := range utf16.Encode([]rune("Email,Role\nada@acme.example.com,Lead 🙂\n")) {
			raw = order.AppendUint16(raw, u)
		}
		rep := read(t, string(raw), intake.Options{})
		if rep.Encoding != name || rep.Values[0].Text.Raw() != "Lead 🙂" {
			t.Errorf("got %s %q, want %s", rep.Encoding, rep.Values[0].Text.Raw(), name)
		}
	}
}

func TestWindows1252IsDecidedWhereItFirstShows(t *testing.T) {
	text := "Email,Role\n" + strings.Repeat("ada@acme.example.com,Lead\n",
		60_000) + "ada@acme.example.com,Caf\xe9 Manager\n"
	rep := read(t, text, intake.Options{})
	if got := rep.Values[len(rep.Values)-1].Text.Raw(); rep.Encoding != "windows-1252" || got != "Café Manager" {
		t.Errorf("got %s %q", rep.Encoding, got)
	}
}

func TestDelimiterIsNotMistakenForASeparatorInCells(t *testing.T) {
	for delim, text := range map[string]string{
		",":  "Email,Role\nada@acme.example.com,A;B;C\nben@acme.example.com,D;E;F\n",
		";":  "Email;Role\nada@acme.example.com;A,B\nben@acme.example.com;\"C,D;E\"\n",
		"\t": "Email\tRole\nada@acme.example.com\tA,B;C\n",
	} {
		if rep := read(t, text, intake.Options{}); rep.Delimiter != delim || rep.Counts().Bad > 0 {
			t.Errorf("got %q with %d bad rows, want %q", rep.Delimiter, rep.Counts().Bad, delim)
		}
	}
	if rep := read(t, "sep=;\nEmail;Role\nada@acme.example.com;A\n", intake.Options{}); rep.Delimiter != ";" ||
		rep.Rows[0].Line != 3 {
		t.Errorf("the line sep=; was not honoured: %q, line %d", rep.Delimiter, rep.Rows[0].Line)
	}
}
