// Package charset decides in which character encoding a text was written, and decodes it. It is used for reports that are
// not valid UTF-8: people save them with Excel on Windows and macOS, in many countries.
//
// A wrong guess changes the names of values and people without a visible error, so a guess is either certain or says
// which encodings are possible and how three names of the text read under each.
package charset

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// Encoding is the name of an encoding, as callers write it in the argument `encoding`.
type Encoding string

// The encodings that are read.
const (
	UTF8        Encoding = "utf-8"
	UTF8Twice   Encoding = "utf-8-twice" // UTF-8 that was taken for Windows-1252 and encoded as UTF-8 again
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1250 Encoding = "windows-1250" // Central Europe
	Windows1251 Encoding = "windows-1251" // Cyrillic
	Windows1252 Encoding = "windows-1252" // Western Europe
	MacRoman    Encoding = "mac-roman"
	ShiftJIS    Encoding = "shift_jis"
	EUCJP       Encoding = "euc-jp"
	GBK         Encoding = "gbk" // read as GB18030, which contains it
	Big5        Encoding = "big5"
	EUCKR       Encoding = "euc-kr"
)

// All lists the encodings in the order in which they are offered to people.
func All() []Encoding {
	return []Encoding{UTF8, Windows1252, Windows1250, Windows1251, MacRoman, ShiftJIS, EUCJP, GBK, Big5, EUCKR,
		UTF16LE, UTF16BE, UTF8Twice}
}

// Find returns the encoding of a name that a person wrote, in any case and with the usual other spellings.
func Find(name string) (Encoding, bool) {
	key := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
	for _, e := range All() {
		if key == strings.NewReplacer("-", "", "_", "").Replace(string(e)) {
			return e, true
		}
	}
	e, known := map[string]Encoding{
		"cp1252": Windows1252, "ansi": Windows1252, "latin1": Windows1252, "iso88591": Windows1252,
		"cp1250": Windows1250, "cp1251": Windows1251, "macintosh": MacRoman, "macroman": MacRoman,
		"sjis": ShiftJIS, "cp932": ShiftJIS, "windows31j": ShiftJIS, "gb2312": GBK, "gb18030": GBK, "cp936": GBK,
		"cp950": Big5, "cp949": EUCKR, "utf16": UTF16LE, "utf8bom": UTF8,
	}[key]
	return e, known
}

// codec is x/text's side of an encoding, nil for UTF-8 and for UTF-8 twice.
func (e Encoding) codec() encoding.Encoding {
	switch e {
	case UTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case UTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case Windows1250:
		return charmap.Windows1250
	case Windows1251:
		return charmap.Windows1251
	case Windows1252:
		return charmap.Windows1252
	case MacRoman:
		return charmap.Macintosh
	case ShiftJIS:
		return japanese.ShiftJIS
	case EUCJP:
		return japanese.EUCJP
	case GBK:
		return simplifiedchinese.GB18030
	case Big5:
		return traditionalchinese.Big5
	case EUCKR:
		return korean.EUCKR
	}
	return nil
}

// Multibyte reports whether a character may take more than one byte, so that a text must not be cut between bytes.
func (e Encoding) Multibyte() bool {
	switch e {
	case Windows1250, Windows1251, Windows1252, MacRoman:
		return false
	}
	return true
}
