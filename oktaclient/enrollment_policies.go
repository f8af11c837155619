package oktaclient

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math"
	"net/http"
	"net/url"
	"slices"

	"okta-entitlements-mcp/internal/untrusted"
)

const enrollmentPolicies = "MFA_ENROLL"

type wirePolicy struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	Priority   count  `json:"priority"`
	System     bool   `json:"system"`
	Updated    string `json:"lastUpdated"`
	Conditions struct {
		People struct {
			Groups struct {
				Include []string `json:"include"`
			} `json:"groups"`
		} `json:"people"`
	} `json:"conditions"`
	Settings struct {
		Authenticators []wireSetting          `json:"authenticators"` // Identity Engine
		Factors        map[string]wireSetting `json:"factors"`        // Classic
	} `json:"settings"`
}

type wireSetting struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Enroll struct {
		Self  string `json:"self"`
		Grace struct {
			Expiry loose `json:"expiry"`
			Skips  count `json:"skipCount"`
		} `json:"gracePeriod"`
	} `json:"enroll"`
}

func (w wireSetting) setting() EnrollmentSetting {
	return EnrollmentSetting{ID: w.ID, Key: w.Key, Self: w.Enroll.Self,
		GraceUntil: instant(string(w.Enroll.Grace.Expiry)), GraceSkips: int(w.Enroll.Grace.Skips)}
}

func (w wirePolicy) lacks() string { return idOf(w.ID) }

func (w wirePolicy) policy() EnrollmentPolicy {
	p := EnrollmentPolicy{
		ID:       w.ID,
		Name:     untrusted.New(w.Name),
		Status:   w.Status,
		Priority: int(w.Priority),
		System:   w.System,
		Groups:   w.Conditions.People.Groups.Include,
		Updated:  instant(w.Updated),
		Settings: each(w.Settings.Authenticators, wireSetting.setting),
	}
	if len(p.Settings) == 0 {
		p.Settings = classicSettings(w.Settings.Factors)
	}
	return p
}

func policyID(p EnrollmentPolicy) string { return p.ID }

// authenticatorKey gives the key that an Identity Engine org has for a factor of a Classic org. An unknown one is kept.
func authenticatorKey(factor string) string {
	switch factor {
	case "okta_sms", "okta_call":
		return "phone_number"
	case "okta_otp", "okta_push":
		return "okta_verify"
	case "fido_u2f", "fido_webauthn":
		return "webauthn"
	case "okta_question":
		return "security_question"
	case "hotp":
		return "custom_otp"
	}
	return factor // google_otp, okta_email, okta_password, duo, rsa_token, symantec_vip, yubikey_token, onprem_mfa, …
}

// classicSettings translates the factors of a Classic org, in order of their keys. Of several factors that make one
// authenticator (SMS and voice call) the most demanding setting counts.
func classicSettings(factors map[string]wireSetting) []EnrollmentSetting {
	byKey := map[string]EnrollmentSetting{}
	for factor, w := range factors {
		w.Key = authenticatorKey(factor)
		s := w.setting()
		if have, there := byKey[s.Key]; !there || weaker(have, s) {
			byKey[s.Key] = s
		}
	}
	out := make([]EnrollmentSetting, 0, len(byKey))
	for _, s := range byKey {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b EnrollmentSetting) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// weaker reports whether a demands less than b.
func weaker(a, b EnrollmentSetting) bool {
	rank := func(s EnrollmentSetting) int {
		return slices.Index([]string{EnrollNotAllowed, EnrollOptional, EnrollRequired}, s.Self)
	}
	return rank(a) < rank(b)
}

type wireRule struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	Priority   count  `json:"priority"`
	System     bool   `json:"system"`
	Conditions struct {
		Network struct {
			Connection string `json:"connection"`
		} `json:"network"`
		People struct {
			Users struct {
				Exclude []string `json:"exclude"`
			} `json:"users"`
		} `json:"people"`
	} `json:"conditions"`
	Actions struct {
		Enroll struct {
			Self string `json:"self"`
		} `json:"enroll"`
	} `json:"actions"`
}

func (w wireRule) lacks() string { return idOf(w.ID) }

func (w wireRule) rule() EnrollmentRule {
	return EnrollmentRule{
		ID:       w.ID,
		Name:     untrusted.New(w.Name),
		Status:   w.Status,
		Priority: int(w.Priority),
		System:   w.System,
		Enroll:   w.Actions.Enroll.Self,
		Network:  w.Conditions.Network.Connection,
		Excluded: w.Conditions.People.Users.Exclude,
	}
}

func ruleID(r EnrollmentRule) string { return r.ID }

// EnrollmentPolicies gives the policies of type MFA_ENROLL in the order in which Okta asks them, INACTIVE ones
// included, and the rules of the ACTIVE ones in their order. A policy that is deleted meanwhile is left out.
func (c *Client) EnrollmentPolicies(ctx context.Context) ([]EnrollmentPolicy, error) {
	policies, err := gather(list(ctx, policyID, func(ctx context.Context, after string) (page[EnrollmentPolicy], error) {
		return sdkPage(ctx, "/api/v1/policies", wirePolicy.policy, func(ctx context.Context) error {
			req := c.conn.sdk.PolicyAPI.ListPolicies(ctx).Type_(enrollmentPolicies)
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
	}))
	if err != nil {
		return nil, err
	}
	kept := policies[:0]
	for _, p := range policies {
		if p.Status == "ACTIVE" {
			p.Rules, err = gather(c.enrollmentRules(ctx, p.ID))
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			slices.SortStableFunc(p.Rules, func(a, b EnrollmentRule) int {
				return inOrder(a.System, b.System,
					a.Priority, b.Priority)
			})
		}
		kept = append(kept, p)
	}
	slices.SortStableFunc(kept, func(a, b EnrollmentPolicy) int {
		return inOrder(a.System, b.System, a.Priority,
			b.Priority)
	})
	return kept, nil
}

// enrollmentRules goes around the SDK, which cannot ask for a second page of rules.
func (c *Client) enrollmentRules(ctx context.Context, policyID string) iter.Seq2[EnrollmentRule, error] {
	return list(ctx, ruleID, func(ctx context.Context, after string) (page[EnrollmentRule], error) {
		if err := checkID(http.MethodGet, "/api/v1/policies/{id}/rules", "policy id", policyID); err != nil {
			return page[EnrollmentRule]{}, err
		}
		query := url.Values{}
		if after != "" {
			query.Set("after", after)
		}
		p, _, err := plainPage(ctx, c.conn, "/api/v1/policies/"+policyID+"/rules", query, wireRule.rule)
		return p, err
	})
}

// inOrder puts the system's own policy or rule, which is for everybody whom no other one takes, last, and one without a
// priority before it.
func inOrder(systemA, systemB bool, priorityA, priorityB int) int {
	rank := func(system bool, priority int) int {
		switch {
		case system:
			return math.MaxInt
		case priority < 1:
			return math.MaxInt - 1
		}
		return priority
	}
	return cmp.Compare(rank(systemA, priorityA), rank(systemB, priorityB))
}
