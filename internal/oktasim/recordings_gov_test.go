package oktasim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// firstApp makes an opted-in application stand for the one that a recording uses.
func (p *player) firstApp(t *testing.T, recorded string) string {
	t.Helper()
	app := p.tenant.AddApp(NewApp{Label: "Recorded"})
	p.ids[recorded] = app
	return app
}

func TestRecordedEntitlementTraffic(t *testing.T) {
	records := loadRecording(t, "entitlement-crud.yaml")
	p := newPlayer(newCaller(t, Options{}))
	p.firstApp(t, "0oatu8k9anRWwR1oq1d7")
	p.replay(t, records)
}

func TestRecordedBundleTraffic(t *testing.T) {
	records := loadRecording(t, "bundle-crud.yaml")
	p := newPlayer(newCaller(t, Options{}))
	app := p.firstApp(t, "0oao01ardu8r8qUP91d7")
	e, values := p.tenant.AddEntitlement(app, "manual-entitlement", false, "val1")
	p.ids["espzcbqd7Suwp4Y7A1d6"], p.ids["entzcbqd8lcD3BRWR1d6"] = e, values[0]
	p.replay(t, records)
}

func TestRecordedBundleLists(t *testing.T) {
	records := loadRecording(t, "bundle-list-with-rate-headers.yaml")
	p := newPlayer(newCaller(t, Options{}))
	console := p.tenant.AddApp(NewApp{Label: "Okta Admin Console", Name: "saasure"})
	for i := range 12 {
		id := p.tenant.AddBundle(console, fmt.Sprint("Administrator ", i)) // Okta's own, without entitlements
		p.tenant.gov.bundles[id].description = "Administrator"
	}
	p.replay(t, records)
}

func TestRecordedEnrolmentPolicyTraffic(t *testing.T) {
	records := loadRecording(t, "mfa-enroll-policy.yaml")
	p := newPlayer(newCaller(t, Options{}))
	p.recordedAuthenticators(t, records)
	p.allow["GET /api/v1/authenticators: *"] = "the org has other authenticators, in another order, than the recorded one"
	p.allow["* /api/v1/policies: settings.authenticators*.id"] = "custom authenticators stand elsewhere in the list"
	p.allow["* /api/v1/policies/*: settings.authenticators*.id"] = "custom authenticators stand elsewhere in the list"
	p.replay(t, records)
}

// recordedAuthenticators gives the org what the recorded policies name.
func (p *player) recordedAuthenticators(t *testing.T, records []exchangeRecord) {
	t.Helper()
	p.tenant.AddAuthenticator("onprem_mfa", "security_key", "On-Prem MFA", statusActive)
	for _, r := range records {
		if !strings.HasSuffix(r.Request.URL, "/api/v1/authenticators") {
			continue
		}
		var list []struct{ ID, Key, Type, Name, Status string }
		if err := json.Unmarshal([]byte(r.Response.Body), &list); err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			if _, known := p.ids[a.ID]; a.Key == "custom_app" && !known {
				p.ids[a.ID] = p.tenant.AddAuthenticator(a.Key, a.Type, a.Name, a.Status)
			}
		}
	}
}

func TestRecordedFactorTraffic(t *testing.T) {
	records := loadRecording(t, "user-factor.yaml")
	p := newPlayer(newCaller(t, Options{Classic: true}))
	p.replay(t, records)
}
