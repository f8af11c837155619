package contract

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

func TestClientReadsWhatTheTenantHolds(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 1}, nil)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		org, err := w.client.Org(ctx)
		if err != nil || org.ID != w.tenant.OrgID() || org.Pipeline != "idx" {
			t.Errorf("org is %+v, %v", org, err)
		}
		if me, err := w.client.Me(ctx); err != nil || me.ID == "" {
			t.Errorf("me is %+v, %v", me, err)
		}
		app, err := w.client.App(ctx, w.app)
		if err != nil || app.Label.Raw() != "HR portal" || app.EMOptIn != "ENABLED" || app.ORN == "" {
			t.Errorf("app is %+v, %v", app, err)
		}
		found := collect(t, w.client.Users(ctx, "profile.email eq "+oktaclient.Quote("ann@acme.example.com")))
		if len(found) != 1 || found[0].ID != w.ann || found[0].LastName.Raw() != "O'Neil" ||
			found[0].EmployeeNumber.Raw() != "17" {
			t.Errorf("search found %+v", found)
		}
		if u, err := w.client.User(ctx, "bob@acme.example.com"); err != nil || u.ID != w.bob {
			t.Errorf("user is %+v, %v", u, err)
		}
		if _, err := w.client.AppUser(ctx, w.app, w.bob); !errors.Is(err, oktaclient.ErrNotFound) {
			t.Errorf("an unassigned user gave %v", err)
		}
		settings, err := w.client.EntitlementSettings(ctx, app.ORN)
		if err != nil || settings.Status != "OPTED_IN" {
			t.Errorf("settings are %+v, %v", settings, err)
		}
		if e := collect(t, w.client.Entitlements(ctx, w.app)); len(e) != 1 || e[0].ID != w.entitlement ||
			len(e[0].Values) != 0 {
			t.Errorf("entitlements are %+v", e)
		}
		if e, err := w.client.Entitlement(ctx, w.entitlement); err != nil || len(e.Values) != 3 {
			t.Errorf("entitlement is %+v, %v", e, err)
		}
		if v := collect(t, w.client.EntitlementValues(ctx, w.app)); len(v) != 3 || v[0].EntitlementID != w.entitlement {
			t.Errorf("values are %+v", v)
		}
		if v := collect(t, w.client.ValuesOf(ctx, w.entitlement)); len(v) != 3 {
			t.Errorf("values of the entitlement are %+v", v)
		}
		if g, err := w.client.Group(ctx, w.group); err != nil || g.Name.Raw() != "Staff" {
			t.Errorf("group is %+v, %v", g, err)
		}
		if m := collect(t, w.client.GroupMembers(ctx, w.group)); len(m) != 1 || m[0].ID != w.ann {
			t.Errorf("members are %+v", m)
		}
		if a := collect(t, w.client.GroupApps(ctx, w.group)); len(a) != 1 || a[0].ID != w.app {
			t.Errorf("group apps are %+v", a)
		}
		if a := collect(t, w.client.Apps(ctx, "HR")); len(a) != 1 {
			t.Errorf("apps are %+v", a)
		}
	})
}

func TestClientWritesAndTheTenantAgrees(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 2}, nil)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		created, err := w.writer.CreateEntitlement(ctx, oktaclient.NewEntitlement{
			AppID:         w.app,
			Name:          untrusted.NewStored("Permission Set"),
			ExternalValue: untrusted.NewStored("permission_set"),
			MultiValue:    true,
			Values: []oktaclient.NewValue{{
				Name:          untrusted.NewStored("Sales"),
				ExternalValue: untrusted.NewStored("sales"),
			}},
		})
		if err != nil || len(created.Values) != 1 || created.Values[0].ID == "" {
			t.Fatalf("created %+v, %v", created, err)
		}
		added, err := w.writer.AddValues(ctx, created.ID, []oktaclient.NewValue{{
			Name:          untrusted.NewStored("NA"),
			ExternalValue: untrusted.NewStored("NA"),
		}})
		if err != nil || len(added) != 1 || added[0].Name.Raw() != "NA" || added[0].EntitlementID != created.ID {
			t.Fatalf("added %+v, %v", added, err)
		}
		if _, err := w.writer.AssignUser(ctx, w.app, w.bob); err != nil || !w.tenant.Assigned(w.app, w.bob) {
			t.Errorf("assign gave %v", err)
		}
		if err := w.writer.AddGroupMember(ctx, w.group, w.bob); err != nil || !w.tenant.InGroup(w.group, w.bob) {
			t.Errorf("add to group gave %v", err)
		}
		g, err := w.writer.CreateGrant(ctx, w.grant(w.bob, w.values[0], w.values[1]))
		if err != nil || g.Type != oktaclient.GrantEntitlement || g.UserID != w.bob {
			t.Fatalf("grant is %+v, %v", g, err)
		}
		if have := w.tenant.Effective(w.app, w.bob); !have[w.values[0]] || !have[w.values[1]] || have[w.values[2]] {
			t.Errorf("effective access is %v", have)
		}
		grants := collect(t, w.client.Grants(ctx, w.app, w.bob))
		if len(grants) != 1 || grants[0].ID != g.ID || len(grants[0].Entitlements) != 1 ||
			len(grants[0].Entitlements[0].Values) != 2 {
			t.Errorf("grants are %+v", grants)
		}
		effective, err := w.client.PrincipalEntitlements(ctx, w.app, w.bob)
		if err != nil || len(effective) != 1 || len(effective[0].Values) != 2 {
			t.Errorf("principal entitlements are %+v, %v", effective, err)
		}
		org := w.tenant.OrgID()
		if err := w.writer.RevokeAccess(ctx, grants[0].PrincipalORN,
			[]string{oktaclient.ValueORN(org, w.values[0])}); err != nil {
			t.Error(err)
		}
		if have := w.tenant.Effective(w.app, w.bob); have[w.values[0]] || !have[w.values[1]] {
			t.Errorf("effective access after the revocation is %v", have)
		}
	})
}

func TestEveryPageOfEveryListIsRead(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 3, Users: 1200}, nil)
	var wanted []string
	for i := range 450 {
		wanted = append(wanted, fmt.Sprintf("Value %03d", i))
	}
	_, ids := w.tenant.AddEntitlement(w.app, "Many", true, wanted...)
	members := make([]string, 0, 1100)
	for i := range 1100 {
		u := w.tenant.AddUser(oktasim.NewUser{Email: fmt.Sprintf("user%d@many.example.com", i)})
		w.tenant.AssignApp(w.app, u)
		w.tenant.AddGrant(oktasim.NewGrant{AppID: w.app, UserID: u, Values: ids[:1]})
		members = append(members, u)
	}
	crowd := w.tenant.AddGroup("Crowd", members...)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		if n := len(collect(t, w.client.EntitlementValues(ctx, w.app))); n != 453 {
			t.Errorf("read %d values, want 453", n)
		}
		if n := len(collect(t, w.client.Grants(ctx, w.app, ""))); n != 1100 {
			t.Errorf("read %d grants, want 1100", n)
		}
		if n := len(collect(t, w.client.AppUsers(ctx, w.app))); n != 1101 {
			t.Errorf("read %d app users, want 1101", n)
		}
		if n := len(collect(t, w.client.Users(ctx, `profile.email sw "user"`))); n != 1100 {
			t.Errorf("read %d users, want 1100", n)
		}
		if n := len(collect(t, w.client.GroupMembers(ctx, crowd))); n != 1100 {
			t.Errorf("read %d group members, want 1100", n)
		}
		if n := w.tenant.CallCount("GET", "/governance/api/v1/grants", 200); n != 6 {
			t.Errorf("grants took %d calls, want 6", n)
		}
	})
}

func TestServiceAppsReachBothAPIs(t *testing.T) {
	for _, dpop := range []bool{false, true} {
		t.Run(fmt.Sprintf("dpop %v", dpop), func(t *testing.T) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			der, err := x509.MarshalECPrivateKey(key)
			if err != nil {
				t.Fatal(err)
			}
			scopes := []string{"okta.apps.read", "okta.governance.entitlements.read", "okta.governance.entitlements.manage"}
			w := newWorld(t, oktasim.Options{Seed: 4, Skew: 4*time.Minute + 700*time.Millisecond}, nil)
			id := w.tenant.AddClient(oktasim.Client{
				KeyID:     "kid1",
				PublicKey: key.Public(),
				Scopes:    scopes,
				DPoP:      dpop,
			})
			w.connect(t, oktaclient.Credentials{
				ClientID: id,
				KeyID:    "kid1",
				Scopes:   scopes,
				PrivateKey: secret.New(string(pem.EncodeToMemory(&pem.Block{
					Type:  "EC PRIVATE KEY",
					Bytes: der,
				}))),
			}, nil)
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if _, err := w.client.App(ctx, w.app); err != nil {
					t.Error(err)
				}
				if _, err := w.writer.CreateGrant(ctx, w.grant(w.ann, w.values[0])); err != nil {
					t.Error(err)
				}
				w.tenant.ExpireAccessTokens()
				if _, err := w.writer.CreateGrant(ctx, w.grant(w.ann, w.values[1])); err != nil {
					t.Errorf("after the token died: %v", err)
				}
				var e *oktaclient.Error
				if _, err := w.client.Group(ctx, w.group); !errors.Is(err, oktaclient.ErrScope) || !errors.As(err, &e) ||
					e.NeedScope == "" {
					t.Errorf("a missing scope gave %v", err)
				}
				if n := len(w.tenant.ActiveGrants(w.app, w.ann)); n != 2 {
					t.Errorf("there are %d grants, want 2", n)
				}
			})
		})
	}
}

func TestFaultsEndAsTheyShould(t *testing.T) {
	const (
		again   = "sent again"
		unknown = "may have happened"
	)
	cases := []struct {
		effect oktasim.Effect
		acted  bool
		want   string
	}{
		{oktasim.EffectWindow429, false, again}, {oktasim.EffectConcurrency429, false, again}, {oktasim.EffectRefuse, false,
			again},
		{oktasim.EffectReset, false, unknown}, {oktasim.EffectLoseReply, true, unknown}, {oktasim.EffectTruncate, true,
			unknown},
		{oktasim.Effect500, false, unknown}, {oktasim.Effect500, true, unknown}, {oktasim.Effect502, true,
			unknown}, {oktasim.Effect503, false, unknown},
		{oktasim.Effect504, true, unknown}, {oktasim.EffectHTML, true, unknown}, {oktasim.EffectStall, true, unknown},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s acted %v", c.effect, c.acted), func(t *testing.T) {
			w := newWorld(t, oktasim.Options{Seed: 5}, nil)
			write := w.tenant.Inject(oktasim.Fault{
				Method:  "POST",
				Pattern: "/governance/api/v1/grants",
				Effect:  c.effect,
				Acted:   c.acted,
			})
			read := w.tenant.Inject(oktasim.Fault{
				Method:  "GET",
				Pattern: "/governance/api/v1/grants",
				Effect:  c.effect,
				Acted:   c.acted,
			})
			synctest.Test(t, func(t *testing.T) {
				_, err := w.writer.CreateGrant(t.Context(), w.grant(w.ann, w.values[0]))
				sent := w.tenant.CallCount("POST", "/governance/api/v1/grants", 0)
				made := len(w.tenant.ActiveGrants(w.app, w.ann))
				if c.want == again && (err != nil || made != 1 || sent != 2) {
					t.Errorf("sent %d times, made %d, %v", sent, made, err)
				}
				if c.want == unknown && (!oktaclient.MayHaveHappened(err) || sent != 1) {
					t.Errorf("sent %d times, made %d, %v", sent, made, err)
				}
				if seen := collect(t, w.client.Grants(t.Context(), w.app, w.ann)); len(seen) != made {
					t.Errorf("looking afterwards saw %d grants of %d", len(seen), made)
				}
			})
			if write.Fired() != 1 || read.Fired() != 1 {
				t.Errorf("faults fired %d and %d times", write.Fired(), read.Fired())
			}
		})
	}
}

func TestARefusedCursorDoesNotSpoilAList(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 6}, nil)
	for i := range 700 {
		w.tenant.AddUser(oktasim.NewUser{Email: fmt.Sprintf("user%d@many.example.com", i)})
	}
	fault := w.tenant.Inject(oktasim.Fault{
		Method:  "GET",
		Pattern: "/api/v1/users",
		Nth:     2,
		Effect:  oktasim.EffectRejectCursor,
	})
	synctest.Test(t, func(t *testing.T) {
		if n := len(collect(t, w.client.Users(t.Context(), `profile.email sw "user"`))); n != 700 {
			t.Errorf("read %d users, want 700", n)
		}
	})
	if fault.Fired() != 1 {
		t.Error("the fault never fired")
	}
}

func TestIndexLagAndGrantLagShow(t *testing.T) {
	w := newWorld(t, oktasim.Options{
		Seed:     7,
		IndexLag: 30 * time.Second,
		GrantLag: 30 * time.Second,
	}, nil)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		id := w.tenant.AddUser(oktasim.NewUser{Email: "new@acme.example.com"})
		search := "profile.email eq " + oktaclient.Quote("new@acme.example.com")
		if u, err := w.client.User(ctx, id); err != nil || u.ID != id {
			t.Errorf("by id: %+v, %v", u, err)
		}
		if found := collect(t, w.client.Users(ctx, search)); len(found) != 0 {
			t.Errorf("the index did not lag: %+v", found)
		}
		if _, err := w.writer.CreateGrant(ctx, w.grant(id, w.values[0])); err != nil {
			t.Error(err)
		}
		before := len(collect(t, w.client.Grants(ctx, w.app, id)))
		time.Sleep(31 * time.Second)
		after := len(collect(t, w.client.Grants(ctx, w.app, id)))
		if before != 0 || after != 1 {
			t.Errorf("grants seen at once %d, later %d", before, after)
		}
		if found := collect(t, w.client.Users(ctx, search)); len(found) != 1 {
			t.Errorf("found %+v after the lag", found)
		}
	})
}

func TestRefusalsHaveTheirKind(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 8}, nil)
	off := w.tenant.AddApp(oktasim.NewApp{Label: "Not opted in", EMOptIn: "NONE"})
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		if _, err := w.client.App(ctx, "0oaNoSuchApp"); !errors.Is(err, oktaclient.ErrNotFound) {
			t.Errorf("unknown app gave %v", err)
		}
		if _, err := w.writer.CreateEntitlement(ctx, oktaclient.NewEntitlement{
			AppID:         off,
			Name:          untrusted.NewStored("Role"),
			ExternalValue: untrusted.NewStored("role"),
			Values: []oktaclient.NewValue{{
				Name:          untrusted.NewStored("a"),
				ExternalValue: untrusted.NewStored("a"),
			}},
		}); !errors.Is(err, oktaclient.ErrNotFound) {
			t.Errorf("an app without entitlement management gave %v", err)
		}
		w.tenant.SetPermission("/api/v1/groups", false)
		if _, err := w.client.Group(ctx, w.group); !errors.Is(err, oktaclient.ErrForbidden) {
			t.Errorf("a missing role gave %v", err)
		}
		w.tenant.SetFeature("/governance", false)
		if _, err := w.client.Entitlement(ctx, w.entitlement); !errors.Is(err, oktaclient.ErrFeatureOff) {
			t.Errorf("a missing licence gave %v", err)
		}
		w.tenant.RevokeToken(w.tenant.Token())
		if _, err := w.client.App(ctx, w.app); !errors.Is(err, oktaclient.ErrUnauthorized) {
			t.Errorf("a revoked token gave %v", err)
		}
	})
}

// pace of many grants in virtual time, against real windows and real latency.
func TestBulkGrantsKeepToTheLimitAndUseIt(t *testing.T) {
	const path = "/governance/api/v1/grants"
	cases := []struct {
		limit, foreign, grants int
		skew                   time.Duration
		want                   float64
	}{
		{50, 0, 1500, 0, 0.97}, {50, 0, 600, 5 * time.Minute, 0.95}, {50, 0, 600, -5 * time.Minute, 0.95},
		{1200, 0, 8000, 0, 0.95}, {50, 30, 100, 0, 0},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("limit %d foreign %d skew %v", c.limit, c.foreign, c.skew), func(t *testing.T) {
			w := newWorld(t, oktasim.Options{
				Seed:    9,
				Latency: oktasim.LatencyReal,
				Skew:    c.skew,
				Limits: oktasim.Limits{
					Mode:      oktasim.LimitsReal,
					Overrides: map[string]int{"POST " + path: c.limit},
				},
			}, nil)
			users := make([]string, 200)
			for i := range users {
				users[i] = w.tenant.AddUser(oktasim.NewUser{Email: fmt.Sprintf("user%d@many.example.com", i)})
			}
			token := w.tenant.AddToken("00aTokenOfTwoClients")
			w.connect(t, oktaclient.Credentials{Token: secret.New("00aTokenOfTwoClients")}, nil)
			synctest.Test(t, func(t *testing.T) {
				if c.foreign > 0 {
					w.tenant.AddForeignLoad(oktasim.ForeignLoad{
						Method:         "POST",
						Pattern:        path,
						PerMinute:      c.foreign,
						SameCredential: token,
					})
				}
				start := time.Now()
				bulk(t, w, users, c.grants)
				minutes := time.Since(start).Minutes()
				util := float64(c.grants) / minutes / math.Floor(0.7*float64(c.limit)+1e-9)
				t.Logf("utilisation %.4f over %.1f minutes, peak in flight %d", util, minutes, w.tenant.PeakConcurrency())
				if util < c.want {
					t.Errorf("utilisation is %.4f, want %.2f", util, c.want)
				}
				if n := w.tenant.CallCount("", "", http.StatusTooManyRequests); n != 0 {
					t.Errorf("%d calls were refused", n)
				}
				if made, refused := w.tenant.ForeignCalls(); refused != 0 || (c.foreign > 0) != (made > 0) {
					t.Errorf("%d of the other client's %d calls were refused", refused, made)
				}
			})
		})
	}
}

func bulk(t *testing.T, w *world, users []string, n int) {
	jobs := make(chan int)
	var workers sync.WaitGroup
	for range 30 {
		workers.Go(func() {
			for i := range jobs {
				if _, err := w.writer.CreateGrant(t.Context(), w.grant(users[i%len(users)], w.values[i%3])); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	workers.Wait()
}
