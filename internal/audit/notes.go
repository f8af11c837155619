package audit

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// notes are what a reader of the result must know, each once. They are safe for concurrent use: readers of people and of
// roles write them too.
type notes struct {
	mu   sync.Mutex
	list []untrusted.Stored
}

// say adds a note for the reader, once.
func (n *notes) say(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if note := untrusted.NewStored(fmt.Sprintf(format, args...)); !slices.Contains(n.list, note) {
		n.list = append(n.list, note)
	}
}

// degrade turns a refusal of one part into a note and goes on; any other error stops the audit.
func (n *notes) degrade(err error, without string) error {
	var e *oktaclient.Error
	if !errors.As(err, &e) || !refused(err) {
		return err
	}
	why := "Okta refuses it to this credential"
	switch {
	case e.NeedScope != "":
		why = "the OAuth scope " + e.NeedScope + " is missing"
	case errors.Is(err, oktaclient.ErrFeatureOff):
		why = "the organisation does not have the feature"
	}
	n.say("%s: %s (%s %s)", without, why, e.Method, e.Pattern)
	return nil
}

// wrapDegraded does the same, and says of any other error what was tried.
func (n *notes) wrapDegraded(err error, without, what string) error {
	if err := n.degrade(err, without); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
