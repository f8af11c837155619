package mapping_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/trouble"
)

var at = time.Date(2026, 3, 31, 8, 0, 0, 0, time.UTC)

// good is a mapping file that is right.
func good() *mapping.File {
	header := []string{"username", "role", "decision"}
	return &mapping.File{
		Format:      mapping.Format,
		Kind:        mapping.KindMapping,
		Name:        "acme-finance-0a1b2c3d",
		Status:      mapping.Proposed,
		Application: mapping.Application{ID: "0oa1", Label: "Acme Finance"},
		Header:      header,
		Digest:      mapping.Digest(header),
		Answers: intake.Answers{
			Columns: intake.Mapping{User: "username", Entitlements: []string{"role"}, Filter: "decision"},
			Words:   map[string]map[string]string{"decision": {"Parked": intake.WordRefuses}},
		},
		Words: map[string][]string{"decision": {"Approve", "Parked"}},
		Saved: at,
		Plans: []string{"plan-1"},
	}
}

func encoded(t *testing.T, f *mapping.File) string {
	t.Helper()
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAFileThatWasEditedWronglyIsRefusedByLineAndReason(t *testing.T) {
	right := encoded(t, good())
	line := func(part string) int { return 1 + strings.Count(right[:strings.Index(right, part)], "\n") }
	tests := []struct {
		name     string
		was, is  string
		code     trouble.Code
		line     int
		mentions string
	}{
		{"unknown field", `"name"`, `"nmae"`, trouble.MappingDamaged, line(`"name"`), `no field "nmae"`},
		{"field in another case", `"name"`, `"Name"`, trouble.MappingDamaged, line(`"name"`), `no field "Name"`},
		{"repeated field", `"status": "proposed",`, `"status": "proposed", "status": "confirmed",`,
			trouble.MappingDamaged, line(`"status"`), `"status" is there twice`},
		{"repeated word", `"Parked": "refuses"`, `"Parked": "refuses", "Parked": "grants"`,
			trouble.MappingDamaged, line(`"Parked": "refuses"`), `"Parked" is there twice`},
		{"wrong kind", `"header": [`, `"header": {"a":"b"}, "plans": [`, trouble.MappingDamaged, line(`"header"`), "fields"},
		{"number for text", `"name": "acme-finance-0a1b2c3d"`, `"name": 7`, trouble.MappingDamaged, line(`"name"`), "name"},
		{"null", `"name": "acme-finance-0a1b2c3d"`, `"name": null`, trouble.MappingDamaged, line(`"name"`), "null"},
		{"missing comma", `"proposed",`, `"proposed"`, trouble.MappingDamaged, line(`"application"`), "invalid character"},
		{"cut off", `"plans"`, "", trouble.MappingDamaged, 0, ""},
		{"text after the end", "\n}\n", "\n}\n{}", trouble.MappingDamaged, strings.Count(right, "\n") + 1, "after the end"},
		{"newer format", `"format": 1`, `"format": 2`, trouble.MappingFormat, line(`"format"`), "format 2"},
		{"format as text", `"format": 1`, `"format": "1"`, trouble.MappingFormat, line(`"format"`), "format"},
		{"no format", `"format": 1,`, ``, trouble.MappingDamaged, 0, "format"},
		{"header of another report", `"role",`, `"roles",`, trouble.MappingDamaged, line(`"header_sha256"`), "header"},
		{"header not folded", `"username",`, `"Username",`, trouble.MappingDamaged, line(`"header"`), "lower case"},
		{"answer about no column", `"user": "username"`, `"user": "login"`, trouble.MappingDamaged,
			line(`"answers"`), `"login"`},
		{"status", `"status": "proposed"`, `"status": "approved"`, trouble.MappingDamaged, line(`"status"`),
			"proposed or confirmed"},
		{"confirmed by no one", `"status": "proposed"`, `"status": "confirmed"`, trouble.MappingDamaged,
			line(`"status"`), "confirmed_by"},
		{"name that leads elsewhere", `"acme-finance-0a1b2c3d"`, `"../acme"`, trouble.MappingDamaged, line(`"name"`), "name"},
		{"bad time", `"saved": "2026-03-31T08:00:00Z"`, `"saved": "yesterday"`, trouble.MappingDamaged, 0, "yesterday"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(right, tt.was) {
				t.Fatalf("the right file has no %q", tt.was)
			}
			wrong := strings.Replace(right, tt.was, tt.is, 1)
			if tt.name == "cut off" {
				wrong = right[:strings.Index(right, tt.was)]
			}
			f, err := mapping.Parse("mappings/acme.json", []byte(wrong))
			if err == nil {
				t.Fatalf("accepted as %+v", f)
			}
			if got := trouble.CodeOf(err); got != tt.code {
				t.Errorf("code %s, want %s", got, tt.code)
			}
			want := "mappings/acme.json"
			if tt.line > 0 {
				want = fmt.Sprintf("mappings/acme.json line %d:", tt.line)
			}
			if what := err.Error(); !strings.Contains(what, want) || !strings.Contains(what, tt.mentions) {
				t.Errorf("the error is %q; want %q and %q in it", what, want, tt.mentions)
			}
		})
	}
}

func TestAnExportFileSaysWhereItsColumnsAreDocumented(t *testing.T) {
	right := mapping.File{
		Format:  mapping.Format,
		Kind:    mapping.KindExport,
		Name:    "acme",
		Title:   "Acme",
		Source:  "https://acme.example.com",
		Header:  []string{"Login [Required]", "Role"},
		Answers: intake.Answers{Columns: intake.Mapping{User: "Login"}},
	}
	if _, err := right.Encode(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*mapping.File){
		"no source":  func(f *mapping.File) { f.Source = "" },
		"no title":   func(f *mapping.File) { f.Title = "" },
		"no answers": func(f *mapping.File) { f.Answers = intake.Answers{} },
		"answers and refusal": func(f *mapping.File) {
			f.Refuse = &mapping.Refusal{
				Code:   trouble.NoUserColumn,
				Reason: "r",
				Next:   "n",
			}
		},
		"an odd code": func(f *mapping.File) {
			f.Answers, f.Refuse = intake.Answers{}, &mapping.Refusal{
				Code:   trouble.FileChanged,
				Reason: "r",
				Next:   "n",
			}
		},
		"a status":       func(f *mapping.File) { f.Status = mapping.Confirmed },
		"an application": func(f *mapping.File) { f.Application.ID = "0oa1" },
		"columns alike":  func(f *mapping.File) { f.Optional = []string{"ROLE [x]"} },
	} {
		f := right
		spoil(&f)
		if _, err := f.Encode(); trouble.CodeOf(err) != trouble.MappingDamaged {
			t.Errorf("%s: %v, want mapping_damaged", name, err)
		}
	}
}

func TestWhatCannotComeBackAsItIsIsNotSaved(t *testing.T) {
	f := good()
	f.Words["decision"] = []string{"\xff"}
	if _, err := f.Encode(); trouble.CodeOf(err) != trouble.MappingDamaged {
		t.Errorf("got %v, want mapping_damaged", err)
	}
}

// hostile are texts that reports hold and that files must give back byte for byte.
var hostile = []string{
	"Role", "", " ", "a\nb", "a\x00b", "\x1b[31m", "<script>&amp;", "\u2028\u2029", "ünïcode", "名前", "🙂",
	"\u202etxt", "${jndi}", "=1+1",
	`"}`, `\`, `\u0000`, "null", "true", "*a", "&a", "!!str", "- a", ": ", "#", "{", "yes", "0x1f",
	strings.Repeat("x", 5000),
}

func TestFilesComeBackByteForByte(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string { return hostile[random.IntN(len(hostile))] }
	for range 500 {
		f := good()
		f.Title, f.Application.Label = text(), text()
		f.Words = map[string][]string{text(): {text(), text()}}
		f.Answers.Words = map[string]map[string]string{"decision": {text(): text(), text(): text()}}
		f.Answers.Rows = map[string][]string{"role": {text(), text()}}
		f.Answers.Columns.Separators, f.Answers.Sheet, f.Answers.Delimiter = text(), text(), text()
		f.Plans = []string{text()}
		data, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := mapping.Parse("x.json", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if !reflect.DeepEqual(f, back) {
			t.Fatalf("came back as %+v, want %+v", back, f)
		}
	}
}

func TestFoldedHeadersIdentifyReports(t *testing.T) {
	tests := []struct {
		name string
		a, b []string
		same bool
	}{
		{"case and blanks", []string{"User Name", "Role"}, []string{" USER\u00a0 name\t", "role"}, true},
		{"order", []string{"User", "Role"}, []string{"Role", "User"}, true},
		{"byte order mark", []string{"\ufeffUser", "Role"}, []string{"User", "Role"}, true},
		{"another column", []string{"User", "Role"}, []string{"User", "Role", "Revoked"}, false},
		{"another name", []string{"User", "Decision"}, []string{"User", "Previous Decision"}, false},
		{"brackets", []string{"User", "Decision [current]"}, []string{"User", "Decision [previous]"}, false},
		{"the same letters cut otherwise", []string{"ab", "c"}, []string{"a", "bc"}, false},
	}
	for _, tt := range tests {
		a, okA := mapping.FoldHeader(tt.a)
		b, okB := mapping.FoldHeader(tt.b)
		if !okA || !okB {
			t.Fatalf("%s: a header cannot be folded", tt.name)
		}
		if got := mapping.Digest(a) == mapping.Digest(b); got != tt.same {
			t.Errorf("%s: the same is %v, want %v", tt.name, got, tt.same)
		}
	}
	for _, header := range [][]string{{"Role", "ROLE "}, {"Role", ""}, {}} {
		if _, ok := mapping.FoldHeader(header); ok {
			t.Errorf("%q identifies a report, although a name in it does not say which column is meant", header)
		}
	}
}

func schema(t *testing.T) (*jsonschema.Schema, map[string]any) {
	t.Helper()
	data, err := os.ReadFile("../../docs/mapping.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mapping.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("mapping.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled, doc.(map[string]any)
}

func TestTheSchemaHasTheFieldsOfTheFile(t *testing.T) {
	_, doc := schema(t)
	defs := doc["$defs"].(map[string]any)
	compare := func(what string, of reflect.Type, object map[string]any) {
		properties := object["properties"].(map[string]any)
		fields := map[string]bool{}
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			fields[name] = true
			if properties[name] == nil {
				t.Errorf("the schema's %s has no %s", what, name)
			}
		}
		for name := range properties {
			if !fields[name] {
				t.Errorf("the schema's %s has %s, which the program does not read", what, name)
			}
		}
		if object["additionalProperties"] != false {
			t.Errorf("the schema's %s accepts fields that the program refuses", what)
		}
	}
	compare("file", reflect.TypeFor[mapping.File](), doc)
	compare("application", reflect.TypeFor[mapping.Application](), defs["application"].(map[string]any))
	compare("refuse", reflect.TypeFor[mapping.Refusal](), defs["refuse"].(map[string]any))
	compare("answers", reflect.TypeFor[intake.Answers](), defs["answers"].(map[string]any))
	compare("columns", reflect.TypeFor[intake.Mapping](), defs["columns"].(map[string]any))
}

func TestExamplesAndExportsFollowTheSchema(t *testing.T) {
	compiled, _ := schema(t)
	names, err := filepath.Glob("../intake/exports/*.json")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d exports: %v", len(names), err)
	}
	examples := map[string][]byte{"a mapping": []byte(encoded(t, good()))}
	for _, name := range names {
		if examples[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range examples {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wrong, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"format":2,"kind":"mapping","name":"a","header":["a"]}`))
	if compiled.Validate(wrong) == nil {
		t.Error("the schema accepts another format")
	}
}

func FuzzParse(f *testing.F) {
	data, err := good().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, name := range []string{"okta-current-assignments", "microsoft-365-users"} {
		if data, err := os.ReadFile("../intake/exports/" + name + ".json"); err == nil {
			f.Add(data)
		}
	}
	f.Add([]byte(`{"format":1,"answers":{"words":{"a":{"b":[[[[[[[[[[[[[[[[[[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := mapping.Parse("fuzz.json", data)
		if err != nil {
			if code := trouble.CodeOf(err); code != trouble.MappingDamaged && code != trouble.MappingFormat {
				t.Fatalf("refused without a code of its own: %v", err)
			}
			return
		}
		again, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		back, err := mapping.Parse("fuzz.json", again)
		if err != nil || !reflect.DeepEqual(file, back) {
			t.Fatalf("what was accepted does not come back: %v", err)
		}
	})
}
