package simwire

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServeDirectoryHoldsNoPrivateKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := issueCertificate(dir, "sim.local"); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || strings.Contains(string(text), "PRIVATE KEY") {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}
