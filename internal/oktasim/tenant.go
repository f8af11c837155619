// Package oktasim is a simulated Okta tenant: an http.Handler, and an in-process http.RoundTripper that needs no socket.
// It models what Okta documents or was seen to answer, and is meant to be held against Okta's own documents and recordings,
// never against a client. docs/simulator.md lists what it leaves out and every choice that nothing confirms.
package oktasim

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/simwire"
)

// LatencyMode says whether calls take the time that Okta was seen to take.
type LatencyMode string

// The latency modes. The zero value means off.
const (
	LatencyOff  LatencyMode = "off"
	LatencyReal LatencyMode = "real"
)

// Options describes a tenant. The zero value works: a demo token, no people, no limits, no latency.
type Options struct {
	Seed  uint64 // everything random comes from it; same seed, same ids
	Users int    // believable people made up at acme.example.com
	Token string // the SSWS token that the tenant accepts; DemoToken when empty

	Limits   Limits
	Latency  LatencyMode
	IndexLag time.Duration // how far user search lags behind writes
	// MemberLag is how far the list of a group's members lags behind the group's own stamp: 3 s when 0, not at all when
	// negative. Recorded: after two PUTs the list was empty at second 0, 1 and 2, and whole at second 3, while
	// lastMembershipUpdated showed the change at once; terraform-provider-okta issues 335, 1120, 2936.
	MemberLag time.Duration
	GrantLag  time.Duration // how far grant lists and effective access lag behind writes
	OptInLag  time.Duration // how long an application stays OPTING_IN or OPTING_OUT
	LogLag    time.Duration // the longest that a System Log event takes to show; each draws its own lag from the seed
	Skew      time.Duration // how far the tenant's clock is ahead of this machine's (negative: behind)

	Preview        bool     // a preview org: its ORNs have the partition oktapreview
	Classic        bool     // the org runs Classic Engine instead of Identity Engine
	AccessCodes    bool     // the org has temporary access codes: the authenticator tac
	NoEnrollments  bool     // the org lacks authenticator-enrollments, which is in limited availability: 401 E0000015
	CallerZone     string   // id of the network zone that calls come from; empty for none. Enrolment policies look at it
	FeaturesOff    []string // path prefixes whose feature the org lacks, {…} standing for any segment: 401 E0000015
	Forbidden      []string // path prefixes that the token owner's admin role does not reach, likewise: 403 E0000006
	NoEntitlements bool     // the org refuses grants of type ENTITLEMENT (beta since 2026-02)
	CascadeDelete  bool     // deleting an entitlement or bundle in use takes the grants with it instead of 409
	DPoPNonce      string   // the nonce that the token endpoint asks for; made from the seed when empty
	Clients        []Client // OAuth service apps that may ask for tokens
}

// DemoToken is the SSWS token that a tenant accepts when Options.Token is empty. It is no secret: it opens nothing else.
const DemoToken = "00demoTokenOfTheSimulatedTenant"

// DefaultBaseURL is where the tenant lives when it is reached in process. The host does not resolve anywhere.
const DefaultBaseURL = "https://acme.okta.test"

// Tenant is one simulated org. All methods are safe for concurrent use.
type Tenant struct {
	opts   Options
	router simwire.Router[*operation]
	scopes []string // of the operations

	wire    *simwire.Wire // faults, the log of calls; has its own lock
	limiter limiter       // rate limits, concurrency; has its own lock

	mu      sync.Mutex // guards everything below; handlers run with it held
	rng     *rand.Rand
	serial  uint64
	baseURL string
	orgID   string
	typeID  string // the one user type
	realmID string
	ownerID string // the administrator behind the SSWS token
	since   time.Time

	tokens  map[string]*credential // SSWS and access tokens by their text
	clients map[string]*client
	jtis    map[string]time.Time // assertion and proof ids that were used, until they expire

	users     map[string]*user
	userOrder []string // sorted by id, which is creation order
	byLogin   map[string]string
	byEmail   map[string][]string
	lagging   map[string]time.Time // users whose last change the search index may not show before then

	groups     map[string]*group
	groupOrder []string
	everyoneID string

	apps     map[string]*app
	appOrder []string

	log     eventLog
	admins  adminStore
	endless int // pages of lists that never end

	gov govStore
	mfa mfaStore
}

// New makes a tenant. It starts no goroutine and opens no socket.
func New(o Options) *Tenant {
	if o.Token == "" {
		o.Token = DemoToken
	}
	if o.MemberLag == 0 {
		o.MemberLag = 3 * time.Second
	}
	t := &Tenant{
		opts: o, baseURL: DefaultBaseURL,
		rng:    rand.New(rand.NewPCG(o.Seed, 0x6f6b746173696d)),
		tokens: map[string]*credential{}, clients: map[string]*client{}, jtis: map[string]time.Time{},
		users:   map[string]*user{},
		byLogin: map[string]string{},
		byEmail: map[string][]string{},
		lagging: map[string]time.Time{},
		groups:  map[string]*group{}, apps: map[string]*app{},
	}
	t.wire = simwire.New(wireService{t}, t.now, o.Seed)
	t.limiter.init(o.Limits)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found()
	t.routesCore()
	t.routesGovernance()
	t.routesMFA()
	t.seedPeople(o.Users)
	for _, c := range o.Clients {
		t.addClient(c)
	}
	return t
}

// now is the tenant's own clock: this machine's, shifted by Options.Skew.
func (t *Tenant) now() time.Time { return time.Now().Add(t.opts.Skew).UTC() }

// handle registers h for a method and a pattern such as "/api/v1/users/{id}". scope is the OAuth scope that the call needs;
// an empty scope means that the call needs no credential at all.
func (t *Tenant) handle(method, pattern, scope string, h func(*call)) {
	t.router.Add(method, pattern, &operation{scope, h})
	if scope != "" && !slices.Contains(t.scopes, scope) {
		t.scopes = append(t.scopes, scope)
	}
}

// Scopes lists every OAuth scope that some operation of the tenant needs, in alphabetical order.
func (t *Tenant) Scopes() []string { return slices.Sorted(slices.Values(t.scopes)) }

// BaseURL returns scheme and host of the tenant, without a path: the listener's once Serve runs.
func (t *Tenant) BaseURL() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.baseURL
}

// Token returns the SSWS token that the tenant accepts.
func (t *Tenant) Token() string { return t.opts.Token }

// OrgID returns the org's id, 00o….
func (t *Tenant) OrgID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.orgID
}

// partition is the first word of ORNs of users, groups and apps. Governance objects always say "okta".
func (t *Tenant) partition() string {
	if t.opts.Preview {
		return "oktapreview"
	}
	return "okta"
}

// Okta's base62 in ASCII order, so that ids sort by the time of their making.
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID makes a 20-character id: the prefix, a rising counter, random letters, and the cell's suffix. Later ids sort after
// earlier ones. Call with t.mu held.
func (t *Tenant) newID(prefix string) string {
	const suffix = "1d7"
	id := make([]byte, 20)
	copy(id, prefix)
	copy(id[20-len(suffix):], suffix)
	t.serial++
	body := id[len(prefix) : 20-len(suffix)]
	digits := min(8, len(body))
	n := t.serial
	for i := digits - 1; i >= 0; i-- {
		body[i] = base62[n%62]
		n /= 62
	}
	for i := digits; i < len(body); i++ {
		body[i] = base62[t.rng.IntN(62)]
	}
	return string(id)
}

// newToken makes n random base62 characters. Call with t.mu held.
func (t *Tenant) newToken(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = base62[t.rng.IntN(62)]
	}
	return string(b)
}

// stampText writes a time as the management API writes stamps of objects: whole seconds, and three zeros behind them. Recorded
// without an exception over 17,000 stamps, so two changes within one second have equal stamps.
func stampText(at time.Time) string { return at.UTC().Truncate(time.Second).Format(withMillis) }

// millis writes a time as the System Log does, and the answer to the creation of an entitlement.
func millis(at time.Time) string { return at.UTC().Format(withMillis) }

const withMillis = "2006-01-02T15:04:05.000Z"

// seconds writes a time as the governance API does.
func seconds(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// stampOrNull writes an unset time as JSON null, as Okta does.
func stampOrNull(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return stampText(at)
}
