package intake_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"okta-entitlements-mcp/internal/intake"
)

// book writes a workbook of one sheet.
func book(t *testing.T, rows [][]any, change func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(f)
	}
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

var bookRows = [][]any{
	{"Access of Finance"},
	{"Email", "Role", "Active", "Valid To"},
	{"ada.quill@acme.example.com", "Buyer", true, time.Date(2031, 1, 31, 0, 0, 0, 0, time.UTC)},
	{"bo.renner@acme.example.com", "Viewer", false, nil},
	{"cy.tolland@acme.example.com", "Viewer", true, time.Date(2025, 1, 31, 0, 0, 0, 0, time.UTC)},
	{"dee.marsh@acme.example.com", "Viewer", true},
}

func TestWorkbooksAreReadAsTextIs(t *testing.T) {
	raw := book(t, bookRows, nil)
	rep, err := intake.Read(context.Background(), bytes.NewReader(raw), intake.Options{Today: today()})
	if err != nil {
		t.Fatal(err)
	}
	if got := letters(rep); got != "wdew" || rep.Reading.Format != "xlsx" || rep.Reading.Sheet.Raw() != "Sheet1" || rep.Rows[0].Line != 3 ||
		rep.Bytes != int64(len(raw)) || len(rep.SHA256) != 64 {
		t.Errorf("got %s, %+v", got, rep.Reading)
	}
}

func TestHiddenRowsAreAQuestion(t *testing.T) {
	raw := book(t, bookRows, func(f *excelize.File) {
		if err := f.SetRowVisible("Sheet1", 6, false); err != nil {
			t.Fatal(err)
		}
	})
	rep, err := intake.Read(context.Background(), bytes.NewReader(raw), intake.Options{Today: today()})
	if err != nil {
		t.Fatal(err)
	}
	if open := rep.Open(); len(open) != 1 || open[0].Code != intake.DoubtHidden ||
		open[0].Answers[0].Effect == open[0].Answers[1].Effect {
		t.Fatalf("got %+v, want one question about hidden rows whose answers differ", open)
	}
	for hidden, want := range map[string]string{intake.HiddenInclude: "wdew", intake.HiddenLeaveOut: "wde"} {
		rep, err := intake.Read(context.Background(), bytes.NewReader(raw),
			intake.Options{
				Today:   today(),
				Answers: []intake.Answered{{By: intake.ByForm, Answers: intake.Answers{Hidden: hidden}}},
			})
		if err != nil {
			t.Fatal(err)
		}
		if got := letters(rep); got != want || len(rep.Open()) > 0 {
			t.Errorf("%s: got %s, want %s; open %+v", hidden, got, want, rep.Open())
		}
	}
}

func TestWorkbooksHavePages(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "access.xlsx"), book(t, bookRows, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	inbox, err := intake.NewInbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer inbox.Close()
	if files, err := inbox.List(); err != nil || len(files) != 1 {
		t.Fatalf("got %v, %v", files, err)
	}
	page, err := inbox.Page(context.Background(), "access.xlsx", "", 3, intake.Options{})
	if err != nil || len(page.Rows) != 3 || page.Next == "" ||
		page.Rows[0].Cells[0].Raw() != "ada.quill@acme.example.com" {
		t.Fatalf("got %+v, %v", page, err)
	}
	page, err = inbox.Page(context.Background(), "access.xlsx", page.Next, 3, intake.Options{})
	if err != nil || len(page.Rows) != 1 || page.Next != "" || page.Rows[0].Line != 6 {
		t.Errorf("got %+v, %v", page, err)
	}
}
