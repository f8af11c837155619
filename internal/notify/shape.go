package notify

import (
	"regexp"
	"unicode/utf8"
)

// shape is what a name may look like. The length is not part of the pattern, because a counted repeat is compiled into
// that many copies, and these are compiled before main begins.
type shape struct {
	pattern *regexp.Regexp
	most    int // characters
}

func (s shape) matches(text string) bool {
	return utf8.RuneCountInString(text) <= s.most && s.pattern.MatchString(text)
}
