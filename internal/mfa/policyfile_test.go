package mfa

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"okta-entitlements-mcp/internal/untrusted"
)

var fullPolicy = Policy{
	Level:              Optional,
	AllowedFactorTypes: []string{"push", "webauthn"},
	Methods:            []string{"phishing_resistant", "push"},
	GraceHours:         24,
	Deadline:           time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
	Bound:              0.9,
	Sample:             0.05,
	OktaVerify:         true,
	Exemptions: []Exemption{
		{
			User:    untrusted.NewStored("svc@acme.example"),
			Owner:   untrusted.NewStored("Olga 🦉"),
			Reason:  untrusted.NewStored("no person: \"robot\""),
			Expires: time.Date(2027, 1, 31, 18, 0, 0, 0, time.UTC),
		},
		{
			User:    untrusted.NewStored("00uAbC"),
			Owner:   untrusted.NewStored("Ben"),
			Reason:  untrusted.NewStored("break glass"),
			Expires: time.Date(2027, 2, 1, 23, 59, 59, 0, time.UTC),
		},
	},
}

const fullYAML = `
enforcement_level: optional
allowed_factor_types: [push, WebAuthn]
mfa_methods:
  - phishing_resistant
  - push
grace_period_hours: 24
enrollment_deadline: 2026-12-31
minimum_coverage: .9
sample: 0.05
resolve_okta_verify: true
exemptions:
  - {user: svc@acme.example, owner: "Olga 🦉", reason: 'no person: "robot"', expires: 2027-01-31T19:00:00+01:00}
  - user: 00uAbC
    owner: Ben
    reason: break glass
    expires: 2027-02-01
`

const fullJSON = "{\n\t\"enforcement_level\": \"optional\",\"allowed_factor_types\":[\"push\",\"webauthn\"]," +
	`"mfa_methods":["phishing_resistant","push"],"grace_period_hours":24,"enrollment_deadline":"2026-12-31","minimum_coverage":0.9,
	"sample":5e-2,"resolve_okta_verify":true,"exemptions":[
	{"user":"svc\u0040acme.example","owner":"Olga \ud83e\udd89","reason":"no person: \"robot\"","expires":"2027-01-31T18:00:00Z"},
	{"user":"00uAbC","owner":"Ben","reason":"break glass","expires":"2027-02-01"}]}`

func TestAPolicyFileMayBeYAMLOrJSON(t *testing.T) {
	for name, text := range map[string]string{"YAML": fullYAML, "JSON": fullJSON,
		"with a mark": "\xef\xbb\xbf" + fullYAML} {
		p, notes, err := ParsePolicy(strings.NewReader(text), DefaultPolicy(), judgedAt)
		if err != nil || len(notes) != 0 {
			t.Errorf("%s: notes %q, error %v", name, notes, err)
		}
		if !reflect.DeepEqual(p, fullPolicy) {
			t.Errorf("%s: got %+v", name, p)
		}
	}
}

func TestAPolicyFileChangesOnlyWhatItNames(t *testing.T) {
	p, _, err := ParsePolicy(strings.NewReader("enforcement_level: "+
		"off\nexemptions:\nenrollment_deadline: null\n"), fullPolicy, judgedAt)
	want := fullPolicy
	want.Level, want.Exemptions, want.Deadline = Off, nil, time.Time{}
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n", "null"} {
		p, notes, err := ParsePolicy(strings.NewReader(empty), DefaultPolicy(), judgedAt)
		if err != nil || len(notes) != 1 || !reflect.DeepEqual(p, DefaultPolicy()) {
			t.Errorf("%q: %+v, %q, %v", empty, p, notes, err)
		}
	}
}

// TestEveryFieldOfAPolicyHasAName keeps the table of fields and the type together.
func TestEveryFieldOfAPolicyHasAName(t *testing.T) {
	names := func(of any) (out []string) {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
			if tag := f.Tag.Get("yaml"); tag != "-" && f.IsExported() {
				out = append(out, tag)
			}
		}
		return out
	}
	want := names(Policy{})
	slices.Sort(want)
	if got := fieldsOf(policyFile{}); !slices.Equal(got, want) {
		t.Errorf("a file can set %q, a policy has %q", got, want)
	}
	if got, want := fieldsOf(exemptionFile{}), names(Exemption{}); !slices.Equal(got, want) {
		t.Errorf("a file can set %q of an exemption, which has %q", got, want)
	}
}

func TestNonsenseInAPolicyFileIsRefusedByName(t *testing.T) {
	exemption := func(fields string) string { return "exemptions:\n  - {" + fields + "}\n" }
	whole := "user: a@x, owner: O, reason: R, expires: 2027-01-01"
	for text, want := range map[string]string{
		"enforcment_level: off":                `line 1, column 1: unknown field "enforcment_level"; known fields: allowed_factor_types, enforcement_level, enrollment_deadline, exemptions`,
		"sample: 0.1\nsample: 0.2":             `line 2, column 1: not valid YAML: mapping key "sample" already defined`,
		`{"sample":0.1,"sample":0.2}`:          `line 1, column 15: not valid JSON: mapping key "sample" already defined`,
		`{"sample":0.1} {}`:                    "line 1, column 16: not valid JSON",
		`{"sample":`:                           "not valid JSON",
		`{"sample":[[[[[[[[[[1]]]]]]]]]]}`:     "nested too deeply",
		"[a, b]":                               "fields with values are expected",
		"just words":                           "fields with values are expected",
		"a: b: c":                              "not valid YAML",
		"sample: 0\n---\nsample: 1":            "more than one document",
		"<<: {sample: 0}":                      `unknown field "<<"`,
		"sample: &a 0.5\nminimum_coverage: *a": "line 2, column 19: minimum_coverage: aliases",
		"mfa_methods: [&a push, *a]":           "aliases",
		"grace_period_hours: 7.5":              `"7.5" is not a whole number`,
		"grace_period_hours: 0x18":             `"0x18" is not a whole number`,
		"resolve_okta_verify: yes":             "neither true nor false",
		"mfa_methods: [push, null]":            "has no value",
		"exemptions: [{user: }]":               "line 1, column 20: exemptions, entry 1: user: has no value",
		"exemptions: [a]": "exemptions: fields with values are expected; " +
			"known fields: user, owner",
		"- - - - - - - - - - a":        "nested too deeply",
		"sample: 0.5\r\nsmple: 1":      "line 2, column 1: unknown field",
		"enforcement_level: strict":    `enforcement_level is "strict"; write off, optional or required`,
		"enforcement_level:":           "enforcement_level: has no value",
		"enforcement_level: [off]":     "enforcement_level: a single value",
		"mfa_methods: []":              "mfa_methods is empty",
		"mfa_methods: push":            "mfa_methods: a list is expected",
		"mfa_methods: [fastpass]":      `mfa_methods holds "fastpass", which is not known; known are weak, strong_phishable`,
		"mfa_methods: [unknown]":       `mfa_methods holds "unknown"`,
		"mfa_methods: [none]":          `mfa_methods holds "none"`,
		"mfa_methods: [email]":         `mfa_methods holds "email", which is not a second factor`,
		"mfa_methods: [push, PUSH]":    `mfa_methods holds "push" twice`,
		"allowed_factor_types: [weak]": `allowed_factor_types holds "weak", which is not known; known are call, `,
		"allowed_factor_types: [sms, call]": "allowed_factor_types allows nothing that " +
			"mfa_methods accepts",
		"grace_period_hours: -1":                               "grace_period_hours is -1",
		"grace_period_hours: 99999999":                         "grace_period_hours is 99999999; at most",
		"grace_period_hours: 72h":                              `line 1, column 21: grace_period_hours: "72h" is not a whole number`,
		"enrollment_deadline: soon":                            `enrollment_deadline: "soon" is not a date`,
		"enrollment_deadline: 2026-02-30":                      "is not a date",
		"minimum_coverage: 99":                                 "minimum_coverage is 99; it is a share",
		"minimum_coverage: NaN":                                "minimum_coverage is NaN",
		"minimum_coverage: high":                               "minimum_coverage: \"high\" is not a number",
		"sample: -0.1":                                         "sample is -0.1",
		"resolve_okta_verify: perhaps":                         "neither true nor false",
		exemption("user: a@x, reason: R, expires: 2027-01-01"): `exemptions, entry 1 (user "a@x"): owner is missing`,
		exemption("user: a@x, owner: O, expires: 2027-01-01"):  "reason is missing",
		exemption("owner: O, reason: R, expires: 2027-01-01"):  "user is missing",
		exemption("user: a@x, owner: O, reason: R"):            "expires is missing",
		exemption(whole + ", until: 2027-01-01"):               `line 2, column 59: unknown field "until"; known fields: user, owner, reason, expires`,
		exemption(whole) + "  - {user: A@X, owner: O, reason: R, expires: 2027-01-01}": `exemptions, entry 2: user "A@X" is in entry 1 already`,
		"exemptions: everybody": "exemptions: a list is expected",
		exemption("user: a, owner: O, expires: 2027-01-01, reason: " + strings.Repeat("x",
			1001)): "more than 1000 characters",
		"# " + strings.Repeat("x", maxPolicyBytes): "more than 4 MiB",
	} {
		p, _, err := ParsePolicy(strings.NewReader(text), DefaultPolicy(), judgedAt)
		if err == nil {
			t.Errorf("%.80q is accepted: %+v", text, p)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want %q in it", text, err, want)
		}
	}
}

func TestWhatIsAcceptedButMustBeSaidIsSaid(t *testing.T) {
	p := DefaultPolicy()
	p.Deadline = judgedAt
	p.AllowedFactorTypes = []string{"push", "email"}
	p.Exemptions = []Exemption{
		{
			User:    untrusted.NewStored("old"),
			Owner:   untrusted.NewStored("O"),
			Reason:  untrusted.NewStored("R"),
			Expires: judgedAt,
		},
		{
			User:    untrusted.NewStored("fine"),
			Owner:   untrusted.NewStored("O"),
			Reason:  untrusted.NewStored("R"),
			Expires: judgedAt.Add(time.Hour),
		},
		{
			User:    untrusted.NewStored("long"),
			Owner:   untrusted.NewStored("O"),
			Reason:  untrusted.NewStored("R"),
			Expires: judgedAt.AddDate(1, 0, 3),
		},
	}
	notes, err := p.Check(judgedAt)
	want := []string{"has passed: no one is in grace because of it", "holds email, which never counts",
		`"old" expired on 2026-11-23: it no longer applies`, `"long" lasts until 2027-11-26, more than a year`}
	if err != nil || len(notes) != len(want) {
		t.Fatalf("notes %q, error %v", notes, err)
	}
	for i := range want {
		if !strings.Contains(notes[i], want[i]) {
			t.Errorf("note %q, want %q", notes[i], want[i])
		}
	}
	for i := range 50 {
		p.Exemptions = append(p.Exemptions, Exemption{
			User:    untrusted.NewStored(fmt.Sprint(i)),
			Owner:   untrusted.NewStored("O"),
			Reason:  untrusted.NewStored("R"),
			Expires: judgedAt,
		})
	}
	if notes, err = p.Check(judgedAt); err != nil || len(notes) != 14 ||
		!strings.Contains(notes[12], "41 more expired exemptions") {
		t.Errorf("notes %q, error %v", notes, err)
	}
	if notes, err := DefaultPolicy().Check(judgedAt); err != nil || len(notes) != 0 {
		t.Errorf("the default policy: %q, %v", notes, err)
	}
}

// FuzzParsePolicy asks that whatever is accepted makes sense, and that writing it as JSON or YAML gives the same
// policy again.
func FuzzParsePolicy(f *testing.F) {
	for _, s := range []string{fullYAML, fullJSON, "", "{}", "a: &a [*a]", "exemptions: [{user: [a]}]",
		"? [a]\n: b", "sample: 0x1p-2", "\t- a", "{\"sample\":null}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, _, err := ParsePolicy(strings.NewReader(string(data)), DefaultPolicy(), judgedAt)
		if err != nil {
			if p.Level != "" {
				t.Fatalf("an error and a policy: %v", err)
			}
			return
		}
		if _, err := p.Check(judgedAt); err != nil {
			t.Fatalf("accepted, and then: %v", err)
		}
		f := Finding{Methods: methodsOf("push sms")}
		p.Judge(&f, Moments{Created: judgedAt}, p.exemptionFor("00u1", "a@x", "a@x"), true, judgedAt)
		for name, marshal := range map[string]func(any) ([]byte, error){"JSON": json.Marshal, "YAML": yaml.Marshal} {
			out, err := marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			again, _, err := ParsePolicy(strings.NewReader(strings.ReplaceAll(string(out), `,"state":""`, "")),
				Policy{}, judgedAt)
			if name == "JSON" { // omits what is empty
				again.Deadline = p.Deadline
			}
			if err != nil || !slices.Equal(again.Methods, p.Methods) || again.GraceHours != p.GraceHours ||
				len(again.Exemptions) != len(p.Exemptions) {
				t.Fatalf("%s: %v\n%s\n%+v\n%+v", name, err, out, p, again)
			}
		}
	})
}
