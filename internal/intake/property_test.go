package intake_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
)

// worlds is how many random reports are read: READING_WORLDS, 120 when it is not set.
func worlds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("READING_WORLDS")
	if text == "" {
		return 120
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// granted lists who is wanted to get what, and checks that every row has one state.
func granted(t *testing.T, rep *intake.Report) map[string]bool {
	t.Helper()
	c := rep.Counts()
	if sum := c.Wanted + c.Denied + c.NoEntitlement + c.Bad + c.Expired + c.NotYetValid + c.NotSelected + c.InDoubt; sum != len(rep.Rows) {
		t.Errorf("states add up to %d of %d rows", sum, len(rep.Rows))
	}
	all := map[string]bool{}
	for _, row := range rep.Rows {
		if row.State != intake.RowWanted {
			continue
		}
		for _, v := range rep.Accesses[row.Access] {
			all[rep.People[row.Person].Email.Raw()+" "+rep.Values[v].Text.Raw()] = true
		}
	}
	return all
}

// Whatever a report looks like: nothing is wanted that its maker did not mean, and once everything is answered, exactly
// what was meant is wanted.
func TestNothingIsReadThatWasNotMeant(t *testing.T) {
	lexicons := loadWords(t)
	clear, asked, refused := 0, 0, 0
	for seed := range worlds(t) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWorld(uint64(seed), lexicons)
			defer func() {
				if t.Failed() {
					t.Logf("the report, written as %q:\n%s", w.encoding, w.text)
				}
			}()
			want := w.pairs()
			rep, err := intake.Read(context.Background(), strings.NewReader(w.file), intake.Options{Today: today()})
			switch {
			case err != nil:
				refused++
				if trouble.CodeOf(err) == "" {
					t.Errorf("an error without a code: %v", err)
				}
			case len(rep.Open()) > 0:
				asked++
				if got := granted(t, rep); len(got) > 0 {
					t.Errorf("rows are wanted while a doubt is open: %v", got)
				}
			default:
				clear++
				for pair := range granted(t, rep) {
					if !want[pair] {
						t.Errorf("wanted and not meant: %s (%s)", pair, rep.Reading.Summary())
					}
				}
			}
			w.settled(t, want)
		})
	}
	t.Logf("%d reports were clear, %d were asked about, %d were refused", clear, asked, refused)
	if total := clear + asked + refused; clear*4 < total {
		t.Errorf("only %d of %d reports were clear", clear, total)
	}
}

// settled reads the report with all answers.
func (w *world) settled(t *testing.T, want map[string]bool) {
	t.Helper()
	rep, err := intake.Read(context.Background(), strings.NewReader(w.file), intake.Options{
		Today:   today(),
		Answers: []intake.Answered{{By: intake.ByForm, Answers: w.answers()}},
	})
	if err != nil {
		t.Errorf("with all answers: %v", err)
		return
	}
	if open := rep.Open(); len(open) > 0 {
		t.Errorf("with all answers, open: %+v", open)
		return
	}
	got := granted(t, rep)
	for pair := range got {
		if !want[pair] {
			t.Errorf("with all answers, wanted and not meant: %s", pair)
		}
	}
	for pair := range want {
		if !got[pair] {
			t.Errorf("with all answers, meant and not wanted: %s (%s)", pair, rep.Reading.Summary())
		}
	}
}
