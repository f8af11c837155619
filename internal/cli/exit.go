package cli

import (
	"errors"
	"fmt"
	"os"

	"okta-entitlements-mcp/internal/app"
)

// Exit codes of the program; 0 is success. A higher one outweighs a lower one when both apply.
const (
	ExitFailed     = 1 // it did not work
	ExitUsage      = 2 // wrong use or configuration: an app.UsageError
	ExitUnfinished = 3 // rows of a run are left over, a report's reading is in doubt, or a part of an audit's report could not be delivered
	ExitFinding    = 4 // a condition of --fail-on holds
)

// failure is an error with an exit code of its own.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage makes an error one of wrong use.
func usage(err error) error { return &app.UsageError{Err: err} }

// exitCode prints an error once and turns it into the code of the process.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "okta-entitlements-mcp:", err)
	return codeOf(err)
}

func codeOf(err error) int {
	var f *failure
	var wrong *app.UsageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &wrong):
		return ExitUsage
	default:
		return ExitFailed
	}
}
