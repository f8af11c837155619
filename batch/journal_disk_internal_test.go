//go:build linux || darwin

package batch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"okta-entitlements-mcp/internal/fulldisk"
	"okta-entitlements-mcp/internal/policy"
)

// TestNothingIsWrittenAfterALineThatFailed keeps operations from being sent whose begin is on no disk.
func TestNothingIsWrittenAfterALineThatFailed(t *testing.T) {
	fulldisk.Alone(t, "A LINE FAILED", func(t *testing.T) {
		failOnce(t)
	})
}

func failOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	writeJournal(t, path)
	j, err := openJournal(path, testPlan(), policy.Confirmation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fulldisk.Limit(t, uint64(len(before))+10)
	failed := j.begin(1, testKeys[1])
	fulldisk.Limit(t, ^uint64(0))
	if !errors.Is(failed, ErrJournal) {
		t.Errorf("a line on a full disk: %v", failed)
	}
	// There is space again, but the line before is not there.
	if err := j.begin(2, testKeys[2]); !errors.Is(err, ErrJournal) {
		t.Errorf("a line after one that failed: %v", err)
	}
	_ = j.close()
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(after, before) {
		t.Errorf("%d bytes became %d, %v", len(before), len(after), err)
	}
	fmt.Println("A LINE FAILED")
}
