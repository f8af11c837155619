package plan_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
)

func reportOn(t *testing.T, day time.Time, text string, answers ...intake.Answered) *intake.Report {
	t.Helper()
	r, err := intake.Read(t.Context(), strings.NewReader(text), intake.Options{File: "report.csv", Today: day, Answers: answers})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const doubtful = "Email,Role,Decision\na@x.example,Admin,Approve\nb@x.example,Viewer,Parked\n"

func TestNothingIsPlannedWhileADoubtIsOpen(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	r := reportOn(t, time.Now(), doubtful)
	if len(r.Open()) == 0 {
		t.Fatal("nothing is in doubt")
	}
	_, grants := plan.PlanGrants(t.Context(), w.Okta, plan.GrantRequest{Report: r, AppID: w.AppID, Now: time.Now()})
	_, structure := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{Report: r, AppID: w.AppID, Now: time.Now()})
	for _, err := range []error{grants, structure} {
		if known := trouble.Find(err); known == nil || known.Code != trouble.ReadingInDoubt ||
			!strings.Contains(known.What, "Decision") || !strings.Contains(known.Next, `{"words":`) {
			t.Errorf("planned with an open doubt: %v", err)
		}
	}
}

func TestAPlanSaysHowItsReportWasReadAndWhoSettledWhat(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	w.Tenant.AddUser(oktasim.NewUser{Email: "a@x.example", Login: "ada"})
	_, ids := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin")
	parked := func(by intake.By, meaning string) intake.Answered {
		return intake.Answered{By: by, Answers: intake.Answers{Words: map[string]map[string]string{"Decision": {"Parked": meaning}}}}
	}
	r := reportOn(t, time.Now(), doubtful, parked(intake.ByForm, "refuses"))
	p := w.PlanGrants(t.Context(), r, plan.ModeAdditive)
	if p.Format != 2 || p.Reading == nil || !reflect.DeepEqual(p.Reading.Settled, r.Reading.Settled) || len(p.Reading.Settled) != 1 ||
		p.Reading.Settled[0].By != intake.ByForm {
		t.Fatalf("format %d, reading %+v", p.Format, p.Reading)
	}
	if p.Rows[1].State != plan.DeniedAccess {
		t.Errorf("the parked row is %s", p.Rows[1].State)
	}
	if len(p.Values) != 1 || p.Values[0].ID != ids[0] || p.Values[0].Entitlement.Raw() != "Role" || p.Values[0].Name.Raw() != "Admin" {
		t.Errorf("values: %+v", p.Values)
	}
	if who := p.People[0]; who.Email.Raw() != "a@x.example" || who.Login.Raw() != "ada" || who.UserID == "" {
		t.Errorf("person: %+v", who)
	}
	other := w.PlanGrants(t.Context(), reportOn(t, time.Now(), doubtful, parked(intake.ByArgument, "refuses")), plan.ModeAdditive)
	if p.ID == other.ID {
		t.Error("who settled a doubt is not in the digest")
	}
	store, err := plan.NewStore(t.TempDir())
	if err == nil {
		err = store.Save(p)
	}
	if err != nil {
		t.Fatal(err)
	}
	if back, err := store.Load(p.ID); err != nil || !reflect.DeepEqual(p.Reading, back.Reading) || !reflect.DeepEqual(p.Values, back.Values) {
		t.Errorf("the plan comes back changed: %v", err)
	}
}

// Bytes that are no UTF-8 far behind the head of a file reach the reading, people and values as they are.
func TestAPlanFromAReportWithStrayBytesCanBeLoaded(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	var text strings.Builder
	text.WriteString("Email,Role,Decision\na@x.example,Bürgermeisterin für Größe,Approved\n") // UTF-8, so far
	for range 1 << 16 {
		text.WriteString("a@x.example,Admin,Approved\n")
	}
	text.WriteString("b@x.example,Adm\xffin,Approved\nb\xfe@x.example,Viewer,Approved\nc@x.example,Viewer,Den\xfdied\n")
	r := reportOn(t, time.Now(), text.String())
	if open := r.Open(); len(open) > 0 { // a word that is not UTF-8 is asked about, or its row cannot be used
		if len(open) != 1 || len(open[0].Answers) == 0 {
			t.Fatalf("%+v", open)
		}
		var answers intake.Answers
		if err := json.Unmarshal([]byte(open[0].Answers[0].Argument), &answers); err != nil {
			t.Fatal(err)
		}
		r = reportOn(t, time.Now(), text.String(), intake.Answered{By: intake.ByArgument, Answers: answers})
	}
	t.Logf("%d rows, %+v", len(r.Rows), r.Reading.Words)
	store, err := plan.NewStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*plan.Plan{structureOf(t, w, r), w.PlanGrants(t.Context(), r, plan.ModeAdditive)} {
		if err := store.Save(p); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Load(p.ID); err != nil {
			t.Errorf("stage %s: %v", p.Stage, err)
		}
	}
}

func structureOf(t *testing.T, w *simtest.World, r *intake.Report) *plan.Plan {
	t.Helper()
	p, err := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{Report: r, AppID: w.AppID, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPlanIsStaleOnceAnAccessThatItGrantsHasEnded(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin")
	for _, name := range []string{"a", "b", "c", "e"} {
		w.Tenant.AddUser(oktasim.NewUser{Email: name + "@x.example"})
	}
	today := time.Date(2026, 3, 15, 23, 0, 0, 0, time.UTC)
	r := reportOn(t, today, `Email,Role,Valid To
a@x.example,Admin,2026-03-31
b@x.example,Admin,2026-03-20
c@x.example,Admin,2026-03-20
gone@x.example,Admin,2026-03-16
e@x.example,Admin,2026-03-14
e@x.example,Admin,
`)
	p, err := plan.PlanGrants(t.Context(), w.Okta, plan.GrantRequest{Report: r, AppID: w.AppID, Now: today})
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.State{plan.Planned, plan.Planned, plan.Planned, plan.UnknownUser, plan.ExpiredAccess, plan.Planned}
	for i, row := range p.Rows {
		if row.State != want[i] {
			t.Errorf("line %d is %s, want %s", row.Line, row.State, want[i])
		}
	}
	if p.ValidUntil == nil || p.ValidUntil.Day != "2026-03-20" || !reflect.DeepEqual(p.ValidUntil.Lines, []int{3, 4}) {
		t.Fatalf("valid until %+v", p.ValidUntil)
	}
	west := time.FixedZone("west", -8*3600)
	for now, stale := range map[time.Time]bool{
		time.Date(2026, 3, 20, 23, 59, 59, 0, time.UTC): false,
		time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC):    true,
		time.Date(2026, 3, 20, 15, 59, 0, 0, west):      false,
		time.Date(2026, 3, 20, 16, 0, 0, 0, west):       true,
	} {
		err := p.Outdated(now)
		if stale != (trouble.CodeOf(err) == trouble.PlanStale) || stale && !strings.Contains(err.Error(), "lines 3 and 4") {
			t.Errorf("at %s: %v", now, err)
		}
	}
	if err := p.Verify(); err != nil {
		t.Error(err)
	}
	if free := w.PlanGrants(t.Context(), simtest.Report(t, "Email,Role\na@x.example,Admin\n"), plan.ModeAdditive); free.ValidUntil != nil {
		t.Errorf("access without an end makes a plan that ends on %s", free.ValidUntil.Day)
	}
}
