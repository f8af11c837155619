package oktaclient

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// count is a small number that is a string in some of Okta's documents and a number in others; what is neither is 0.
type count int

// UnmarshalJSON implements json.Unmarshaler.
func (c *count) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(string(bytes.Trim(text, `"`)), 10, 32)
	if err != nil {
		n = 0
	}
	*c = count(n)
	return nil
}

// loose is a text of a field that Okta does not promise to keep: what is no string is "".
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(text []byte) error {
	*l = ""
	if text[0] == '"' {
		return json.Unmarshal(text, (*string)(l))
	}
	return nil
}

// instant reads one of Okta's times, with or without a fraction; what cannot be read is the zero time.
func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
