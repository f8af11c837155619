// Package plan decides what must change so that Okta matches an access report. It reads a live snapshot of the
// application, subtracts it from what the report wants, and leaves a Plan: pure data, named by its own digest. What a
// person confirms, what the engine carries out and what the trail records is that one object.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// Format is the version of the saved form of a plan. A plan of a newer format is refused, never guessed at.
//
// Format 1 has no reading, no names of values, no logins and no last day; all else is as in format 2. Plans of format 1
// are still read, carried out and undone.
const Format = 2

const firstFormat = 1

// Stage says which step of the workflow a plan carries out.
type Stage string

// The stages.
const (
	StageStructure Stage = "structure" // entitlements and their values
	StageGrants    Stage = "grants"    // assignments and grants
	StageAssign    Stage = "assign"    // assignments only
	StageUndo      Stage = "undo"      // takes back what a run added
)

// Mode says how grants are written.
type Mode string

// The grant modes. Additive posts ENTITLEMENT grants, which are beside what a user has. CustomMerge, for organisations
// whose Okta refuses those, posts CUSTOM grants holding the union of what the user has and what is wanted, because a CUSTOM
// grant replaces every other grant of that user on that application (Okta API: grants).
const (
	ModeAdditive    Mode = "additive"
	ModeCustomMerge Mode = "custom-merge"
)

// Kind is the kind of one write.
type Kind string

// The kinds of operation.
const (
	KindCreateEntitlement Kind = "create_entitlement"
	KindAddValues         Kind = "add_values"
	KindAssignUser        Kind = "assign_user"
	KindAddGroupMember    Kind = "add_group_member"
	KindCreateGrant       Kind = "create_grant"
	KindRevokeAccess      Kind = "revoke_access"
)

// Op is one write to Okta. Which fields are set follows from Kind.
type Op struct {
	Key   string `json:"key"` // what the operation is, the same after a crash and in a second plan
	Kind  Kind   `json:"kind"`
	Needs int    `json:"needs"` // index of the operation that must end well first, -1 when none

	Entitlement   *oktaclient.NewEntitlement      `json:"entitlement,omitempty"`    // create_entitlement
	EntitlementID string                          `json:"entitlement_id,omitempty"` // add_values; empty when Needs creates it
	Attribute     untrusted.Stored                `json:"attribute,omitzero"`       // add_values: external value of the entitlement
	Values        []oktaclient.NewValue           `json:"values,omitempty"`         // add_values
	UserID        string                          `json:"user_id,omitempty"`
	GroupID       string                          `json:"group_id,omitempty"`   // add_group_member
	GrantType     string                          `json:"grant_type,omitempty"` // create_grant
	Grant         []oktaclient.GrantedEntitlement `json:"grant,omitempty"`      // create_grant: what is posted
	Adds          []string                        `json:"adds,omitempty"`       // create_grant: value ids that the user did not have
	Had           []string                        `json:"had,omitempty"`        // create_grant in custom-merge: value ids in force before
	Revokes       []string                        `json:"revokes,omitempty"`    // revoke_access: value ids to take back
	GrantID       string                          `json:"grant_id,omitempty"`   // revoke_access: the grant that the run made
	Ours          []string                        `json:"ours,omitempty"`       // revoke_access: grants of runs that were undone before
}

// Person is one user that the plan speaks of.
type Person struct {
	Email  untrusted.Stored `json:"email,omitzero"` // as the report has it
	Login  untrusted.Stored `json:"login,omitzero"` // as Okta has it, when one user answers to the name
	UserID string           `json:"user_id,omitempty"`
	Status string           `json:"status,omitempty"` // as Okta has it
}

// Value is an entitlement value that operations name by its id, with the names that it had when the plan was made.
type Value struct {
	ID          string           `json:"id"`
	Entitlement untrusted.Stored `json:"entitlement"`
	Name        untrusted.Stored `json:"name"`
}

// Row is what the plan says of one record of the report, or of one item of a list that the caller gave.
type Row struct {
	Line   int    `json:"line"` // line of the file, or 1-based position in the list
	State  State  `json:"state"`
	Op     int    `json:"op"`     // the operation that decides this row, -1 when none
	Person int    `json:"person"` // index into Plan.People, -1 when none
	Reason string `json:"reason,omitempty"`
}

// Warning is something that a person should read before confirming.
type Warning struct {
	Code  trouble.Code `json:"code"`
	What  string       `json:"message"`
	Next  string       `json:"next,omitempty"`
	Count int          `json:"count,omitempty"`
}

// Plan is the full list of operations that make Okta match what was asked, with the grounds for them.
type Plan struct {
	ID      string    `json:"id"` // plan_ and 32 hex digits of the SHA-256 over everything below
	Format  int       `json:"format"`
	Created time.Time `json:"created"`
	Stage   Stage     `json:"stage"`
	Mode    Mode      `json:"mode,omitempty"`

	OrgID    string          `json:"org_id"`
	App      oktaclient.App  `json:"app"`
	File     string          `json:"file,omitempty"`
	SHA256   string          `json:"sha256,omitempty"` // of the report's bytes
	Mapping  *intake.Mapping `json:"mapping,omitempty"`
	Reading  *intake.Reading `json:"reading,omitempty"` // how the report was understood, and who settled its doubts
	Snapshot string          `json:"snapshot"`          // digest of the live state that the plan rests on
	Relies   []string        `json:"relies"`            // ids of entitlement values that must still exist
	Group    string          `json:"group,omitempty"`   // assign_via_group
	Undoes   string          `json:"undoes,omitempty"`  // the run that an undo takes back
	Values   []Value         `json:"values,omitempty"`  // what the operations name by id, by id

	ValidUntil *ValidUntil `json:"valid_until,omitempty"` // nil when no access of the plan ends

	Ops      []Op      `json:"ops"`
	People   []Person  `json:"people"`
	Rows     []Row     `json:"rows"`
	Warnings []Warning `json:"warnings"`
}

// seal sets the plan's identity once everything else is in place.
func (p *Plan) seal(now time.Time) (*Plan, error) {
	p.Format = Format
	p.Created = now.UTC().Truncate(time.Second)
	for i := range p.Ops {
		p.Ops[i].Key = p.key(&p.Ops[i])
	}
	id, err := p.digest()
	if err != nil {
		return nil, err
	}
	p.ID = id
	return p, nil
}

// Verify reports whether the plan still is what its id says, which guards against an edited or damaged file.
func (p *Plan) Verify() error {
	switch {
	case p.Format > Format:
		return unknownFormat(p.ID, p.Format)
	case p.Format < firstFormat:
		return fmt.Errorf("plan %s has no format; plan again", p.ID)
	}
	id, err := p.digest()
	if err != nil {
		return err
	}
	if id != p.ID {
		return fmt.Errorf("plan %s was changed after it was made (its content is %s); plan again", p.ID, id)
	}
	return p.coherent()
}

// unknownFormat is the refusal of a plan that another version of the program has written.
func unknownFormat(id string, format int) error {
	return &trouble.Error{
		Code: trouble.PlanFormat,
		What: fmt.Sprintf("plan %s has format %d, and this program reads formats %d to %d",
			untrusted.New(id).Show(untrusted.Name), format, firstFormat, Format),
		Next: "use the version of this program that made it, or plan again",
	}
}

// coherent checks that the lists refer to each other within bounds, so that no plan file can make the engine stumble.
// A plan with an open doubt is none: nothing may be planned from such a reading.
func (p *Plan) coherent() error {
	if p.Reading != nil && len(p.Reading.Doubts) > 0 {
		return fmt.Errorf("plan %s: its reading has an open doubt; plan again", p.ID)
	}
	for i := range p.Ops {
		if needs := p.Ops[i].Needs; needs < -1 || needs >= i { // an operation is needed only by later ones
			return fmt.Errorf("plan %s: operation %d needs operation %d; plan again", p.ID, i, needs)
		}
	}
	for i := range p.Ops {
		if op := &p.Ops[i]; op.Kind == KindCreateEntitlement && op.Entitlement == nil {
			return fmt.Errorf("plan %s: operation %d creates no entitlement; plan again", p.ID, i)
		}
	}
	for i := range p.Rows {
		if row := &p.Rows[i]; row.Op < -1 || row.Op >= len(p.Ops) || row.Person < -1 || row.Person >= len(p.People) {
			return fmt.Errorf("plan %s: row %d refers to operation %d and person %d, which are not in it; plan again", p.ID, i, row.Op, row.Person)
		}
	}
	return nil
}

func (p *Plan) digest() (string, error) {
	bare := *p
	bare.ID = ""
	sum := sha256.New()
	if err := bare.write(sum); err != nil {
		return "", fmt.Errorf("digest plan: %w", err)
	}
	return "plan_" + hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

// key names an operation by what it is, not by its place.
func (p *Plan) key(op *Op) string {
	bare := *op
	bare.Key, bare.Needs = "", 0
	encoded, err := json.Marshal(struct {
		App string
		Op  Op
	}{p.App.ID, bare})
	if err != nil { // a struct of strings always encodes
		return ""
	}
	sum := sha256.Sum256(encoded)
	return string(op.Kind) + ":" + hex.EncodeToString(sum[:8])
}

// States counts the rows by state. The counts add up to len(Rows).
func (p *Plan) States() map[State]int {
	counts := map[State]int{}
	for i := range p.Rows {
		counts[p.Rows[i].State]++
	}
	return counts
}
