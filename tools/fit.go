package tools

import "encoding/json"

// fitted builds an answer whose lists have at most this many items, and again with fewer until it fits the bound on
// answers: what people write into names can be long. How the rest is had is for the answer itself to say.
func fitted[Out any](most int, build func(most int) (Out, error)) (Out, error) {
	for {
		out, err := build(most)
		if err != nil || most <= 1 {
			return out, err
		}
		text, err := json.Marshal(out)
		if err != nil || len(text) <= maxResult {
			return out, err
		}
		most /= 2
	}
}
