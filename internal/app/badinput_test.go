package app

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// fileTools are the tools that take a report, each with what else it needs.
func fileTools(name, app string) map[string]map[string]any {
	file, both := map[string]any{"filename": name}, map[string]any{"filename": name, "app_id": app}
	return map[string]map[string]any{"read_csv_file": file, "validate_csv_preflight": file,
		"analyze_csv_for_entitlements":  file,
		"prepare_entitlement_structure": both, "execute_user_grants": both}
}

// fails stops a test whose preparation did not work.
func fails(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func workbook() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if f, err := z.Create("xl/workbook.xml"); err == nil {
		_, _ = f.Write([]byte("<workbook/>"))
	}
	_ = z.Close()
	return b.Bytes()
}

func TestBadFilesAreRefusedByEachTool(t *testing.T) {
	for _, c := range []struct {
		name, file, code string
		make             func(t *testing.T, d *desk)
	}{
		{"missing", "missing.csv", "file_not_found", nil},
		{"empty", "empty.csv", "empty_file", func(t *testing.T, d *desk) { d.put("empty.csv", nil) }},
		{"blank lines", "blank.csv", "empty_file", func(t *testing.T, d *desk) { d.put("blank.csv", []byte("\r\n \n\n")) }},
		{"header only", "header.csv", "header_only",
			func(t *testing.T, d *desk) { d.put("header.csv", []byte("Email,Role\n")) }},
		{"workbook that is damaged", "book.csv", "workbook_damaged",
			func(t *testing.T, d *desk) { d.put("book.csv", workbook()) }},
		{"binary", "binary.csv", "binary_file",
			func(t *testing.T, d *desk) { d.put("binary.csv", bytes.Repeat([]byte{0, 1, 2, 0xff, 0xfe}, 4000)) }},
		{"50 MB in one line", "line.csv", "line_too_long",
			func(t *testing.T, d *desk) { d.put("line.csv", bytes.Repeat([]byte("x"), 50<<20)) }},
		{"50 MB in one cell", "cell.csv", "line_too_long", func(t *testing.T, d *desk) {
			d.put("cell.csv", append([]byte("Email,Role\nada@acme.example.com,"), bytes.Repeat([]byte("x"), 50<<20)...))
		}},
		{"no user column", "no_user.csv", "no_user_column",
			func(t *testing.T, d *desk) { d.put("no_user.csv", []byte("Colour,Size\nred,1\nblue,2\n")) }},
		{"path with dots", "../secret.csv", "outside_inbox", func(t *testing.T, d *desk) {
			fails(t, os.WriteFile(filepath.Join(d.cfg.CSVDir, "..", "secret.csv"), []byte(good), 0o644))
		}},
		{"dots further in", "processed/../../secret.csv", "outside_inbox", nil},
		{"absolute path", "/etc/passwd", "outside_inbox", nil},
		{"drive", `C:\reports\may.csv`, "outside_inbox", nil},
		{"nothing", " ", "file_not_found", nil},
		{"link out of the inbox", "link.csv", "outside_inbox",
			func(t *testing.T, d *desk) { link(t, "../outside.csv", d.path("link.csv"), good) }},
		{"folder that is a link", "links/outside.csv", "outside_inbox", func(t *testing.T, d *desk) {
			link(t, t.TempDir(), d.path("links"), "")
		}},
		{"link to nothing", "dangling.csv", "file_not_found",
			func(t *testing.T, d *desk) { link(t, "nowhere.csv", d.path("dangling.csv"), "") }},
		{"folder", "folder.csv", "not_readable",
			func(t *testing.T, d *desk) { fails(t, os.Mkdir(d.path("folder.csv"), 0o755)) }},
		{"unreadable", "closed.csv", "not_readable", func(t *testing.T, d *desk) {
			if runtime.GOOS == "windows" || os.Geteuid() == 0 {
				t.Skip("this user may read everything")
			}
			d.put("closed.csv", []byte(good))
			fails(t, os.Chmod(d.path("closed.csv"), 0))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil, oktasim.Options{})
			if c.make != nil {
				c.make(t, d)
			}
			for tool, args := range fileTools(c.file, d.app) {
				if tool == "read_csv_file" && (c.code == "no_user_column" || c.code == "header_only") {
					continue // it shows any table
				}
				d.refuses(tool, args, c.code)
			}
			// A bad file beside it does not keep a good one from being used.
			d.plan()
		})
	}
}

// link makes a symbolic link, and the file that it leads to when there is content for one.
func link(t *testing.T, target, at, content string) {
	t.Helper()
	if content != "" {
		fails(t, os.WriteFile(filepath.Join(filepath.Dir(at), target), []byte(content), 0o644))
	}
	if err := os.Symlink(target, at); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

func TestFileThatChangesBetweenStagesIsNoticed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, oktasim.Options{})
	text, _ := d.ask("read_csv_file", map[string]any{"filename": "report.csv", "limit": 1})
	var page tools.ReadFileOut
	fails(t, json.Unmarshal([]byte(text), &page))
	p := d.plan()
	d.put("report.csv", []byte(strings.ReplaceAll(good, "Viewer", "Admin")))
	d.refuses("execute_user_grants", map[string]any{"plan_id": p.PlanID}, "file_changed")
	d.refuses("read_csv_file", map[string]any{"filename": "report.csv", "cursor": page.NextCursor}, "file_changed")
	d.refuses("read_csv_file", map[string]any{"filename": "report.csv", "cursor": "nonsense"}, "bad_cursor")
	if next := d.plan(); next.PlanID == p.PlanID {
		t.Error("the plan of the changed file bears the old id")
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, oktasim.Options{})
	file := func(more map[string]any) map[string]any {
		more["filename"], more["app_id"] = "report.csv", d.app
		return more
	}
	for _, c := range []struct {
		name, tool, code string
		args             map[string]any
	}{
		{"unknown argument", "execute_user_grants", "unknown_argument", file(map[string]any{"dry_run": true})},
		{"wrong type", "read_csv_file", "wrong_type", map[string]any{"filename": 7}},
		{"wrong word", "prepare_entitlement_structure", "wrong_value", file(map[string]any{"mode": "merge"})},
		{"column that is not there", "analyze_csv_for_entitlements", "unknown_column",
			map[string]any{"filename": "report.csv", "columns": map[string]any{"user": "Person"}}},
		{"one column twice", "analyze_csv_for_entitlements", "mapping_clash",
			map[string]any{"filename": "report.csv",
				"columns": map[string]any{"user": "Email", "entitlements": []string{"Email"}}}},
		{"app that is not there", "execute_user_grants", "app_not_found",
			map[string]any{"filename": "report.csv", "app_id": "0oaaaaaaaaaaaaaaaaaa"}},
		{"app that is no id", "execute_user_grants", "invalid_argument",
			map[string]any{"filename": "report.csv", "app_id": "../users"}},
		{"group that is not there", "execute_user_grants", "not_found",
			file(map[string]any{"assign_via_group": "00gaaaaaaaaaaaaaaaaa"})},
		{"entitlement that is not there", "okta_iga_list_entitlement_values", "not_found",
			map[string]any{"entitlement_id": "espaaaaaaaaaaaaaaaaa"}},
		{"plan that is not there", "execute_user_grants", "plan_not_found",
			map[string]any{"plan_id": "plan_" + strings.Repeat("a", 32)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{t: t, tenant: d.tenant, app: d.app, cfg: d.cfg, client: d.client}
			d.refuses(c.tool, c.args, c.code)
		})
	}
}

// TestOktaThatRefusesIsExplained: what Okta refuses is reported with our code, Okta's own, and what to do. An Okta
// that does not answer at all is a matter of minutes, and tested in package tools where they pass at once.
func TestOktaThatRefusesIsExplained(t *testing.T) {
	for _, c := range []struct {
		name, code, okta string
		next             string // a word of the next step
		spoil            func(d *desk)
	}{
		{"app inactive", "app_inactive", "", "activate", func(d *desk) { d.tenant.SetAppStatus(d.app, "INACTIVE") }},
		{"app not opted in", "entitlement_management_off", "", "Admin Console",
			func(d *desk) { d.tenant.SetOptIn(d.app, "DISABLED") }},
		{"token rejected", "token_rejected", "E0000011", "OKTA_API_TOKEN", func(d *desk) { d.tenant.RevokeToken("") }},
		{"feature not licensed", "feature_not_licensed", "E0000015", "Governance",
			func(d *desk) { d.tenant.SetFeature("/governance/", false) }},
		{"role too small", "not_permitted", "E0000006", "role",
			func(d *desk) { d.tenant.SetPermission("/governance/", false) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil, oktasim.Options{})
			c.spoil(d)
			p := d.refuses("execute_user_grants", map[string]any{"filename": "report.csv", "app_id": d.app}, c.code)
			if p.OktaCode != c.okta || !strings.Contains(strings.ToLower(p.Next), strings.ToLower(c.next)) {
				t.Errorf("Okta's code %q, next step %q; want %q, and a word on %q", p.OktaCode, p.Next, c.okta, c.next)
			}
			// What needs no Okta still works.
			if text, failed := d.ask("analyze_csv_for_entitlements", map[string]any{"filename": "report.csv"}); failed {
				t.Errorf("the report cannot be analysed: %s", text)
			}
		})
	}
}

// serviceApp registers an OAuth service app and returns the settings for it.
func serviceApp(t *testing.T, options *oktasim.Options, dpop bool, scopes ...string) map[string]string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fails(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	fails(t, err)
	options.Clients = append(options.Clients, oktasim.Client{
		ID:        "0oaServiceApp0000001",
		KeyID:     "kid1",
		PublicKey: &key.PublicKey,
		Scopes:    scopes,
		DPoP:      dpop,
	})
	return map[string]string{"OKTA_API_TOKEN": "", "OKTA_CLIENT_ID": "0oaServiceApp0000001", "OKTA_KEY_ID": "kid1",
		"OKTA_PRIVATE_KEY": string(pem.EncodeToMemory(&pem.Block{
			Type:  "PRIVATE KEY",
			Bytes: der,
		})), "OKTA_SCOPES": strings.Join(scopes, " ")}
}

func TestMissingScopeIsNamed(t *testing.T) {
	t.Parallel()
	var options oktasim.Options
	settings := serviceApp(t, &options, false, "okta.orgs.read", "okta.users.read", "okta.apps.read")
	d := newDesk(t, settings, options)
	p := d.refuses("execute_user_grants", map[string]any{"filename": "report.csv", "app_id": d.app}, "scope_missing")
	if !strings.Contains(p.Message+p.Next, "okta.governance.entitlements.read") {
		t.Errorf("the scope is not named: %+v", p)
	}
}

// TestServiceAppWithProofOfPossessionDoesTheWork: the same program as an OAuth service app whose tokens are bound to
// a key.
func TestServiceAppWithProofOfPossessionDoesTheWork(t *testing.T) {
	t.Parallel()
	var options oktasim.Options
	settings := serviceApp(t, &options, true, "okta.orgs.read", "okta.users.read", "okta.apps.read", "okta.apps.manage",
		"okta.governance.entitlements.read", "okta.governance.entitlements.manage")
	d := newDesk(t, settings, options)
	text, failed := d.ask("execute_user_grants", map[string]any{"plan_id": d.plan().PlanID})
	if failed || !strings.Contains(text, `"status":"complete"`) {
		t.Errorf("got %s", text)
	}
}

// TestTokenThatDiesMidwayLeavesAResumableRun: a run that Okta stops accepting ends at once, says so, and goes on later.
func TestTokenThatDiesMidwayLeavesAResumableRun(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, oktasim.Options{})
	d.cfg.SettleAfter = time.Millisecond
	d.start()
	p := d.plan()
	dying := d.tenant.Inject(oktasim.Fault{
		Method:  "POST",
		Pattern: "/governance/api/v1/grants",
		Nth:     2,
		Times:   4,
		Effect:  oktasim.EffectExpireToken,
	})
	text, _ := d.ask("execute_user_grants", map[string]any{"plan_id": p.PlanID})
	var out tools.PlanOut
	fails(t, json.Unmarshal([]byte(text), &out))
	total := 0
	for _, n := range out.Rows {
		total += n
	}
	if dying.Fired() == 0 || out.Status != "stopped" || out.Stop == nil || out.Stop.Code != "token_rejected" ||
		total != 2 {
		t.Errorf("fired %d times; got %s", dying.Fired(), text)
	}
	if _, err := os.Stat(d.path("report.csv")); err != nil {
		t.Error("the report was moved though rows are open")
	}
	dying.Remove()
	if text, _ = d.ask("execute_user_grants", map[string]any{"plan_id": p.PlanID}); !strings.Contains(text,
		`"status":"complete"`) {
		t.Errorf("going on: %s", text)
	}
	for _, email := range []string{"ada@acme.example.com", "bob@acme.example.com"} {
		if n := len(d.tenant.ActiveGrants(d.app, d.tenant.UserByEmail(email))); n != 1 {
			t.Errorf("%s has %d grants", email, n)
		}
	}
}

// TestStateThatCannotBeWrittenStopsEverything: what cannot be remembered is not done. A file in the place of a folder
// is used for every reason why a folder cannot be written, since a superuser may write anywhere else.
func TestStateThatCannotBeWrittenStopsEverything(t *testing.T) {
	block := func(t *testing.T, dir string) {
		t.Helper()
		fails(t, os.RemoveAll(dir))
		fails(t, os.WriteFile(dir, []byte("in the way"), 0o600))
	}
	t.Run("plans", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil, oktasim.Options{})
		block(t, filepath.Join(d.cfg.StateDir, "plans"))
		d.refuses("execute_user_grants", map[string]any{"filename": "report.csv", "app_id": d.app}, "state_not_writable")
	})
	t.Run("runs", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil, oktasim.Options{})
		p := d.plan()
		block(t, filepath.Join(d.cfg.StateDir, "runs"))
		d.refuses("execute_user_grants", map[string]any{"plan_id": p.PlanID}, "state_not_writable")
	})
	t.Run("trail", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil, oktasim.Options{})
		p := d.plan()
		block(t, filepath.Join(d.cfg.StateDir, "trail"))
		d.refuses("execute_user_grants", map[string]any{"plan_id": p.PlanID}, "trail_not_writable")
		d.refuses("about", nil, "trail_not_writable")
	})
}

// TestInboxThatCannotBeWrittenKeepsTheRun: when the finished report cannot be moved, what was granted stays and is
// reported.
func TestInboxThatCannotBeWrittenKeepsTheRun(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, oktasim.Options{})
	fails(t, os.WriteFile(d.path("processed_and_assigned"), []byte("in the way"), 0o600))
	text, failed := d.ask("execute_user_grants", map[string]any{"plan_id": d.plan().PlanID})
	if failed || !strings.Contains(text, `"status":"complete"`) {
		t.Errorf("got %s", text)
	}
	if _, err := os.Stat(d.path("report.csv")); err != nil {
		t.Error("the report is gone")
	}
}
