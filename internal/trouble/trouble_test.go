package trouble_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"okta-entitlements-mcp/internal/trouble"
)

func TestAnErrorIsFoundThroughEveryLayer(t *testing.T) {
	cause := &trouble.Error{Code: "file_not_found", What: "no file x.csv", Next: "call list_csv_files", Err: io.EOF}
	wrapped := fmt.Errorf("read report: %w", cause)
	if got := trouble.Find(wrapped); got != cause {
		t.Errorf("Find: got %v, want the error itself", got)
	}
	if got := trouble.CodeOf(wrapped); got != "file_not_found" {
		t.Errorf("CodeOf: got %q", got)
	}
	if !errors.Is(wrapped, io.EOF) {
		t.Error("the cause is not found")
	}
	if got, want := cause.Error(), "no file x.csv; call list_csv_files"; got != want {
		t.Errorf("Error: got %q, want %q", got, want)
	}
	if got := trouble.CodeOf(io.EOF); got != "" {
		t.Errorf("an error without a code has code %q", got)
	}
}

func TestASentinelComparesByCodeAlone(t *testing.T) {
	busy := &trouble.Error{Code: "run_busy"}
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"same code", &trouble.Error{Code: "run_busy", What: "another process runs it"}, true},
		{"other code", &trouble.Error{Code: "plan_stale", What: "Okta changed"}, false},
		{"wrapped", fmt.Errorf("apply: %w", &trouble.Error{Code: "run_busy", What: "x"}), true},
		{"no code", io.EOF, false},
	}
	for _, tt := range tests {
		if got := errors.Is(tt.err, busy); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
