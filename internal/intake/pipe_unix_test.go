//go:build unix

package intake_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"okta-entitlements-mcp/internal/trouble"
)

func TestInboxDoesNotHangOnAPipe(t *testing.T) {
	inbox, dir := newInbox(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o644); err != nil {
		t.Skip("no pipes here: ", err)
	}
	if _, _, err := inbox.Open("pipe.csv"); trouble.CodeOf(err) != trouble.NotReadable {
		t.Errorf("got %v, want %s", err, trouble.NotReadable)
	}
	if files, err := inbox.List(); err != nil || len(files) != 0 {
		t.Errorf("got %v, %v, want no file", files, err)
	}
}
