package oktaclient

import "time"

// User is the part of an Okta user that this program works with.
// Every text field is written by people in Okta: treat it as untrusted.
type User struct {
	ID             string // 00u…
	Status         string // STAGED, PROVISIONED, ACTIVE, RECOVERY, PASSWORD_EXPIRED, LOCKED_OUT, SUSPENDED, DEPROVISIONED
	Login          string
	Email          string
	FirstName      string
	LastName       string
	EmployeeNumber string
	Department     string
	Title          string
}

// Org is what GET /api/v1/org and /.well-known/okta-organization say of the tenant.
type Org struct {
	ID        string // 00o…
	Name      string
	Subdomain string
	Status    string
	Pipeline  string // "idx" = Identity Engine, "v1" = Classic
}

// App is an Okta application.
type App struct {
	ID       string // 0oa…
	Name     string // the kind of app: oidc_client, salesforce
	Label    string // the name that people see; untrusted
	Status   string // ACTIVE, INACTIVE, DELETED
	ORN      string
	EMOptIn  string   // settings.emOptInStatus: ENABLED, DISABLED, ENABLING, DISABLING, NONE
	Features []string // PUSH_NEW_USERS, IMPORT_NEW_USERS, …
}

// AppUser is one user's assignment to an application.
type AppUser struct {
	ID       string // the user's id
	Scope    string // USER, or GROUP when a group brought it
	Status   string // ACTIVE, PROVISIONED, STAGED, …
	UserName string
}

// Group is an Okta group.
type Group struct {
	ID   string // 00g…
	Name string // untrusted
	Type string // OKTA_GROUP, APP_GROUP, BUILT_IN

	MembershipUpdated time.Time // when somebody last joined or left
}

// Entitlement is one kind of access that an application has, such as Role.
// Lists carry no Values (facts: GET /entitlements omits them); Entitlement and CreateEntitlement do.
type Entitlement struct {
	ID            string // esp…
	AppID         string
	Name          string
	ExternalValue string // the attribute name that the application knows
	Description   string
	MultiValue    bool
	DataType      string // "array" when MultiValue, else "string"
	Values        []EntitlementValue
}

// EntitlementValue is one value of an entitlement, such as Admin.
type EntitlementValue struct {
	ID            string // ent…
	EntitlementID string
	Name          string
	ExternalValue string
	Description   string
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

// NewEntitlement describes an entitlement to create.
type NewEntitlement struct {
	AppID         string
	Name          string // 1–255 characters
	ExternalValue string // 1–255
	Description   string // ≤1000
	MultiValue    bool
	Values        []NewValue
}

// NewValue describes an entitlement value to create.
type NewValue struct {
	Name          string `json:"name"`                  // 1–255 characters
	ExternalValue string `json:"externalValue"`         // 1–2000
	Description   string `json:"description,omitempty"` // ≤1024
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
	Used      int           // Limit − Remaining: everybody's calls in this window
	InFlight  int           // our own calls not yet answered
	Waiting   int           // our own calls that wait for their turn
	Reserved  int           // what the threshold leaves to others
	Reset     time.Time     // end of the window on this machine's clock
	Wait      time.Duration // how long the next call would wait now
	Reason    string        // why: "", "threshold", "spread", "concurrency", "learning", "refused"
	Refused   int           // 429 answers since start
	Latency   time.Duration // moving average
}
