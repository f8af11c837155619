package tools

import (
	"context"
	"errors"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// UserStatusIn names one person.
type UserStatusIn struct {
	User string `json:"user" jsonschema:"Okta id (00u…), login or e-mail of one user, whole and exact"`
}

// UserStatusOut is what one person has enrolled, as of now.
type UserStatusOut struct {
	User     UserItem     `json:"user"`
	Verdict  string       `json:"verdict" jsonschema:"Under the server's audit policy"`
	Until    string       `json:"until,omitempty"`
	Reason   string       `json:"reason,omitempty"`
	Strength string       `json:"strength"`
	Methods  []MethodItem `json:"methods,omitempty"`
	Sources  string       `json:"sources"`
	Disagree []string     `json:"sources_disagree,omitempty"`
	Audited  string       `json:"last_audit,omitempty" jsonschema:"The verdict of the latest audit, where it differs from now"`
	Notes    []string     `json:"notes,omitempty"`
	Next     string       `json:"next_step"`
}

var specMFAUser = Spec{
	Name:   "okta_mfa_user_status",
	Title:  "MFA of one user, now",
	Effect: ReadsOkta,
	Description: "Reads what one user has enrolled right now: each method with its strength, since when, and " +
		"when it was last used as far as the System Log of the last 30 days shows. " +
		"Costs about ten calls. For many users ask okta_mfa_findings, which costs none.",
}

// usedSince is how far back uses are looked for.
const usedSince = 30 * 24 * time.Hour

func mfaUser(ctx context.Context, d *Deps, _ *Call, in UserStatusIn) (UserStatusOut, error) {
	id, err := d.oneUser(ctx, in.User)
	if err != nil {
		return UserStatusOut{}, err
	}
	f, notes, err := d.MFA.Auditor.Look(ctx, id, d.MFA.Policy)
	if err != nil {
		return UserStatusOut{}, err
	}
	out := UserStatusOut{
		User: UserItem{
			ID:     f.UserID,
			Status: f.Status,
			Login:  f.Login.Show(untrusted.Name),
			Email:  f.Email.Show(untrusted.Name),
			Name:   f.Name.Show(untrusted.Name),
		},
		Verdict:  string(f.Verdict),
		Until:    day(f.Until),
		Reason:   f.Reason.Show(untrusted.Long),
		Strength: string(f.Strength),
		Sources:  f.Sources,
		Disagree: shownTexts(untrusted.All(f.Disagree), 10),
		Next:     "okta_mfa_events shows what happened to this user's methods",
	}
	for _, m := range f.Methods[:min(len(f.Methods), 40)] {
		out.Methods = append(out.Methods, methodItem(m))
	}
	if err := d.lastUsed(ctx, id, f.Methods, &out); err != nil {
		return UserStatusOut{}, err
	}
	out.Audited = d.audited(&f)
	out.Notes = append(out.Notes, shownTexts(notes, shownNotes)...)
	return out, nil
}

// oneUser finds the id of one user.
func (d *Deps) oneUser(ctx context.Context, query string) (string, error) {
	query = strings.TrimSpace(query)
	if query == "" {
		return "", &trouble.Error{
			Code: trouble.MissingArgument,
			What: "user is empty",
			Next: "send an Okta id, login or e-mail",
		}
	}
	by := guessBy(query, "")
	if by == plan.ByID {
		return query, nil
	}
	matches, err := plan.FindPeople(ctx, d.Okta, by, []string{query})
	if err != nil {
		return "", err
	}
	switch users := matches[0].Users; len(users) {
	case 0:
		return "", &trouble.Error{
			Code: trouble.NotFound,
			What: "no such user",
			Next: "check the spelling; okta_user_search finds users by other names",
		}
	case 1:
		return users[0].ID, nil
	default:
		return "", &trouble.Error{
			Code: trouble.Ambiguous,
			What: "several users answer to this name",
			Next: "give the Okta id of one; okta_user_search lists them",
		}
	}
}

// lastUsed reads from the System Log when each method was last used.
func (d *Deps) lastUsed(ctx context.Context, id string, methods []mfa.Method, out *UserStatusOut) error {
	now := d.Okta.Now()
	used, err := d.MFA.Auditor.LastUsed(ctx, id, now.Add(-usedSince), now)
	var okta *oktaclient.Error
	if err != nil && errors.As(err, &okta) &&
		(errors.Is(err, oktaclient.ErrScope) || errors.Is(err, oktaclient.ErrForbidden)) {
		out.Notes = append(out.Notes, "when methods were last used is not known: the System Log cannot be read "+
			"with this credential")
		return nil
	}
	if err != nil {
		return err
	}
	for i := range out.Methods {
		if at, ok := used[mfa.UsedAs(methods[i])]; ok {
			out.Methods[i].LastUsed = day(at)
		}
	}
	return nil
}

// audited is what the latest audit said of a person, empty when there is none or it said the same.
func (d *Deps) audited(f *mfa.Finding) string {
	s, err := d.MFA.Auditor.Summary("")
	if err != nil {
		return ""
	}
	page, err := d.MFA.Auditor.Findings(s.AuditID, mfa.Query{Users: map[string]bool{f.UserID: true}})
	if err != nil || len(page.Findings) == 0 || page.Findings[0].Verdict == f.Verdict {
		return ""
	}
	return string(page.Findings[0].Verdict) + " on " + day(s.AsOf)
}
