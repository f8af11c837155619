package oktaclient

import (
	"strings"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// User is the part of an Okta user that this program works with. What people in Okta wrote is an untrusted.Text.
type User struct {
	ID             string // 00u…
	Status         string // STAGED, PROVISIONED, ACTIVE, RECOVERY, PASSWORD_EXPIRED, LOCKED_OUT, SUSPENDED, DEPROVISIONED
	Login          untrusted.Text
	Email          untrusted.Text
	FirstName      untrusted.Text
	LastName       untrusted.Text
	EmployeeNumber untrusted.Text
	Department     untrusted.Text
	Title          untrusted.Text
}

// FullName is the first and the last name.
func (u User) FullName() untrusted.Text {
	return untrusted.New(strings.TrimSpace(u.FirstName.Raw() + " " + u.LastName.Raw()))
}

// Org is what GET /api/v1/org and /.well-known/okta-organization say of the tenant.
type Org struct {
	ID        string // 00o…
	Name      untrusted.Text
	Subdomain string
	Status    string
	Pipeline  string // "idx" = Identity Engine, "v1" = Classic
}

// App is an Okta application. Plans keep it, so its label is Stored.
type App struct {
	ID       string           // 0oa…
	Name     string           // the kind of app: oidc_client, salesforce
	Label    untrusted.Stored // the name that people see
	Status   string           // ACTIVE, INACTIVE, DELETED
	ORN      string
	EMOptIn  string   // settings.emOptInStatus: ENABLED, DISABLED, ENABLING, DISABLING, NONE
	Features []string // PUSH_NEW_USERS, IMPORT_NEW_USERS, …
}

// AppUser is one user's assignment to an application.
type AppUser struct {
	ID       string // the user's id
	Scope    string // USER, or GROUP when a group brought it
	Status   string // ACTIVE, PROVISIONED, STAGED, …
	UserName untrusted.Text
}

// Group is an Okta group.
type Group struct {
	ID   string // 00g…
	Name untrusted.Text
	Type string // OKTA_GROUP, APP_GROUP, BUILT_IN

	MembershipUpdated time.Time // when someone last joined or left
}

// Entitlement is one kind of access that an application has, such as Role.
// Lists carry no Values (facts: GET /entitlements omits them); Entitlement and CreateEntitlement do.
type Entitlement struct {
	ID            string // esp…
	AppID         string
	Name          untrusted.Text
	ExternalValue untrusted.Text // the attribute name that the application knows
	Description   untrusted.Text
	MultiValue    bool
	DataType      string // "array" when MultiValue, else "string"
	Values        []EntitlementValue
}

// EntitlementValue is one value of an entitlement, such as Admin.
type EntitlementValue struct {
	ID            string // ent…
	EntitlementID string
	Name          untrusted.Text
	ExternalValue untrusted.Text
	Description   untrusted.Text
	ORN           string
}

// Grant types that Okta lists. CUSTOM and POLICY are base grants: creating one replaces every other grant of that user
// on that application. ENTITLEMENT and ENTITLEMENT-BUNDLE add. IMPORT is read and never made.
const (
	GrantCustom      = "CUSTOM"
	GrantPolicy      = "POLICY"
	GrantEntitlement = "ENTITLEMENT"
	GrantBundle      = "ENTITLEMENT-BUNDLE"
	GrantImport      = "IMPORT"
)

// Grant is one grant of a user on an application. An unknown Type is kept as Okta wrote it.
type Grant struct {
	ID           string // gra…
	Type         string
	Action       string // ALLOW, DENY
	Actor        string // API, ACCESS_REQUEST, ADMIN, NONE
	Status       string // ACTIVE, SCHEDULED, INACTIVE, EXPIRED
	AppID        string
	UserID       string
	PrincipalORN string // the user as Okta names them to revocations: preview organisations have a partition of their own
	BundleID     string
	CollectionID string // metadata.collection.id: the grant belongs to a collection
	Expires      time.Time
	Entitlements []GrantedEntitlement
}

// GrantedEntitlement names the values of one entitlement, by id.
type GrantedEntitlement struct {
	ID     string   `json:"id"`     // esp…
	Values []string `json:"values"` // ent…
}

// EntitlementSettings is the entitlement-management switch of one application.
type EntitlementSettings struct {
	Status string // OPTED_IN, OPTING_IN, OPTING_OUT, OPTED_OUT
}

// NewEntitlement describes an entitlement to create. Plans keep it and calls send it as it is.
type NewEntitlement struct {
	AppID         string
	Name          untrusted.Stored // 1–255 characters
	ExternalValue untrusted.Stored // 1–255
	Description   untrusted.Stored // ≤1000
	MultiValue    bool
	Values        []NewValue
}

// NewValue describes an entitlement value to create.
type NewValue struct {
	Name          untrusted.Stored `json:"name"`                 // 1–255 characters
	ExternalValue untrusted.Stored `json:"externalValue"`        // 1–2000
	Description   untrusted.Stored `json:"description,omitzero"` // ≤1024
}

// NewGrant describes a grant to create. Actor is always API.
type NewGrant struct {
	Type         string // GrantEntitlement or GrantCustom
	AppID        string
	UserID       string
	Entitlements []GrantedEntitlement // 1–1000 values in all
}

// Bucket is one rate-limit bucket as learned from Okta's own answers.
type Bucket struct {
	Method    string        // GET, POST, …
	Pattern   string        // /governance/api/v1/grants, /api/v1/users/{id}
	Limit     int           // calls a window allows this credential; 0 while unknown
	Remaining int           // as last seen
	Used      int           // Limit − Remaining: everyone's calls in this window
	InFlight  int           // our own calls not yet answered
	Waiting   int           // our own calls that wait for their turn
	Reserved  int           // what the threshold leaves to others
	Reset     time.Time     // end of the window on this machine's clock
	Wait      time.Duration // how long the next call would wait now
	Reason    string        // why: "", "threshold", "spread", "concurrency", "learning", "refused"
	Refused   int           // 429 answers since start
	Latency   time.Duration // moving average
}
