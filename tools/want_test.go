package tools_test

import "testing"

// want fails a test with the name of the field that is not as it should be.
func want[T comparable](t *testing.T, field string, got, expected T) {
	t.Helper()
	if got != expected {
		t.Errorf("%s: %v, want %v", field, got, expected)
	}
}

// sum adds counts up.
func sum(counts map[string]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}
