package intake

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/transform"

	"okta-entitlements-mcp/internal/intake/charset"
	"okta-entitlements-mcp/internal/trouble"
)

// maxEvidence is how many bytes of lines beyond ASCII are kept to judge the encoding by.
const maxEvidence = 64 << 10

// answered takes the encoding that an answer names; "" leaves it to the bytes.
func (s *source) answered(name string) error {
	if name == "" {
		return nil
	}
	e, known := charset.Find(name)
	if !known {
		var all []string
		for _, e := range charset.All() {
			all = append(all, string(e))
		}
		return &trouble.Error{
			Code: trouble.BadEncoding,
			What: fmt.Sprintf("no encoding %q is read", clip(name, 40)),
			Next: "name one of " + strings.Join(all, ", "),
		}
	}
	s.given = e
	return nil
}

func clip(s string, n int) string { return s[:min(len(s), n)] }

// judge decides the encoding from the first block with bytes over 0x7f. Everything before it was ASCII, so the choice
// holds for the whole file. Whether it was certain is asked once more at the end, with more evidence.
func (s *source) judge(block []byte) {
	if s.enc != encUTF8 {
		return
	}
	if s.given != "" {
		s.use(s.given)
		return
	}
	if !looksLegacy(block) {
		if guess := charset.Detect(block); guess.Encoding == charset.UTF8Twice {
			s.use(charset.UTF8Twice)
		}
		return
	}
	guess := charset.Detect(block)
	if !guess.Certain && slices.ContainsFunc(guess.Candidates,
		func(c charset.Candidate) bool { return c.Encoding == charset.Windows1252 }) {
		guess.Encoding = charset.Windows1252 // the most usual one, until the question is answered
	}
	s.use(guess.Encoding)
}

// use sets the encoding.
func (s *source) use(e charset.Encoding) {
	s.enc = string(e)
	switch e {
	case charset.UTF8, charset.Windows1252, charset.UTF16LE, charset.UTF16BE:
	default:
		s.decoder = e.NewDecoder()
	}
}

// evidence keeps lines with bytes over 0x7f.
func (s *source) evidence(block []byte) {
	if len(s.high) >= maxEvidence || isASCII(block) {
		return
	}
	for line := range bytes.Lines(block) {
		if len(s.high)+len(line) > maxEvidence {
			return
		}
		if !isASCII(line) {
			s.high = append(s.high, line...)
		}
	}
}

// transformed decodes raw behind dst and keeps what is cut at its end for the next block.
func (s *source) transformed(dst, raw []byte) []byte {
	var buf [16 << 10]byte
	for {
		wrote, read, err := s.decoder.Transform(buf[:], raw, s.eof)
		dst, raw = append(dst, buf[:wrote]...), raw[read:]
		if !errors.Is(err, transform.ErrShortDst) {
			break
		}
	}
	s.carry = append(s.carry[:0], raw...)
	return dst
}

// encodingDoubt asks for the encoding where the bytes allow several, nil when they do not.
func (s *source) encodingDoubt() *Doubt {
	if len(s.high) == 0 || s.given != "" {
		return nil
	}
	guess := charset.Detect(s.high)
	if guess.Certain && string(guess.Encoding) == s.enc {
		return nil
	}
	q := &Doubt{
		Code:     DoubtEncoding,
		Question: "in which character encoding is the file? names in it read differently",
	}
	for _, c := range guess.Candidates[:min(len(guess.Candidates), 5)] {
		label := string(c.Encoding)
		if len(c.Names) > 0 {
			label += ": " + quoted(c.Names...)
		}
		q.Answers = append(q.Answers, answer(label, Answers{Encoding: string(c.Encoding)}))
	}
	return q
}
