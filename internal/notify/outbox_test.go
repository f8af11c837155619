package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/notify"
)

func newOutbox(t *testing.T, dir string) *notify.Outbox {
	t.Helper()
	b, err := notify.NewOutbox(dir, 10*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, b *notify.Outbox, key, payload string) {
	t.Helper()
	if err := b.Put(context.Background(), "slack", key, payload); err != nil {
		t.Fatal(err)
	}
}

// flush delivers all but those that refuse, and returns the payloads in the order in which they came.
func flush(t *testing.T, b *notify.Outbox, refuse ...string) (came []string, f notify.Flushed) {
	t.Helper()
	f, err := b.Flush(context.Background(), func(_ context.Context, i notify.Item) error {
		var text string
		if err := json.Unmarshal(i.Payload, &text); err != nil {
			t.Fatal(err)
		}
		came = append(came, text)
		if slices.Contains(refuse, text) {
			return errors.New("slack is down")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return came, f
}

func TestWhatCannotBeDeliveredWaitsInOrderAndIsRetriedByALaterProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b := newOutbox(t, dir)
		for _, text := range []string{"a1", "b1", "c1"} {
			put(t, b, text[:1], text)
			time.Sleep(time.Hour)
		}
		put(t, b, "b", "b2") // newer, and in the place of the older
		came, f := flush(t, b, "a1")
		if strings.Join(came, " ") != "a1 b2 c1" || len(f.Delivered) != 2 || len(f.Waiting) != 1 {
			t.Fatalf("%v %+v", came, f)
		}
		waiting, err := newOutbox(t, dir).Waiting()
		if err != nil || len(waiting) != 1 || waiting[0].Error != "slack is "+
			"down" || waiting[0].Tries != 1 || time.Since(waiting[0].Since) != 3*time.Hour {
			t.Fatalf("%+v, %v", waiting, err)
		}
		if came, f := flush(t, newOutbox(t, dir)); strings.Join(came, " ") != "a1" || f.Delivered[0].Tries != 2 {
			t.Errorf("%v %+v", came, f)
		}
		if came, _ := flush(t, b); came != nil {
			t.Errorf("delivered twice: %v", came)
		}
	})
}

func TestAnItemPutAnewWhileItIsDeliveredStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newOutbox(t, t.TempDir())
		put(t, b, "k", "old")
		_, err := b.Flush(context.Background(), func(context.Context, notify.Item) error {
			time.Sleep(time.Second)
			put(t, b, "k", "new")
			return nil
		})
		if came, _ := flush(t, b); err != nil || strings.Join(came, " ") != "new" {
			t.Errorf("%v, %v", came, err)
		}
	})
}

func TestOldItemsExpireWithAWordAndDamagedOnesAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b := newOutbox(t, dir)
		put(t, b, "old", "old")
		time.Sleep(6 * 24 * time.Hour)
		put(t, b, "young", "young")
		if err := os.WriteFile(filepath.Join(dir, "000000000099-0123456789abcdef.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * 24 * time.Hour)
		came, f := flush(t, b)
		if strings.Join(came, " ") != "young" || len(f.Expired) != 1 || f.Expired[0].Key != "old" || len(f.Damaged) != 1 {
			t.Errorf("%v %+v", came, f)
		}
		if _, f := flush(t, b); len(f.Expired) != 0 || len(f.Damaged) != 1 {
			t.Errorf("later: %+v", f)
		}
	})
}

func TestARegisterRemembersAcrossProcessesAndTornLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		open := func() *notify.Once {
			o, err := notify.NewOnce(dir)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		ctx := context.Background()
		if at, err := open().LastSent("kim@example.com"); err != nil || !at.IsZero() {
			t.Fatalf("%v %v", at, err)
		}
		first := time.Now().UTC()
		if err := open().Note(ctx, "Kim@Example.com ", first); err != nil {
			t.Fatal(err)
		}
		if _, claimed, err := open().Claim(ctx, "kim@example.com", time.Hour); err != nil || claimed {
			t.Errorf("claimed %t, %v", claimed, err)
		}
		time.Sleep(time.Hour)
		before, claimed, err := open().Claim(ctx, "kim@example.com", time.Hour)
		if err != nil || !claimed || !before.Equal(first) {
			t.Errorf("claimed %t, before %v, %v", claimed, before, err)
		}
		if err := open().Forget(ctx, "kim@example.com", before); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(filepath.Join(dir, "told.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"key":"kim@ex`); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if at, err := open().LastSent("kim@example.com"); err != nil || !at.Equal(first) {
			t.Errorf("%v, %v", at, err)
		}
		if err := open().Note(ctx, "ana@example.com", first); err != nil {
			t.Error(err)
		}
		if at, err := open().LastSent("ana@example.com"); err != nil || !at.Equal(first) {
			t.Errorf("%v, %v", at, err)
		}
	})
}
