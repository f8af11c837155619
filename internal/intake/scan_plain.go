package intake

import (
	"encoding/binary"
	"math/bits"
)

// marksWidth is how many bytes a block has: one for each bit of a word.
const marksWidth = 64

// marks are the places of delimiters, line breaks and quotes in one block of the scanner's buffer. They are found for
// eight bytes at a time, and once for each byte: searches for one sign after the other would go over a line four times.
type marks struct {
	at   int    // where the block begins
	bits uint64 // bit i stands for the byte at+i; those of records before are cleared
	ok   bool
}

// Masks of words of eight bytes.
const (
	eachByte = 0x0101010101010101
	lowBits  = 0x7f * eachByte
	gather   = 0x0002040810204081 // brings the high bits of eight bytes side by side
)

// differs leaves the high bit clear in those bytes of word that equal the byte that pattern repeats.
func differs(word, pattern uint64) uint64 {
	x := word ^ pattern
	return (x&lowBits + lowBits) | x
}

// mark finds the marks of a block.
func mark(block []byte, delim byte) uint64 {
	var all uint64
	pattern := eachByte * uint64(delim)
	for i := 0; i < marksWidth; i += 8 {
		word := binary.LittleEndian.Uint64(block[i : i+8])
		found := ^(differs(word, pattern)&differs(word, '\n'*eachByte)&differs(word, '"'*eachByte) | lowBits)
		all |= (found * gather >> 56) << i
	}
	return all
}

// plain reads the common record: one line without quotes, with a block behind it in the buffer. False leaves everything
// to the careful way.
func (s *scanner) plain(rec *record) bool {
	m := s.marks
	if m.ok && m.at <= s.pos && s.pos < m.at+marksWidth {
		m.bits &= ^uint64(0) << (s.pos - m.at)
	} else if m = s.block(s.pos); !m.ok {
		return false
	}
	fields, from := s.fields[:0], s.pos
	for {
		for m.bits == 0 {
			if m = s.block(m.at + marksWidth); !m.ok || m.at-s.pos > s.max {
				return false
			}
		}
		at := m.at + bits.TrailingZeros64(m.bits)
		m.bits &= m.bits - 1
		switch s.buf[at] {
		case s.delim:
			fields = append(fields, s.buf[from:at])
			from = at + 1
			continue
		case '"':
			return false
		}
		end := at
		if end > from && s.buf[end-1] == '\r' {
			end--
		}
		if end == s.pos || at-s.pos > s.max {
			return false // a blank line, or one that is too long
		}
		s.fields = append(fields, s.buf[from:end])
		rec.line, rec.start, rec.flaw, rec.fields = s.line, s.base+int64(s.pos), flawNone, s.fields
		s.pos, s.marks = at+1, m
		s.line++
		return true
	}
}

func (s *scanner) block(at int) marks {
	if at+marksWidth > len(s.buf) {
		return marks{}
	}
	return marks{at: at, bits: mark(s.buf[at:at+marksWidth], s.delim), ok: true}
}
