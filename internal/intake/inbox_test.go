package intake_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"

	"okta-entitlements-mcp/internal/trouble"
)

func newInbox(t *testing.T) (*intake.Inbox, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "csv")
	inbox, err := intake.NewInbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inbox.Close() })
	return inbox, dir
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const smallReport = "Email,Role\nada@acme.example.com,Admin\n"

func TestInboxListsReportsAndTheirState(t *testing.T) {
	inbox, dir := newInbox(t)
	for _, name := range []string{"b.csv", "a.CSV", "notes.md", ".hidden.csv", "processed/c.csv",
		"processed_and_assigned/d.tsv", "other/e.csv"} {
		put(t, dir, name, smallReport)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.csv"), 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := inbox.List()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, fmt.Sprintf("%s %s %d", f.Name, f.State, f.Size))
	}
	want := []string{"a.CSV new 38", "b.csv new 38", "other/e.csv new 38", "processed/c.csv processed 38",
		"processed_and_assigned/d.tsv processed_and_assigned 38"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInboxMakesNoFoldersBeforeTheyAreNeeded(t *testing.T) {
	_, dir := newInbox(t)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v, want an empty folder", entries, err)
	}
}

func TestInboxRefusesNamesThatLeadOut(t *testing.T) {
	inbox, dir := newInbox(t)
	put(t, filepath.Dir(dir), "secret.csv", smallReport)
	put(t, dir, ".env.csv", smallReport)
	put(t, dir, "processed/x.csv", smallReport)
	for _, name := range []string{"", "../secret.csv", "processed/../../secret.csv", "processed/../processed/x.csv",
		filepath.Join(filepath.Dir(dir), "secret.csv"), "/etc/passwd",
		`..\secret.csv`, `C:\secret.csv`, "C:secret.csv", ".env.csv", "./processed/x.csv", "processed//x.csv",
		"a\x00.csv", "a\n.csv", "processed/.."} {
		if _, _, err := inbox.Open(name); trouble.CodeOf(err) != trouble.OutsideInbox {
			t.Errorf("%q: got %v, want %s", name, err, trouble.OutsideInbox)
		}
		if _, err := inbox.Move(name, intake.FileProcessed); trouble.CodeOf(err) != trouble.OutsideInbox {
			t.Errorf("move %q: got %v, want %s", name, err, trouble.OutsideInbox)
		}
	}
}

func TestInboxFollowsNoLinkThatLeadsOut(t *testing.T) {
	inbox, dir := newInbox(t)
	outside := filepath.Dir(dir)
	put(t, outside, "secret.csv", smallReport)
	put(t, dir, "real.csv", smallReport)
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	link(filepath.Join(outside, "secret.csv"), "absolute.csv")
	link("../secret.csv", "relative.csv")
	link("..", "processed")
	link("real.csv", "inside.csv")
	for _, name := range []string{"absolute.csv", "relative.csv", "processed/secret.csv"} {
		if _, _, err := inbox.Open(name); trouble.CodeOf(err) != trouble.OutsideInbox {
			t.Errorf("%s: got %v, want %s", name, err, trouble.OutsideInbox)
		}
	}
	f, _, err := inbox.Open("inside.csv")
	if err != nil {
		t.Fatalf("a link inside the inbox: %v", err)
	}
	f.Close()
	if _, err := inbox.Move("real.csv", intake.FileProcessed); err == nil {
		t.Error("a file moved through a link that leads out")
	}
	if _, err := os.Stat(filepath.Join(outside, "real.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file left the inbox: %v", err)
	}
	files, err := inbox.List()
	if err != nil || len(files) != 2 {
		t.Errorf("got %v, %v, want the file and the link inside", files, err)
	}
}

func TestInboxTellsWhatIsNoFile(t *testing.T) {
	inbox, dir := newInbox(t)
	put(t, dir, "sub/x.csv", smallReport)
	if _, _, err := inbox.Open("missing.csv"); trouble.CodeOf(err) != trouble.FileNotFound {
		t.Errorf("got %v, want %s", err, trouble.FileNotFound)
	}
	if _, _, err := inbox.Open("sub"); trouble.CodeOf(err) != trouble.NotReadable {
		t.Errorf("got %v, want %s", err, trouble.NotReadable)
	}
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		put(t, dir, "locked.csv", smallReport)
		if err := os.Chmod(filepath.Join(dir, "locked.csv"), 0); err != nil {
			t.Fatal(err)
		}
		if _, _, err := inbox.Open("locked.csv"); trouble.CodeOf(err) != trouble.NotReadable {
			t.Errorf("got %v, want %s", err, trouble.NotReadable)
		}
	}
}

func TestInboxMovesWithoutOverwriting(t *testing.T) {
	inbox, dir := newInbox(t)
	put(t, dir, "r.csv", "first")
	put(t, dir, "processed/r.csv", "older")
	got, err := inbox.Move("r.csv", intake.FileProcessed)
	if err != nil || got != "processed/r-2.csv" {
		t.Fatalf("got %q, %v", got, err)
	}
	if got, err = inbox.Move(got, intake.FileAssigned); err != nil || got != "processed_and_assigned/r-2.csv" {
		t.Fatalf("got %q, %v", got, err)
	}
	if again, err := inbox.Move(got, intake.FileAssigned); err != nil || again != got {
		t.Errorf("moving to where it is: got %q, %v", again, err)
	}
	for name, want := range map[string]string{"processed/r.csv": "older", "processed_and_assigned/r-2.csv": "first"} {
		if text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil || string(text) != want {
			t.Errorf("%s: got %q, %v, want %q", name, text, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "r.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still in its old place: %v", err)
	}
	if _, err := inbox.Move("processed/r.csv", "elsewhere"); err == nil {
		t.Error("an unknown state was accepted")
	}
}

func TestInboxHashIsThatOfTheReport(t *testing.T) {
	inbox, dir := newInbox(t)
	put(t, dir, "r.csv", smallReport)
	rep, err := inbox.Read(context.Background(), "r.csv", intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := inbox.Hash(context.Background(), "r.csv")
	if err != nil || hash != rep.SHA256 || rep.File != "r.csv" {
		t.Errorf("got %s, %v, want %s", hash, err, rep.SHA256)
	}
}

func TestPagesJoinToTheWholeFile(t *testing.T) {
	body := ""
	for i := range 137 {
		body += fmt.Sprintf("p%d@acme.example.com;\"Rôle\nNo %d\"\r\n", i, i)
	}
	texts := map[string]string{"utf-8": "Email;Role\n" + body, "mark": "\ufeffEmail;Role\n" + body,
		"ascii": "Email;Role\n" +
			strings.ReplaceAll(body, "ô", "o"),
		"windows-1252": "Email;Role\n" + strings.ReplaceAll(body, "ô", "\xf4"), "utf-16": "\xff\xfe" +
			strings.Join(strings.Split(strings.ReplaceAll("Email;Role\n"+body, "ô", "o"), ""), "\x00") + "\x00"}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			inbox, dir := newInbox(t)
			put(t, dir, "r.csv", text)
			cursor, n, pages := "", 0, 0
			for {
				page, err := inbox.Page(context.Background(), "r.csv", cursor, 10, intake.Options{})
				if err != nil {
					t.Fatal(err)
				}
				pages++
				for _, row := range page.Rows {
					if row.Line != 2+2*n || len(row.Cells) != 2 || row.Cells[0].Raw() != fmt.Sprintf("p%d@acme.example.com", n) ||
						!strings.HasSuffix(row.Cells[1].Raw(), fmt.Sprintf("le\nNo %d", n)) {
						t.Fatalf("row %d: got %+v", n, row)
					}
					n++
				}
				if len(page.Columns) != 2 || page.Columns[0].Role != intake.RoleUser {
					t.Fatalf("got columns %+v", page.Columns)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if n != 137 || pages != 14 {
				t.Errorf("got %d rows on %d pages", n, pages)
			}
		})
	}
}

func TestPagesJoinAcrossBlocks(t *testing.T) {
	long := strings.Repeat("Account Manager ", 8) + "of the North"
	for name, text := range map[string]string{"ascii": "", "mark": "\ufeff", "late accent": "", "late windows-1252": ""} {
		var b strings.Builder
		b.WriteString(text + "Email,Role\n")
		const rows = 12_000
		for i := range rows {
			fmt.Fprintf(&b, "person%d@acme.example.com,%s", i, long)
			switch {
			case i > rows-2000 && name == "late accent":
				b.WriteString(" é")
			case i > rows-2000 && name == "late windows-1252":
				b.WriteString(" \xe9")
			}
			b.WriteByte('\n')
		}
		inbox, dir := newInbox(t)
		put(t, dir, "r.csv", b.String())
		cursor, n := "", 0
		for {
			page, err := inbox.Page(context.Background(), "r.csv", cursor, 500, intake.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Rows {
				role := long
				if n > rows-2000 && strings.HasPrefix(name, "late") {
					role += " é"
				}
				if row.Line != n+2 || row.Cells[0].Raw() != fmt.Sprintf("person%d@acme.example.com", n) ||
					row.Cells[1].Raw() != role {
					t.Fatalf("%s, row %d: got %+v", name, n, row)
				}
				n++
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if n != rows {
			t.Errorf("%s: got %d rows", name, n)
		}
	}
}

func TestPageShowsFilesThatCannotBeImported(t *testing.T) {
	inbox, dir := newInbox(t)
	put(t, dir, "r.csv", "What,Which\na,b\nc\n\"d\n")
	page, err := inbox.Page(context.Background(), "r.csv", "", 0, intake.Options{})
	if err != nil || len(page.Rows) != 3 || page.Rows[1].Problem != intake.ProblemRagged ||
		page.Rows[2].Problem != intake.ProblemUnclosedQuote {
		t.Errorf("got %+v, %v", page, err)
	}
}

func TestCursorNoticesAnotherFile(t *testing.T) {
	inbox, dir := newInbox(t)
	text := "Email,Role\n" + strings.Repeat("ada@acme.example.com,A\n", 20)
	put(t, dir, "r.csv", text)
	put(t, dir, "s.csv", text)
	page, err := inbox.Page(context.Background(), "r.csv", "", 5, intake.Options{})
	if err != nil || page.Next == "" {
		t.Fatal(page, err)
	}
	for _, cursor := range []string{"nonsense", "!!", page.Next + "x"} {
		if _, err := inbox.Page(context.Background(), "r.csv", cursor, 5,
			intake.Options{}); trouble.CodeOf(err) != trouble.BadCursor {
			t.Errorf("%q: got %v, want %s", cursor, err, trouble.BadCursor)
		}
	}
	if _, err := inbox.Page(context.Background(), "s.csv", page.Next, 5,
		intake.Options{}); trouble.CodeOf(err) != trouble.BadCursor {
		t.Errorf("a cursor of another file: got %v", err)
	}
	if err := os.Chtimes(filepath.Join(dir, "r.csv"), time.Time{}, time.Unix(1_700_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := inbox.Page(context.Background(), "r.csv", page.Next, 5,
		intake.Options{}); trouble.CodeOf(err) != trouble.FileChanged {
		t.Errorf("got %v, want %s", err, trouble.FileChanged)
	}
}

func TestAMovedReportKeepsItsFoldersAndItsBareName(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "s3", "hr"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "s3", "hr", "may.csv"), []byte("Email,Role\na@x.example,Admin\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	inbox, err := intake.NewInbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer inbox.Close()
	for _, state := range []intake.FileState{intake.FileProcessed, intake.FileAssigned} {
		files, err := inbox.List()
		if err != nil || len(files) != 1 {
			t.Fatalf("list: %v, %v", files, err)
		}
		moved, err := inbox.Move(files[0].Name, state)
		if want := string(state) + "/s3/hr/may.csv"; err != nil || moved != want {
			t.Fatalf("moved to %q, %v; want %q", moved, err, want)
		}
		if bare := intake.Bare(moved); bare != "s3/hr/may.csv" {
			t.Errorf("bare name %q", bare)
		}
	}
}
