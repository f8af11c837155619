package oktaclient

import (
	"encoding/json"
	"testing"
	"time"
)

// What an audit decodes, whatever it looks like: nothing panics, nothing that an answer holds goes missing, and no
// time is anything but zero or UTC.
func FuzzAuditAnswers(f *testing.F) {
	for _, s := range []string{
		"null", "[]", "{}", "[null]", `[{"id":"opf1","factorType":"push","status":"ACTIVE","created":"2026-01-01T00:00:00+01:00"}]`,
		`{"id":"lae1","type":"password","key":"okta_password"}`,
		`{"value":[{"id":"00u1"}],"_links":{"next":{"href":"https://h/x?after=1"}}}`,
		`[{"priority":"3","settings":{"authenticators":[{"enroll":{"gracePeriod":{"expiry":1,"skipCount":"2"}}}],
"factors":{"okta_sms":{},"okta_call":null}}}]`,
		`[{"uuid":"u","target":[null],"client":{"ipAddress":[]},"debugContext":{"debugData":{"factor":true}}}]`,
		accountBody, "[" + accountBody + "]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var raw []json.RawMessage
		isList := json.Unmarshal(body, &raw) == nil && raw != nil
		check := func(what string, n int, err error, times ...time.Time) {
			if err == nil && isList && n != len(raw) {
				t.Errorf("%s: %d of %d", what, n, len(raw))
			}
			for _, at := range times {
				if !at.IsZero() && at.Location() != time.UTC {
					t.Errorf("%s: time %v is not UTC", what, at)
				}
			}
		}
		var factors listOf[wireFactor]
		err := take(&factors, nil)(200, body)
		if err == nil && !isList {
			t.Errorf("%q passed for a list of factors", body)
		}
		for _, v := range each(factors, wireFactor.factor) {
			check("factor", len(factors), err, v.Created, v.Updated)
		}
		var enrollments wireEnrollments
		err = take(&enrollments, nil)(200, body)
		if err == nil && !isList && len(enrollments) != 1 {
			t.Errorf("%q passed for enrollments", body)
		}
		for _, v := range each(enrollments, wireEnrollment.enrollment) {
			check("enrollment", len(enrollments), err, v.Created, v.Updated)
		}
		var accounts listOf[wireAccount]
		err = take(&accounts, nil)(200, body)
		for _, v := range each(accounts, wireAccount.account) {
			check("account", len(accounts), err, v.Created, v.Activated, v.StatusChanged, v.LastLogin)
		}
		var events listOf[wireEvent]
		err = take(&events, nil)(200, body)
		for i, v := range each(events, wireEvent.event) {
			check("event", len(events), err, v.Published)
			if len(v.Targets) != len(events[i].Targets) {
				t.Errorf("%d targets of %d", len(v.Targets), len(events[i].Targets))
			}
		}
		var policies listOf[wirePolicy]
		err = take(&policies, nil)(200, body)
		for i, v := range each(policies, wirePolicy.policy) {
			check("policy", len(policies), err, v.Updated)
			if w := policies[i].Settings; len(v.Settings) == 0 && len(w.Authenticators)+len(w.Factors) > 0 {
				t.Errorf("settings of %q are lost", body)
			}
		}
		var rules listOf[wireRule]
		err = take(&rules, nil)(200, body)
		check("rules", len(each(rules, wireRule.rule)), err)
		var holders wireAssignees
		_ = take(&holders, nil)(200, body)
	})
}
