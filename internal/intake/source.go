package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"okta-entitlements-mcp/internal/intake/charset"
	"okta-entitlements-mcp/internal/trouble"
)

// blockSize is how much is read at once. Blocks are always filled, so that decisions made per block depend on the
// bytes of the file and never on how the reader happens to hand them out.
const blockSize = 256 << 10

// source reads raw bytes in blocks, hashes them, and hands out UTF-8.
type source struct {
	ctx     context.Context
	r       io.Reader
	hash    hash.Hash
	bytes   int64                 // raw bytes read
	enc     string                // "" until the first block
	decided bool                  // for UTF-8 and Windows-1252: a byte over 0x7f has been seen
	raw     []byte                // scratch for encodings that are converted
	carry   []byte                // raw bytes that belong to the next block: half a UTF-16 unit or pair
	crOnly  bool                  // lines end with a lone CR
	given   charset.Encoding      // what an answer says of the encoding
	decoder transform.Transformer // for encodings other than UTF-8, UTF-16 and Windows-1252
	high    []byte                // lines with bytes over 0x7f, as evidence
	torn    bool                  // UTF-16 ended within a unit
	eof     bool
}

func newSource(ctx context.Context, r io.Reader) *source {
	return &source{ctx: ctx, r: r, hash: sha256.New()}
}

// digest returns the SHA-256 of the raw bytes so far, in hex.
func (s *source) digest() string { return hex.EncodeToString(s.hash.Sum(nil)) }

// next appends the next block, as UTF-8, to dst. At the end of the file it sets s.eof and returns dst as it is.
func (s *source) next(dst []byte) ([]byte, error) {
	if s.eof {
		return dst, nil
	}
	if err := s.ctx.Err(); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = slices.Grow(dst, blockSize)
	n, err := io.ReadFull(s.r, dst[start:start+blockSize])
	block := dst[start : start+n]
	s.hash.Write(block)
	s.bytes += int64(n)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		s.eof = true
	case err != nil:
		if s.ctx.Err() != nil {
			return dst[:start], s.ctx.Err()
		}
		return dst[:start], &trouble.Error{
			Code: trouble.NotReadable,
			What: "read the report: " + err.Error(),
			Next: "check the file and the disk, then try again",
			Err:  err,
		}
	}
	return s.decode(dst[:start], block)
}

// decode turns block, which lies directly behind dst in memory, into UTF-8 behind dst.
func (s *source) decode(dst, block []byte) ([]byte, error) {
	if s.enc == "" {
		skip, err := s.sniff(block)
		if err != nil {
			return dst, err
		}
		if skip > 0 {
			block = block[:copy(block, block[skip:])]
		}
	}
	start := len(dst)
	switch s.enc {
	case encUTF16LE, encUTF16BE:
		s.raw = append(append(s.raw[:0], s.carry...), block...)
		dst = s.fromUTF16(dst, s.raw)
	default:
		if !s.decided && !isASCII(block) {
			s.decided = true
			s.judge(block)
		}
		switch s.enc {
		case encUTF8, encUTF8BOM:
			dst = dst[:len(dst)+len(block)]
		case encWindows1252:
			s.evidence(block)
			s.raw = append(s.raw[:0], block...)
			dst = fromWindows1252(dst, s.raw)
		default:
			s.evidence(block)
			s.raw = append(append(s.raw[:0], s.carry...), block...)
			dst = s.transformed(dst, s.raw)
		}
	}
	if s.crOnly {
		fresh := dst[start:]
		for i := bytes.IndexByte(fresh, '\r'); i >= 0; i = bytes.IndexByte(fresh, '\r') {
			fresh[i] = '\n'
			fresh = fresh[i+1:]
		}
	}
	return dst, nil
}

func (s *source) fromUTF16(dst, raw []byte) []byte {
	order := binary.ByteOrder(binary.LittleEndian)
	if s.enc == encUTF16BE {
		order = binary.BigEndian
	}
	s.carry = s.carry[:0]
	for len(raw) >= 2 {
		r := rune(order.Uint16(raw))
		switch {
		case r >= 0xd800 && r < 0xdc00: // first half of a pair
			if len(raw) < 4 {
				if !s.eof {
					s.carry = append(s.carry, raw...)
					return dst
				}
				dst, raw, s.torn = utf8.AppendRune(dst, utf8.RuneError), nil, true
				continue
			}
			low := rune(order.Uint16(raw[2:]))
			if low >= 0xdc00 && low < 0xe000 {
				r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
				raw = raw[2:]
			} else {
				r = utf8.RuneError
			}
		case r >= 0xdc00 && r < 0xe000:
			r = utf8.RuneError
		}
		dst = utf8.AppendRune(dst, r)
		raw = raw[2:]
	}
	if len(raw) == 1 {
		if s.eof {
			s.torn = true
		}
		s.carry = append(s.carry, raw[0])
	}
	return dst
}
