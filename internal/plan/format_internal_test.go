package plan

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// hostile are texts that a file must give back byte for byte.
const hostile = "Ünïcode <b>&amp; \"quoted\"\n\u202eevil\u2028 =1+1"

// fixedPlan has every field of format 2.
func fixedPlan() *Plan {
	return &Plan{
		Stage: StageGrants,
		Mode:  ModeCustomMerge,
		OrgID: "00o1",
		App: oktaclient.App{
			ID:     "0oa1",
			Name:   "oidc",
			Label:  untrusted.Stored{Text: untrusted.New(hostile)},
			Status: "ACTIVE",
		},
		File:   "report.csv",
		SHA256: strings.Repeat("ab", 32),
		Mapping: &intake.Mapping{
			User:         "E-Mail",
			Entitlements: []string{"Rôle"},
			Others:       map[string]intake.Role{"B": intake.RoleState, "A": intake.RoleScope},
		},
		Reading: &intake.Reading{
			Format:    "csv",
			Encoding:  "utf-8",
			Delimiter: ";",
			Sheet:     stored("S"),
			Header:    2,
			Layout:    intake.LayoutList,
			Spans:     []intake.Span{{What: intake.SpanTitle, From: 1, To: 1}},
			Columns: []intake.Column{{
				Name:       stored(hostile),
				Index:      3,
				Role:       intake.RoleUser,
				Reason:     "its cells are addresses",
				Confidence: 0.97,
			}},
			Words: []intake.Words{{Column: stored("Decision"), Role: intake.RoleFilter, More: 2,
				Words: []intake.WordUse{{Word: stored(hostile), Meaning: intake.MeansGrants, Rows: 7}}}},
			Rows: []intake.Selection{{
				Column: stored("Application"),
				Values: []untrusted.Stored{stored("SAP")},
			}},
			DateOrder: intake.DateOrderDayFirst,
			Today:     "2026-03-31",
			People:    "address",
			Settled: []intake.Settled{
				{Code: intake.DoubtWords, Column: stored("Decision"), Answer: "refuses", By: intake.ByTerminal},
				{Code: intake.DoubtNone, Column: stored("Rôle"), Answer: "no_value", By: intake.ByArgument},
			},
		},
		Snapshot: "snap",
		Relies:   []string{"ent1"},
		Group:    "00g1",
		Undoes:   "plan_0",
		Values: []Value{{
			ID:          "ent1",
			Entitlement: stored(hostile),
			Name:        stored("not UTF-8: \xff\x80"),
		}},
		ValidUntil: &ValidUntil{Day: "2026-04-30", Lines: []int{3, 9}},
		Ops: []Op{
			{Kind: KindAssignUser, Needs: -1, UserID: "00u1"},
			{
				Kind:      KindCreateGrant,
				Needs:     0,
				UserID:    "00u1",
				GrantType: "CUSTOM",
				Adds:      []string{"ent1"},
				Had:       []string{"ent0"},
				Grant:     []oktaclient.GrantedEntitlement{{ID: "esp1", Values: []string{"ent0", "ent1"}}},
			},
			{
				Kind:          KindAddValues,
				Needs:         -1,
				EntitlementID: "esp1",
				Attribute:     untrusted.Stored{Text: untrusted.New("role")},
				Values: []oktaclient.NewValue{{
					Name:          untrusted.Stored{Text: untrusted.New("N")},
					ExternalValue: untrusted.Stored{Text: untrusted.New("n")},
				}},
			},
			{Kind: KindRevokeAccess, Needs: -1, UserID: "00u1", GrantID: "gra1", Revokes: []string{"ent1"}},
		},
		People: []Person{{
			Email:  stored("ünï@x.example\xff"),
			Login:  stored(hostile),
			UserID: "00u1",
			Status: "ACTIVE",
		}, {Email: stored("b@x.example")}},
		Rows: []Row{{
			Line:   3,
			State:  Planned,
			Op:     1,
			Person: 0,
		}, {Line: 4, State: UnresolvedValue, Op: -1, Person: 1, Reason: hostile}},
		Warnings: []Warning{{Code: trouble.LaterDenied, What: "a warning", Next: "a step", Count: 1}},
	}
}

// TestAPlanOfFormat2KeepsItsBytesAndItsID holds what lies in the state directories of this version. When it fails,
// either the change is a mistake or it is a new format: count Format up, and let this fixture stay as one that is
// still read.
func TestAPlanOfFormat2KeepsItsBytesAndItsID(t *testing.T) {
	p, err := fixedPlan().seal(time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := p.write(&text); err != nil {
		t.Fatal(err)
	}
	const fixture, id = "testdata/plan_format_2.json", "plan_084fa9465caaac8c5f3529fdf921b0b9"
	want, err := os.ReadFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	if p.ID != id || !bytes.Equal(text.Bytes(), want) {
		got := filepath.Join(t.ArtifactDir(), "plan.json")
		_ = os.WriteFile(got, text.Bytes(), 0o600)
		t.Errorf("the plan is %s, want %s; its bytes are in %s and differ: %v", p.ID, id, got,
			!bytes.Equal(text.Bytes(), want))
	}
	back, err := read(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Verify(); err != nil || !reflect.DeepEqual(p, back) {
		t.Errorf("the plan comes back changed: %v", err)
	}
}

// TestTheDigestCoversEveryFieldOfAPlan changes each field of the fixture in turn, however deep it lies.
func TestTheDigestCoversEveryFieldOfAPlan(t *testing.T) {
	fixed, err := fixedPlan().seal(time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	p := fixedPlan()
	p.Format, p.Created = fixed.Format, fixed.Created
	for i := range p.Ops {
		p.Ops[i].Key = fixed.Ops[i].Key
	}
	p.ID = fixed.ID
	fields := 0
	changeEach(reflect.ValueOf(p).Elem(), "Plan", func(path string) {
		if path == "Plan.ID" {
			return
		}
		fields++
		if err := p.Verify(); err == nil {
			t.Errorf("%s can be changed and the plan keeps its id", path)
		}
	})
	if err := p.Verify(); err != nil || fields < 60 {
		t.Fatalf("%d fields were changed, and in the end: %v", fields, err)
	}
}

// changeEach sets each text and number under v to another, calls seen, and sets it back.
func changeEach(v reflect.Value, path string, seen func(path string)) {
	try := func(other reflect.Value) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(other)
		seen(path)
		v.Set(was)
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		try(reflect.ValueOf(v.Interface().(time.Time).Add(time.Second)))
		return
	case v.Type() == reflect.TypeOf(stored("")):
		try(reflect.ValueOf(stored("another")))
		return
	}
	switch v.Kind() {
	case reflect.String:
		try(reflect.ValueOf(v.String() + "x").Convert(v.Type()))
	case reflect.Int:
		try(reflect.ValueOf(int(v.Int()) + 1).Convert(v.Type()))
	case reflect.Float64:
		try(reflect.ValueOf(v.Float() / 2))
	case reflect.Pointer:
		if !v.IsNil() {
			changeEach(v.Elem(), path, seen)
		}
	case reflect.Slice:
		for i := range v.Len() {
			changeEach(v.Index(i), path+"[]", seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				changeEach(v.Field(i), path+"."+v.Type().Field(i).Name, seen)
			}
		}
	}
}

func TestAPlanOfANewerFormatIsRefusedByName(t *testing.T) {
	store, err := NewStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	id := "plan_" + strings.Repeat("0", 32)
	for name, c := range map[string]struct {
		text string
		code trouble.Code
	}{
		"newer": {`{"id":"` + id + `","format":3,"created":"2027-01-01T00:00:00Z","ops":[]}`,
			trouble.PlanFormat},
		"newer, of other shapes": {`{"id":"` + id + `","format":99,"created":5,"ops":{"a":1},"rows":"none"}`,
			trouble.PlanFormat},
		"no format":        {`{"id":"` + id + `","ops":[]}`, trouble.PlanDamaged},
		"a word as format": {`{"id":"` + id + `","format":"two"}`, trouble.PlanDamaged},
		"changed":          {`{"id":"` + id + `","format":2,"ops":[]}`, trouble.PlanDamaged},
	} {
		if err := os.WriteFile(filepath.Join(store.dir, id+".json"), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := store.Load(id)
		known := trouble.Find(err)
		if known == nil || known.Code != c.code || known.Next == "" {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		} else if c.code == trouble.PlanFormat && !strings.Contains(known.What, id) {
			t.Errorf("%s: the refusal does not name the plan: %s", name, known.What)
		}
	}
}

func TestNoPlanHasAnOpenDoubt(t *testing.T) {
	p := fixedPlan()
	p.Reading.Doubts = []intake.Doubt{{Code: intake.DoubtDates, Question: "which?"}}
	p, err := p.seal(time.Now())
	if err == nil {
		err = p.Verify()
	}
	if err == nil || !strings.Contains(err.Error(), "open doubt") {
		t.Errorf("a plan with an open doubt passes: %v", err)
	}
}
