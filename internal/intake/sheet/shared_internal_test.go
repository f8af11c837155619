package sheet

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestManySharedTextsGoToAFileThatIsRemoved(t *testing.T) {
	dir := t.TempDir()
	s := &shared{limit: 1000}
	text := func(i int) string { return fmt.Sprintf("text %d %s", i, strings.Repeat("é", i%7)) }
	for i := range 500 {
		if err := s.add(text(i), dir); err != nil {
			t.Fatal(err)
		}
	}
	if s.file == nil {
		t.Fatal("the texts are still in memory")
	}
	if err := s.out.Flush(); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if got, err := s.get(i); got != text(i) || err != nil {
			t.Fatalf("text %d is %q, %v", i, got, err)
		}
	}
	if _, err := s.get(500); err == nil {
		t.Error("a text that is not there has no error")
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}
