package app

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTemporaryFilesOfAKilledProcessAreRemovedAndOthersStay(t *testing.T) {
	base := filepath.Join(t.TempDir(), "tmp")
	other, err := openTemp(base)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(base, "run-killed", "excelize-1")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("people"), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := openTemp(base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what a killed process left is still there: %v", err)
	}
	if _, err := os.Stat(other.dir); err != nil {
		t.Errorf("the files of a process at work are gone: %v", err)
	}
	for _, d := range []*temp{own, other} {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir(base); err != nil || len(entries) > 0 {
		t.Errorf("%d directories are left, %v", len(entries), err)
	}
}
