package tools

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// None is the input of a tool without arguments.
type None struct{}

// AboutOut describes the program and its places.
type AboutOut struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Mode     string   `json:"mode" jsonschema:"demo (embedded simulated tenant) or live"`
	Domain   string   `json:"okta_domain"`
	ReadOnly bool     `json:"read_only"`
	EnvFile  Place    `json:"env_file"`
	Inbox    Place    `json:"inbox"`
	State    Place    `json:"state"`
	Notes    []string `json:"notes,omitempty"`
	Next     string   `json:"next_step"`
}

var specAbout = Spec{
	Name:   "about",
	Title:  "About this server",
	Effect: ReadsLocal,
	Description: "Says what this server is, which Okta organisation it is set to, and where it found its " +
		"settings, inbox and state directory. " +
		"Makes no call to Okta. Use it first when files or settings seem to be missing; okta_test checks the connection.",
}

func about(_ context.Context, d *Deps, _ *Call, _ None) (AboutOut, error) {
	return AboutOut{
		Name:     "okta-entitlements-mcp",
		Version:  d.About.Version,
		Mode:     d.mode(),
		Domain:   d.About.Domain,
		ReadOnly: d.About.ReadOnly,
		EnvFile:  d.About.EnvFile,
		Inbox:    d.About.Inbox,
		State:    d.About.State,
		Notes:    d.About.Notes,
		Next:     "okta_test checks the connection; list_csv_files shows the inbox",
	}, nil
}

func (d *Deps) mode() string {
	if d.About.Demo {
		return "demo"
	}
	return "live"
}

// OktaTestOut is what the credential is and may do.
type OktaTestOut struct {
	Mode      string    `json:"mode" jsonschema:"demo (embedded simulated tenant) or live"`
	Domain    string    `json:"okta_domain"`
	OrgID     string    `json:"org_id"`
	OrgName   string    `json:"org_name,omitempty" jsonschema:"Untrusted text from Okta"`
	OrgStatus string    `json:"org_status,omitempty"`
	Pipeline  string    `json:"pipeline" jsonschema:"identity_engine, classic or unknown"`
	Acting    string    `json:"acting_as" jsonschema:"Login of the token's owner, or service app. Untrusted text from Okta"`
	Checks    []Check   `json:"checks" jsonschema:"What this credential can read"`
	Cannot    int       `json:"cannot" jsonschema:"Number of checks that failed"`
	Apps      []AppItem `json:"applications,omitempty"`
	Next      string    `json:"next_step"`
}

func (OktaTestOut) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"applications": {About: "Applications with entitlement management on, up to ten of the first 200: their " +
			"app_id serves the other tools"},
	}
}

// AppItem is an application that entitlements can be created on.
type AppItem struct {
	AppID string `json:"app_id"`
	Label string `json:"label" jsonschema:"Untrusted text from Okta"`
}

// Check is one thing that the credential was tried on.
type Check struct {
	What   string `json:"what"`
	Result string `json:"result" jsonschema:"ok, empty or no"`
	Code   string `json:"code,omitempty"`
	Next   string `json:"next_step,omitempty"`
}

var specOktaTest = Spec{
	Name:   "okta_test",
	Title:  "Test the Okta connection",
	Effect: ReadsOkta,
	Description: "Checks the Okta connection: which organisation, Identity Engine or Classic, demo or live, who " +
		"the credential is, and what it cannot do. " +
		"Makes a handful of read calls and never shows any part of the token. Use it once before planning, and " +
		"again after 401 or 403 errors.",
}

func oktaTest(ctx context.Context, d *Deps, _ *Call, _ None) (OktaTestOut, error) {
	return Diagnose(ctx, d)
}

// Diagnose makes a handful of read calls and says what the credential is and cannot do.
func Diagnose(ctx context.Context, d *Deps) (OktaTestOut, error) {
	org, err := d.Okta.Org(ctx)
	if err != nil {
		return OktaTestOut{}, err
	}
	out := OktaTestOut{
		Mode:      d.mode(),
		Domain:    d.About.Domain,
		OrgID:     org.ID,
		OrgName:   org.Name.Show(untrusted.Name),
		OrgStatus: org.Status,
		Pipeline:  pipeline(org.Pipeline),
		Next:      "list_csv_files shows the reports to work on",
	}
	me, err := d.Okta.Me(ctx)
	switch {
	case errors.Is(err, oktaclient.ErrNoSubject):
		out.Acting = serviceApp
	case err != nil:
		return OktaTestOut{}, err
	default:
		out.Acting = me.Login.Show(untrusted.Name)
	}
	out.Checks, out.Apps = d.probe(ctx)
	if words, sound := d.Okta.Clock(); !sound {
		out.Checks = append(out.Checks, clockCheck(words, out.Acting == serviceApp))
	}
	for _, c := range out.Checks {
		if c.Result != "ok" {
			out.Cannot++
			out.Next = "see next_step of the checks that are not ok"
		}
	}
	return out, nil
}

const serviceApp = "service app"

// clockCheck says that the clocks differ, and where it matters: a service app signs each request for a token with the time,
// an API token is sent as it is.
func clockCheck(words string, signs bool) Check {
	c := Check{What: "clock: " + words, Result: "ok", Code: string(trouble.ClockDiffers)}
	c.Next = "set this machine's clock right: times in the trail and in journals are wrong by as much"
	if signs {
		c.Result = "no"
		c.Next = "set this machine's clock right, by time synchronisation: Okta refuses what a service app signs with a wrong time"
	}
	return c
}

func pipeline(p string) string {
	switch p {
	case "idx":
		return "identity_engine"
	case "v1":
		return "classic"
	default:
		return "unknown"
	}
}

// probe tries one read per area. An empty list of users is suspicious: a service app without an admin role gets 200 and
// nothing, instead of an error.
func (d *Deps) probe(ctx context.Context) ([]Check, []AppItem) {
	checks := []Check{tried("read users", firstOf(d.Okta.Users(ctx, `status eq "ACTIVE"`)))}
	apps, anyApp, err := d.readyApps(ctx)
	checks = append(checks, tried("read applications", err))
	if anyApp == "" {
		return checks, nil
	}
	if len(apps) > 0 {
		anyApp = apps[0].AppID
	}
	entitlements := firstOf(d.Okta.Entitlements(ctx, anyApp))
	grants := firstOf(d.Okta.Grants(ctx, anyApp, ""))
	return append(checks, allowEmpty(tried("read entitlements", entitlements)),
		allowEmpty(tried("read grants", grants))), apps
}

// readyApps looks through the first page of applications for those with entitlement management on.
func (d *Deps) readyApps(ctx context.Context) (ready []AppItem, anyApp string, err error) {
	const page, most = 200, 10
	seen := 0
	for app, err := range d.Okta.Apps(ctx, "") {
		if err != nil {
			return nil, "", err
		}
		anyApp = app.ID
		if app.EMOptIn == "ENABLED" && app.Status == "ACTIVE" && len(ready) < most {
			ready = append(ready, AppItem{app.ID, app.Label.Show(untrusted.Name)})
		}
		if seen++; seen == page {
			break
		}
	}
	if anyApp == "" {
		return nil, "", errEmpty
	}
	return ready, anyApp, nil
}

var errEmpty = errors.New("nothing came back")

// firstOf reads as far as the first item.
func firstOf[T any](items iter.Seq2[T, error]) error {
	for _, err := range items {
		return err
	}
	return errEmpty
}

func tried(what string, err error) Check {
	switch {
	case err == nil:
		return Check{What: what, Result: "ok"}
	case errors.Is(err, errEmpty):
		return Check{
			What:   what,
			Result: "empty",
			Code:   string(trouble.EmptyList),
			Next:   "if the organisation is not empty, give the service app an admin role (scopes alone show empty lists)",
		}
	default:
		p := Explain(err)
		return Check{What: what, Result: "no", Code: p.Code, Next: p.Next}
	}
}

// allowEmpty: an application may well have no entitlements, and one that is not opted in answers that it has no such
// resource.
func allowEmpty(c Check) Check {
	if c.Result == "empty" || c.Code == "not_found" || c.Code == "okta_refused" {
		return Check{What: c.What, Result: "ok"}
	}
	return c
}

// RateStatusOut is the pace of this program's calls.
type RateStatusOut struct {
	Calls       int64        `json:"calls" jsonschema:"Calls to Okta since start"`
	Refused     int64        `json:"http_429" jsonschema:"Calls that Okta refused for rate since start"`
	Concurrency int          `json:"concurrency" jsonschema:"Calls that may be under way at once now"`
	Buckets     []BucketItem `json:"buckets,omitempty" jsonschema:"Rate-limit buckets as learned from Okta's answers"`
	Next        string       `json:"next_step"`
}

// BucketItem is one rate-limit bucket.
type BucketItem struct {
	Call      string  `json:"call" jsonschema:"Method and URI pattern"`
	Limit     int     `json:"limit_per_minute" jsonschema:"What Okta allows this credential"`
	Used      int     `json:"used" jsonschema:"All clients' calls in this window, as last seen"`
	InFlight  int     `json:"in_flight"`
	Reserved  int     `json:"reserved_for_others" jsonschema:"What the threshold leaves untouched"`
	ResetIn   float64 `json:"reset_in_seconds"`
	Wait      float64 `json:"wait_seconds" jsonschema:"How long the next call would wait now"`
	Reason    string  `json:"wait_reason,omitempty"`
	Refused   int     `json:"http_429"`
	LatencyMS int64   `json:"latency_ms"`
}

var specRateStatus = Spec{
	Name:   "okta_get_rate_status",
	Title:  "Okta rate-limit status",
	Effect: ReadsLocal,
	Description: "Shows each Okta rate-limit bucket that this server has used: the limit, what is used, what is " +
		"reserved for others, and how long the next call would wait and why. " +
		"Makes no call to Okta. Use it when a run seems slow, or before a large one.",
}

const shownBuckets = 40

func rateStatus(_ context.Context, d *Deps, _ *Call, _ None) (RateStatusOut, error) {
	stats := d.Okta.Stats()
	out := RateStatusOut{
		Calls:       stats.Calls,
		Refused:     stats.Refused429,
		Concurrency: stats.Concurrency,
		Next:        "get_job shows a run's progress and current wait",
	}
	for _, b := range d.Okta.RateStatus() {
		if len(out.Buckets) == shownBuckets {
			break
		}
		out.Buckets = append(out.Buckets, BucketItem{
			Call:      b.Method + " " + b.Pattern,
			Limit:     b.Limit,
			Used:      b.Used,
			InFlight:  b.InFlight,
			Reserved:  b.Reserved,
			ResetIn:   seconds(max(0, time.Until(b.Reset))),
			Wait:      seconds(b.Wait),
			Reason:    b.Reason,
			Refused:   b.Refused,
			LatencyMS: b.Latency.Milliseconds(),
		})
	}
	if len(out.Buckets) == 0 {
		out.Next = "no call to Okta has been made yet; okta_test makes a few"
	}
	return out, nil
}

func seconds(d time.Duration) float64 { return d.Round(100 * time.Millisecond).Seconds() }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
