package s3sync_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/s3sync"
)

const bucket = "reports"

// store is a bucket on a local listener, and a place to sync to.
type store struct {
	t     *testing.T
	back  *s3mem.Backend
	opts  s3sync.Options
	gets  atomic.Int64
	fault atomic.Pointer[func(http.ResponseWriter, *http.Request, http.Handler) bool] // reports whether it answered
	fired atomic.Int64
}

func newStore(t *testing.T) *store {
	t.Helper()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	s := &store{t: t, back: s3mem.New()}
	if err := s.back.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(s.back).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("list-type") {
			s.gets.Add(1)
		}
		if f := s.fault.Load(); f != nil && (*f)(w, r, fake) {
			s.fired.Add(1)
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.opts = s3sync.Options{Enabled: true, Bucket: bucket, Endpoint: server.URL, AccessKeyID: "AKIA", SecretAccessKey: secret.New("s"),
		InboxDir: filepath.Join(t.TempDir(), "csv"), StateDir: filepath.Join(t.TempDir(), "state")}
	return s
}

func (s *store) put(key, content string) {
	s.t.Helper()
	if _, err := s.back.PutObject(bucket, key, nil, strings.NewReader(content), int64(len(content)), nil); err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) syncer() *s3sync.Syncer {
	s.t.Helper()
	y, err := s3sync.New(s.opts)
	if err != nil {
		s.t.Fatal(err)
	}
	return y
}

// sync returns the outcome of each key in a word.
func (s *store) sync(prefix string) map[string]string {
	s.t.Helper()
	result, err := s.syncer().Sync(s.t.Context(), prefix)
	if err != nil {
		s.t.Fatal(err)
	}
	words, total := map[string]string{}, 0
	for _, o := range result.Objects {
		words[o.Key] = o.Word()
	}
	for _, n := range result.Counts {
		total += n
	}
	if total != len(result.Objects) {
		s.t.Errorf("counts %v do not add up to %d objects", result.Counts, len(result.Objects))
	}
	return words
}

func (s *store) read(name string) string {
	b, err := os.ReadFile(filepath.Join(s.opts.InboxDir, filepath.FromSlash(name)))
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return string(b)
}

func (s *store) want(got map[string]string, key, word string) {
	s.t.Helper()
	if got[key] != word {
		s.t.Errorf("%q: %q, want %q", key, got[key], word)
	}
}

func TestOnlyWhatChangedIsCopied(t *testing.T) {
	s := newStore(t)
	s.opts.Prefix = "exports/"
	s.put("exports/hr/may.csv", "Email\na@acme.example.com\n")
	s.put("exports/june.csv", "one")
	s.put("other/x.csv", "outside the prefix")
	got := s.sync("")
	s.want(got, "exports/hr/may.csv", "copied")
	s.want(got, "exports/june.csv", "copied")
	if len(got) != 2 || s.read("s3/hr/may.csv") != "Email\na@acme.example.com\n" || s.read("s3/june.csv") != "one" {
		t.Errorf("%v; may = %q, june = %q", got, s.read("s3/hr/may.csv"), s.read("s3/june.csv"))
	}
	s.put("exports/june.csv", "two")
	if err := os.Remove(filepath.Join(s.opts.InboxDir, "s3", "hr", "may.csv")); err != nil {
		t.Fatal(err)
	}
	got = s.sync("")
	s.want(got, "exports/hr/may.csv", "copied") // it was removed
	s.want(got, "exports/june.csv", "copied")   // its ETag changed
	before := s.gets.Load()
	got = s.sync("")
	s.want(got, "exports/hr/may.csv", "unchanged")
	s.want(got, "exports/june.csv", "unchanged")
	if s.read("s3/june.csv") != "two" || s.gets.Load() != before {
		t.Errorf("june = %q, %d objects fetched again", s.read("s3/june.csv"), s.gets.Load()-before)
	}
}

func TestProcessedFilesAreNotCopiedAgainUntilTheObjectChanges(t *testing.T) {
	s := newStore(t)
	s.put("may.csv", "old")
	s.want(s.sync(""), "may.csv", "copied")
	folder := filepath.Join(s.opts.InboxDir, "processed_and_assigned")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(s.opts.InboxDir, "s3", "may.csv"), filepath.Join(folder, "may-2.csv")); err != nil {
		t.Fatal(err)
	}
	s.want(s.sync(""), "may.csv", "unchanged")
	if list, err := s.syncer().List(t.Context(), ""); err != nil || len(list) != 1 || list[0].State != s3sync.Processed {
		t.Errorf("list = %+v, %v, want processed", list, err)
	}
	s.put("may.csv", "new")
	s.want(s.sync(""), "may.csv", "copied")
	if s.read("s3/may.csv") != "new" || s.read("processed_and_assigned/may-2.csv") != "old" {
		t.Error("the new object is not beside the processed one")
	}
}

func TestListTellsWhereEachObjectStandsAndChangesNothing(t *testing.T) {
	s := newStore(t)
	s.put("a.csv", "a")
	list, err := s.syncer().List(t.Context(), "")
	if err != nil || len(list) != 1 || list[0].State != s3sync.Fresh || list[0].Name != "s3/a.csv" {
		t.Errorf("before: %+v, %v", list, err)
	}
	if _, err := os.Stat(s.opts.InboxDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("listing made the inbox: %v", err)
	}
	s.sync("")
	s.put("b.csv", "b")
	s.put("c.exe", "c")
	s.put("a.csv", "aa")
	states := map[string]s3sync.State{}
	list, err = s.syncer().List(t.Context(), "")
	for _, o := range list {
		states[o.Key] = o.State
	}
	if err != nil || states["a.csv"] != s3sync.Changed || states["b.csv"] != s3sync.Fresh || states["c.exe"] != s3sync.Unusable {
		t.Errorf("after: %v, %v", states, err)
	}
}

func TestAllPagesAreRead(t *testing.T) {
	s := newStore(t)
	const n = 1203 // a page has 1,000
	for i := range n {
		s.put(fmt.Sprintf("p/%04d.exe", i), "x")
	}
	if got := s.sync("p/"); len(got) != n {
		t.Errorf("%d objects, want %d", len(got), n)
	}
}

func TestHostileKeysAreSkippedWithTheReason(t *testing.T) {
	s := newStore(t)
	s.opts.Prefix = "in/"
	for key, word := range map[string]string{
		"in/ok.csv":           "copied",
		"in/With Space+é.CSV": "copied",
		"in/../up.csv":        "skipped:leaves_inbox",
		"in/a/../../up.csv":   "skipped:leaves_inbox",
		"in//abs.csv":         "skipped:leaves_inbox",
		"in/a//b.csv":         "skipped:leaves_inbox",
		"in/./b.csv":          "skipped:leaves_inbox",
		`in/..\up.csv`:        "skipped:backslash",
		"in/C:up.csv":         "skipped:drive_letter",
		"in/c:/up.csv":        "skipped:drive_letter",
		"in/a:b.csv":          "skipped:drive_letter",
		"in/.hidden.csv":      "skipped:hidden",
		"in/.git/x.csv":       "skipped:hidden",
		"in/nul.csv":          "skipped:reserved_name",
		"in/what?.csv":        "skipped:bad_character",
		"in/dot./x.csv":       "skipped:bad_character",
		"in/run.exe":          "skipped:not_a_report",
		"in/noext":            "skipped:not_a_report",
		"in/" + strings.Repeat("x", 300) + ".csv": "skipped:too_long",
		"in/folder.csv/": "skipped:folder",
	} {
		s := newStore(t)
		s.opts.Prefix = "in/"
		s.put(key, "x")
		s.want(s.sync(""), key, word)
		files, _ := os.ReadDir(s.opts.InboxDir)
		outside, _ := os.ReadDir(filepath.Dir(s.opts.InboxDir))
		if copied := word == "copied"; copied != (len(files) == 1) || len(outside) != 1 {
			t.Errorf("%q: inbox holds %v, its parent %v", key, files, outside)
		}
	}
	s.put("in/a.csv", "1")
	s.put("in/A.csv", "2")
	got := s.sync("")
	s.want(got, "in/A.csv", "copied")
	s.want(got, "in/a.csv", "skipped:name_taken")
}

func TestAllowedPathsAreWholeFolders(t *testing.T) {
	s := newStore(t)
	s.opts.Prefix, s.opts.AllowedPaths = "exports/", []string{"exports/hr", "exports/crm/"}
	for _, key := range []string{"exports/hr/a.csv", "exports/hr-secret/b.csv", "exports/crm/c.csv", "exports/d.csv"} {
		s.put(key, "x")
	}
	if got := s.sync(""); len(got) != 2 || got["exports/hr/a.csv"] != "copied" || got["exports/crm/c.csv"] != "copied" {
		t.Errorf("all allowed: %v", got)
	}
	if got := s.sync("exports/hr/"); len(got) != 1 || got["exports/hr/a.csv"] != "unchanged" {
		t.Errorf("one folder: %v", got)
	}
	for _, prefix := range []string{"exports/hr-secret/", "other/", "exports/hr/../", "exports/d"} {
		_, err := s.syncer().Sync(t.Context(), prefix)
		if prefix == "exports/hr/../" {
			continue // a literal prefix: nothing has it
		}
		code(t, prefix, err, "s3_prefix_not_allowed")
	}
}

func code(t *testing.T, what string, err error, want trouble.Code) {
	t.Helper()
	var e *trouble.Error
	if !errors.As(err, &e) || e.Code != want || e.Next == "" || e.What == "" {
		t.Errorf("%s: %v, want code %s with the next step", what, err, want)
	}
}

func TestTooLargeObjectsAreSkipped(t *testing.T) {
	s := newStore(t)
	s.opts.MaxObjectBytes = 10
	s.put("small.csv", "0123456789")
	s.put("large.csv", "0123456789x")
	got := s.sync("")
	s.want(got, "small.csv", "copied")
	s.want(got, "large.csv", "skipped:too_large")
	if s.gets.Load() != 1 {
		t.Errorf("%d objects fetched, want 1", s.gets.Load())
	}
}

// inject answers object requests with f until the test ends; f's absence of effect fails the test.
func (s *store) inject(f func(http.ResponseWriter, *http.Request, http.Handler) bool) {
	s.fault.Store(&f)
	s.t.Cleanup(func() {
		if s.fired.Load() == 0 {
			s.t.Error("the fault never fired")
		}
	})
}

func isGet(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".csv") }

func TestATruncatedDownloadLeavesTheOldCopy(t *testing.T) {
	s := newStore(t)
	s.put("a.csv", "the old content")
	s.sync("")
	s.put("a.csv", "the new content, which is longer")
	s.inject(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if !isGet(r) {
			return false
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		w.Header().Set("ETag", rec.Header().Get("ETag"))
		w.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
		_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2]) // the server then cuts the connection
		return true
	})
	s.want(s.sync(""), "a.csv", "failed:truncated")
	if files, _ := os.ReadDir(filepath.Join(s.opts.InboxDir, "s3")); s.read("s3/a.csv") != "the old content" || len(files) != 1 {
		t.Errorf("copy = %q, folder %v", s.read("s3/a.csv"), files)
	}
	s.fault.Store(nil)
	s.want(s.sync(""), "a.csv", "copied")
}

func TestAShorterOrLongerOrOtherObjectThanListedIsRefused(t *testing.T) {
	for word, answer := range map[string]struct{ etag, body string }{
		"failed:truncated":          {"", "0123"},
		"failed:changed_meanwhile":  {"", "0123456789 and more"},
		"failed:changed_meanwhile ": {`"other"`, "0123456789"},
	} {
		s := newStore(t)
		s.put("a.csv", "0123456789")
		s.inject(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if !isGet(r) {
				return false
			}
			if answer.etag != "" {
				w.Header().Set("ETag", answer.etag)
			}
			_, _ = io.WriteString(w, answer.body)
			return true
		})
		s.want(s.sync(""), "a.csv", strings.TrimSpace(word))
		if !strings.HasPrefix(s.read("s3/a.csv"), "(") {
			t.Errorf("%s: a copy was made: %q", word, s.read("s3/a.csv"))
		}
	}
}

func TestLinksInTheInboxLeadNowhere(t *testing.T) {
	s := newStore(t)
	outside := t.TempDir()
	s.put("a.csv", "a")
	s.put("sub/b.csv", "b")
	if err := os.MkdirAll(filepath.Join(s.opts.InboxDir, "s3"), 0o700); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(outside, "victim.csv")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"a.csv": victim, "sub": outside} {
		if err := os.Symlink(target, filepath.Join(s.opts.InboxDir, "s3", link)); err != nil {
			t.Skip("no symlinks here:", err)
		}
	}
	got := s.sync("")
	s.want(got, "a.csv", "copied") // in place of the link
	s.want(got, "sub/b.csv", "failed:symlink")
	content, err := os.ReadFile(victim)
	files, _ := os.ReadDir(outside)
	if err != nil || string(content) != "mine" || len(files) != 1 || s.read("s3/a.csv") != "a" {
		t.Errorf("outside: %v with %q; copy %q", files, content, s.read("s3/a.csv"))
	}
}

func TestErrorsOfTheWholeBucketNameTheNextStep(t *testing.T) {
	s := newStore(t)
	off := s.opts
	off.Enabled = false
	absent := s.opts
	absent.Bucket = "absent"
	keyless := s.opts
	keyless.AccessKeyID = ""
	nowhere := s.opts
	nowhere.Endpoint = ""
	down := s.opts
	down.Endpoint = "http://127.0.0.1:1"
	for want, opts := range map[trouble.Code]s3sync.Options{"s3_disabled": off, "s3_no_such_bucket": absent, "s3_no_credentials": keyless,
		"s3_no_region": nowhere, "s3_unavailable": down} {
		y, err := s3sync.New(opts)
		if err != nil {
			t.Fatal(err)
		}
		_, err = y.Sync(t.Context(), "")
		code(t, string(want), err, want)
		_, err = y.List(t.Context(), "")
		code(t, string(want)+" (list)", err, want)
	}
	for status, want := range map[int]trouble.Code{403: "s3_access_denied", 301: "s3_wrong_region", 503: "s3_unavailable"} {
		s.inject(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			w.WriteHeader(status)
			return true
		})
		_, err := s.syncer().Sync(t.Context(), "")
		code(t, string(want), err, want)
	}
}

func TestAForbiddenObjectDoesNotStopTheOthers(t *testing.T) {
	s := newStore(t)
	s.put("a.csv", "a")
	s.put("b.csv", "b")
	s.inject(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.HasSuffix(r.URL.Path, "a.csv") {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	got := s.sync("")
	s.want(got, "a.csv", "failed:access_denied")
	s.want(got, "b.csv", "copied")
}

func TestCancellingKeepsWhatWasCopied(t *testing.T) {
	s := newStore(t)
	s.put("a.csv", "a")
	s.put("b.csv", "b")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.inject(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if !strings.HasSuffix(r.URL.Path, "b.csv") {
			return false
		}
		cancel()
		<-r.Context().Done()
		return true
	})
	result, err := s.syncer().Sync(ctx, "")
	if len(result.Objects) != 2 || result.Objects[0].Word() != "copied" || result.Objects[1].Word() != "failed:cancelled" {
		t.Errorf("%+v, %v", result, err)
	}
	s.fault.Store(nil)
	got := s.sync("")
	s.want(got, "a.csv", "unchanged")
	s.want(got, "b.csv", "copied")
}

func TestADamagedRecordIsReportedNotIgnored(t *testing.T) {
	s := newStore(t)
	s.put("a.csv", "a")
	s.sync("")
	records, _ := filepath.Glob(filepath.Join(s.opts.StateDir, "s3sync-*.json"))
	if len(records) != 1 {
		t.Fatalf("records: %v", records)
	}
	if err := os.WriteFile(records[0], bytes.Repeat([]byte{0}, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.syncer().Sync(t.Context(), "")
	code(t, "damaged record", err, "s3_state_damaged")
}
