// Package secret holds values that must never be printed: API tokens and private keys.
package secret

import (
	"fmt"
	"log/slog"
)

const masked = "[secret]"

// Secret wraps a credential. Every way that Go prints, logs or encodes a value shows a mask;
// only Reveal gives the text. The zero value is an absent secret.
//
// The text is behind a pointer because fmt asks no method of a value that an unexported field holds, and walks into it
// instead: it prints a pointer found there as an address. A plain string there would be printed.
type Secret struct{ text *string }

// New wraps text.
func New(text string) Secret { return Secret{text: &text} }

// Reveal returns the text. Call it only where the text goes onto the wire.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String returns the mask.
func (s Secret) String() string { return masked }

// Format prints the mask for every verb, %#v and %x among them.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(masked)) }

// LogValue returns the mask to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText writes the mask into JSON, YAML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }
