package charset

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// NewDecoder returns a transformer from the encoding to UTF-8. Bytes that the encoding does not allow become U+FFFD.
// It is not safe for concurrent use.
func (e Encoding) NewDecoder() transform.Transformer {
	if e == UTF8Twice {
		return &onceMore{}
	}
	if codec := e.codec(); codec != nil {
		return codec.NewDecoder()
	}
	return transform.Nop
}

// onceMore undoes the second encoding of UTF-8: each character that Windows-1252 has becomes its byte again. What
// follows is UTF-8; a character that Windows-1252 lacks was never encoded twice and stays.
type onceMore struct{ transform.NopResetter }

// Transform implements transform.Transformer.
func (*onceMore) Transform(dst, src []byte, atEOF bool) (wrote, read int, err error) {
	for read < len(src) {
		if !utf8.FullRune(src[read:]) && !atEOF {
			return wrote, read, transform.ErrShortSrc
		}
		r, n := utf8.DecodeRune(src[read:])
		if b, ok := asWindows1252(r); ok && n > 0 && !(r == utf8.RuneError && n == 1) {
			if wrote == len(dst) {
				return wrote, read, transform.ErrShortDst
			}
			dst[wrote] = b
			wrote, read = wrote+1, read+n
			continue
		}
		if wrote+n > len(dst) {
			return wrote, read, transform.ErrShortDst
		}
		wrote += copy(dst[wrote:], src[read:read+n])
		read += n
	}
	return wrote, read, nil
}

// asWindows1252 returns the byte that Windows-1252 has for a character. Bytes that Windows-1252 leaves undefined appear
// in twice encoded text as the control character of the same number.
func asWindows1252(r rune) (byte, bool) {
	if b, ok := charmap.Windows1252.EncodeRune(r); ok {
		return b, true
	}
	if r >= 0x80 && r <= 0x9f {
		return byte(r), true
	}
	return 0, false
}

// decode returns the whole text in UTF-8, and whether each byte of it is allowed. The text may end within a character.
func (e Encoding) decode(text []byte) (string, bool) {
	out, _, err := transform.Bytes(e.NewDecoder(), text)
	if err != nil {
		return "", false
	}
	valid := utf8.Valid(out)
	tail := 0 // a character that the end of the sample cuts decodes to one U+FFFD
	for i, n := 0, 0; i < len(out); i += n {
		var r rune
		r, n = utf8.DecodeRune(out[i:])
		if r == utf8.RuneError {
			if i+n < len(out) || !e.Multibyte() {
				return "", false
			}
			tail = n
		}
	}
	return string(out[:len(out)-tail]), valid || tail > 0
}

// NewEncoder returns a transformer from UTF-8 to the encoding; it fails on characters that the encoding lacks.
func (e Encoding) NewEncoder() transform.Transformer {
	if codec := e.codec(); codec != nil {
		return codec.NewEncoder()
	}
	return transform.Nop
}
