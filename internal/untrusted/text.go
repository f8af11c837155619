package untrusted

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"unicode/utf8"
)

// Width is how many characters of a Text are shown.
type Width int

// The widths. A new one needs a reason that none of these meets.
const (
	Word      Width = 40   // one part of a list of many: a header, a status
	Name      Width = 100  // a person, an application, an entitlement or a value
	Line      Width = 200  // what is alone on a line: a message of Okta, a file's path
	Long      Width = 400  // a cell or a list item that says something; a whole name of 255 characters fits
	Paragraph Width = 1000 // several sentences
	Whole     Width = 6000 // what a client sends back as it is: arguments that settle the doubts about a report
)

// Text is text that people outside wrote: from a report, from Okta, Jira or Slack. It gets this type where it is read.
// Every way that Go prints, logs or encodes a value shows it cleaned (see Clean) and at most Line wide; Show takes
// another width. Only Raw gives the text itself, for plans, journals, readings and calls; a test lists who calls it.
//
// Two kinds of words from outside stay strings. Ids, status words, authenticators, roles and keys of issues come out of
// lists that Okta, Jira and Slack keep and no user of theirs writes; code decides by them. A sentence of ours that quotes a
// Text is a string, because the Text was shown when it was quoted.
//
// Texts are compared by their raw text, with == and as keys of maps. A map with Texts as keys cannot be encoded as JSON,
// because two keys may look the same once they are cleaned.
type Text struct{ raw string }

// New wraps raw, as it was read.
func New(raw string) Text { return Text{raw} }

// All wraps each of a list.
func All(raw []string) []Text {
	texts := make([]Text, len(raw))
	for i := range raw {
		texts[i].raw = raw[i]
	}
	return texts
}

// Raw returns the text as it was read, byte for byte. Never show it.
func (t Text) Raw() string { return t.raw }

// IsZero reports whether there is no text at all. A text of blanks is not zero, and shows as nothing.
func (t Text) IsZero() bool { return t.raw == "" }

// Show returns the text cleaned, at most w characters of it.
func (t Text) Show(w Width) string { return Clean(t.raw, int(w)) }

// String shows the text.
func (t Text) String() string { return t.Show(Line) }

// Format shows the text for every verb, %#v and %x among them. %q quotes it; flags pad it as they pad a string.
func (t Text) Format(f fmt.State, verb rune) {
	if verb != 'q' {
		verb = 's'
	}
	var format bytes.Buffer
	format.WriteByte('%')
	if f.Flag('-') {
		format.WriteByte('-')
	}
	if width, set := f.Width(); set {
		fmt.Fprint(&format, width)
	}
	if precision, set := f.Precision(); set {
		fmt.Fprintf(&format, ".%d", precision)
	}
	format.WriteRune(verb)
	_, _ = fmt.Fprintf(f, format.String(), t.String())
}

// LogValue shows the text to slog.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON shows the text. A file of ours that must give it back takes Stored.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON keeps a JSON string as it is.
func (t *Text) UnmarshalJSON(data []byte) error {
	if n := len(data); n >= 2 && data[0] == '"' && bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data) {
		t.raw = string(data[1 : n-1]) // a decoder hands over valid JSON alone; most texts have nothing to unescape
		return nil
	}
	return json.Unmarshal(data, &t.raw)
}

// Stored is a Text in a file of ours, or in a call's body: its JSON gives the text back byte for byte. Valid UTF-8, which
// is all that JSON from outside can hold, is the same JSON string that a Go string is, so that files written before this
// type keep their bytes and digests. Other bytes, as a report may hold them, become {"bytes": base64}. Shown in any other
// way it is a Text.
type Stored struct{ Text }

// NewStored wraps raw, as it was read.
func NewStored(raw string) Stored { return Stored{New(raw)} }

// storedBytes is the form of what a JSON string cannot hold.
type storedBytes struct {
	Bytes []byte `json:"bytes"`
}

// MarshalJSON writes the text itself.
func (s Stored) MarshalJSON() ([]byte, error) {
	if !utf8.ValidString(s.raw) {
		return json.Marshal(storedBytes{[]byte(s.raw)})
	}
	if plainASCII(s.raw) {
		return append(append(append(make([]byte, 0, len(s.raw)+2), '"'), s.raw...), '"'), nil
	}
	// The encoder around this one decides whether <, > and & are escaped: what is escaped here could not be taken back.
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s.raw); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// plainASCII reports whether a text is the same between the quotes of a JSON string, as most texts are.
func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Stored) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(data, []byte("{")) {
		return s.Text.UnmarshalJSON(data)
	}
	var b storedBytes
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		return fmt.Errorf("decode stored text: %w", err)
	}
	s.raw = string(b.Bytes)
	return nil
}

// MarshalText writes the text itself where it is a key of a map.
func (s Stored) MarshalText() ([]byte, error) {
	if !utf8.ValidString(s.raw) {
		return nil, fmt.Errorf("encode stored text: %q is not UTF-8, so it cannot be a key", s.Show(Name))
	}
	return []byte(s.raw), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Stored) UnmarshalText(data []byte) error {
	s.raw = string(data)
	return nil
}

var (
	_ fmt.Formatter    = Text{}
	_ slog.LogValuer   = Text{}
	_ json.Marshaler   = Stored{}
	_ json.Unmarshaler = (*Stored)(nil)
)
