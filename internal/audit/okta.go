// Package audit finds out who signs in without strong multifactor authentication: it lists people, reads what each has
// enrolled, has package mfa judge that under an audit policy, and keeps the readings, so that the next audit reads only
// the people who changed according to the System Log. It only ever reads Okta.
package audit

import (
	"context"
	"iter"
	"time"

	"okta-entitlements-mcp/oktaclient"
)

// Okta is all that an audit may ask of Okta. There is no method in it that changes anything: the client behind it has none
// either, and this keeps it so.
type Okta interface {
	Now() time.Time
	Org(ctx context.Context) (oktaclient.Org, error)
	Everybody(ctx context.Context) iter.Seq2[oktaclient.Account, error]
	FindAccounts(ctx context.Context, search string) iter.Seq2[oktaclient.Account, error]
	Account(ctx context.Context, id string) (oktaclient.Account, error)
	Group(ctx context.Context, id string) (oktaclient.Group, error)
	Groups(ctx context.Context, search string) iter.Seq2[oktaclient.Group, error]
	GroupMembers(ctx context.Context, groupID string) iter.Seq2[oktaclient.Account, error]
	Enrollments(ctx context.Context, userID string) ([]oktaclient.Enrollment, error)
	Factors(ctx context.Context, userID string) ([]oktaclient.Factor, error)
	Authenticators(ctx context.Context) ([]oktaclient.Authenticator, error)
	EnrollmentPolicies(ctx context.Context) ([]oktaclient.EnrollmentPolicy, error)
	RoleHolders(ctx context.Context) iter.Seq2[string, error]
	UserGroups(ctx context.Context, userID string) ([]oktaclient.Group, error)
	UserRoles(ctx context.Context, userID string) ([]oktaclient.Role, error)
	GroupRoles(ctx context.Context, groupID string) ([]oktaclient.Role, error)
	Log(ctx context.Context, q oktaclient.LogQuery) iter.Seq2[oktaclient.Event, error]
	Stats() oktaclient.Stats
}
