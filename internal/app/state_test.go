package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/trouble"
)

func TestStartIsRefusedWhereOthersMayWriteTheState(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists decide there; doctor says that it is not checked")
	}
	for _, name := range []string{"plans", "runs", "trail"} {
		for _, mode := range []os.FileMode{0o777, 0o770, 0o702} {
			d := newDesk(t, nil, oktasim.Options{})
			fails(t, os.Chmod(filepath.Join(d.cfg.StateDir, name), mode))
			_, err := Assemble(context.Background(), d.cfg, d.tenant.Transport(), slog.New(slog.DiscardHandler))
			if trouble.CodeOf(err) != trouble.StateNotPrivate || !strings.Contains(err.Error(), name) {
				t.Errorf("%s with mode %o: %v", name, mode, err)
			}
		}
	}
	d := newDesk(t, nil, oktasim.Options{})
	fails(t, os.Chmod(d.cfg.StateDir, 0o777))
	d.start()
	if text, failed := d.ask("about", nil); failed || !strings.Contains(text, "may be written by others") {
		t.Errorf("about does not say that others may write the state directory: %s", text)
	}
}

func TestNoRunGoesOnUponATrailThatIsDamagedInTheMiddle(t *testing.T) {
	d := newDesk(t, nil, oktasim.Options{})
	p := d.plan()
	path := filepath.Join(d.cfg.StateDir, "trail", "trail.jsonl")
	text, err := os.ReadFile(path)
	fails(t, err)
	at := bytes.Index(text, []byte(`"list_csv_files"`))
	if at < 0 {
		at = bytes.Index(text, []byte(`"execute_user_grants"`))
	}
	text[at+3] ^= 1
	fails(t, os.WriteFile(path, text, 0o600))
	d.refuses("execute_user_grants", map[string]any{"plan_id": p.PlanID}, "trail_damaged")
}

func TestAKnownSecretNeverReachesTheTrail(t *testing.T) {
	d := newDesk(t, map[string]string{"JIRA_URL": "https://jira.example.com", "JIRA_PROJECT": "SEC",
		"JIRA_PAT": "jira-secret-0123456789"}, oktasim.Options{})
	known := []string{d.tenant.Token(), "jira-secret-0123456789"}
	for _, token := range known {
		d.ask("okta_user_search", map[string]any{"query": token})
		d.ask("okta_user_search", map[string]any{"query": strings.Repeat("x", 190) + token})
		d.ask("read_csv_file", map[string]any{"filename": token + ".csv"})
		d.ask("okta_batch_user_search", map[string]any{"queries": []any{"a " + token}, token: token})
	}
	err := filepath.WalkDir(d.cfg.StateDir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, token := range known {
			if strings.Contains(string(text), token[:10]) {
				return errors.Join(err, errors.New(path+" holds a secret"))
			}
		}
		return err
	})
	fails(t, err)
}
