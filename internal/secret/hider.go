package secret

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
)

// Hider takes known secrets out of text, wherever they are given: as an argument of another name, in an address, in a
// message of a library. Its zero value knows none.
type Hider struct{ texts *[]string } // behind a pointer for the reason given at Secret

// shortest is the length in bytes of the shortest secret that is looked for: a shorter one is found in ordinary words.
const shortest = 8

// NewHider knows these secrets. Of a key with several lines, or in JSON, each long part counts by itself.
func NewHider(secrets ...Secret) *Hider {
	var texts []string
	for _, s := range secrets {
		texts = append(texts, s.Reveal())
		texts = append(texts, partsOf(s.Reveal())...)
	}
	texts = slices.DeleteFunc(texts, func(text string) bool { return len(text) < shortest })
	// The longest first, or a part would break up the whole.
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	texts = slices.Compact(texts)
	return &Hider{&texts}
}

// partsOf are the lines of a PEM, without its frame, and the private members of a JWK.
func partsOf(text string) []string {
	const long = 20
	var parts []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if len(line) >= long && line != text && !strings.HasPrefix(line, "-----") {
			parts = append(parts, line)
		}
	}
	var members map[string]any
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &members) != nil {
		return parts
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
		if member, ok := members[name].(string); ok && len(member) >= long {
			parts = append(parts, member)
		}
	}
	return parts
}

// Hide returns the text with a mask in place of every secret.
func (h *Hider) Hide(text string) string {
	if h == nil || h.texts == nil {
		return text
	}
	for _, s := range *h.texts {
		text = strings.ReplaceAll(text, s, masked)
	}
	return text
}

// Value returns a value as JSON has it (texts, lists, maps) with every text in it hidden. The argument is not changed.
func (h *Hider) Value(v any) any {
	switch v := v.(type) {
	case string:
		return h.Hide(v)
	case []string:
		out := make([]string, len(v))
		for i, s := range v {
			out[i] = h.Hide(s)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = h.Value(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[h.Hide(key)] = h.Value(item)
		}
		return out
	}
	return v
}

// Attr hides the secrets in an attribute of a log line, for slog.HandlerOptions.ReplaceAttr.
func (h *Hider) Attr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString, slog.KindAny:
		text := a.Value.String()
		if hidden := h.Hide(text); hidden != text {
			a.Value = slog.StringValue(hidden)
		}
	}
	return a
}
