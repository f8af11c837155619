package e2e

import "testing"

// want fails a test with the name of the field that is not as it should be.
func want[T comparable](t *testing.T, field string, got, expected T) {
	t.Helper()
	if got != expected {
		t.Errorf("%s: %v, want %v", field, got, expected)
	}
}
