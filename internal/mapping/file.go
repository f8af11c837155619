// Package mapping keeps answered readings of reports: which columns of a report name the user and the access, and what
// its words mean. A saved mapping belongs to one header and one application; a known export belongs to a header alone.
// Both are files of one format. Nothing here decides about a report: the answers of a mapping are handed to intake.Read,
// which asks again about everything that they do not cover.
package mapping

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
)

// Format is the version of the file format. A file of another version is refused, never read as an empty one.
const Format = 1

// MaxBytes bounds a mapping file: a header of 2,000 columns with their answers fits.
const MaxBytes = 1 << 20

// Kind says what a file is.
type Kind string

// The kinds.
const (
	KindMapping Kind = "mapping" // an answered reading of one header, for one application
	KindExport  Kind = "export"  // the documented columns of what a system exports, for any application
)

// Status says whether a mapping may be applied without a question.
type Status string

// The states.
const (
	Proposed  Status = "proposed"  // saved with a plan that no person has confirmed; only shown
	Confirmed Status = "confirmed" // a person confirmed a plan that was made with it; applied to the next report
	BuiltIn   Status = "built in"  // comes with the program
)

// File is a mapping or a known export, as its file has it.
type File struct {
	Format int    `json:"format"` // always 1
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`            // a-z, 0-9 and -, at most 64 characters; NAME.json is its file
	Title  string `json:"title,omitempty"` // for people
	// Source is the public page that documents the columns, for an export.
	Source      string      `json:"source,omitempty"`
	Status      Status      `json:"status,omitempty"` // proposed or confirmed, for a mapping
	Application Application `json:"application,omitzero"`
	// Header has every column of the report. For a mapping the names are folded; for an export they are as documented.
	Header   []string `json:"header"`
	Optional []string `json:"optional,omitempty"`      // columns that an export may have beside those of Header
	Digest   string   `json:"header_sha256,omitempty"` // of Header, for a mapping

	Answers intake.Answers      `json:"answers,omitzero"`
	Words   map[string][]string `json:"words,omitempty"` // the words that the deciding columns had, by column
	Refuse  *Refusal            `json:"refuse,omitempty"`

	Saved         time.Time `json:"saved,omitzero"`
	Plans         []string  `json:"plans,omitempty"` // made with it and not confirmed yet, the latest last
	ConfirmedAt   time.Time `json:"confirmed,omitzero"`
	ConfirmedBy   intake.By `json:"confirmed_by,omitempty"` // form or terminal
	ConfirmedPlan string    `json:"confirmed_plan,omitempty"`
}

// Application is the application in Okta that a mapping is for.
type Application struct {
	ID    string `json:"id"`
	Label string `json:"label,omitempty"`
}

// Refusal says why no plan can be made from an export.
type Refusal struct {
	Code   trouble.Code `json:"code"`   // no_entitlement_column or no_user_column
	Reason string       `json:"reason"` // what the export holds instead
	Next   string       `json:"next_step"`
}

// Error is the refusal as the error that planning gives.
func (r *Refusal) Error() *trouble.Error {
	return &trouble.Error{Code: r.Code, What: r.Reason, Next: r.Next}
}

var goodName = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$`)

// ValidName reports whether a text can be the name of a mapping.
func ValidName(name string) bool { return len(name) <= 64 && goodName.MatchString(name) }

// Parse reads a mapping or an export file strictly: an unknown or repeated field, a value of a wrong kind and text after
// the end are refused with the file, the line and the reason. The error is a *trouble.Error with code mapping_damaged, or
// mapping_format for a version that this program does not know.
func Parse(file string, data []byte) (*File, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(data) > MaxBytes {
		return nil, damaged(file, 0, "it is larger than %d KiB, and a mapping is some hundred lines long", MaxBytes>>10)
	}
	if version, line, ok := versionOf(data); ok && version != fmt.Sprint(Format) {
		return nil, &trouble.Error{
			Code: trouble.MappingFormat,
			What: fmt.Sprintf("%s line %d: format %s is not known; this program reads format %d", file, line, shown(version), Format),
			Next: "use the version of this program that wrote the file, or make the mapping again",
		}
	}
	if err := checkStrict(file, data, reflect.TypeFor[File]()); err != nil {
		return nil, err
	}
	var f File
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, damaged(file, lineOfError(data, err), "%s", plainReason(err))
	}
	if field, reason := f.check(); reason != "" {
		return nil, damaged(file, lineOfField(data, field), "%s: %s", field, reason)
	}
	return &f, nil
}

// Encode writes a file as Parse reads it. What could not be read back exactly is refused.
func (f *File) Encode() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(f); err != nil {
		return nil, fmt.Errorf("encode mapping %s: %w", f.Name, err)
	}
	back, err := Parse(f.Name+".json", b.Bytes())
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(f, back) {
		return nil, damaged(f.Name+".json", 0, "a text in it is not UTF-8, so it would not come back as it is")
	}
	return b.Bytes(), nil
}

// check says which field cannot be and why, "" and "" when all can.
func (f *File) check() (field, reason string) {
	switch {
	case f.Format != Format:
		return "format", fmt.Sprintf("must be %d", Format)
	case f.Kind != KindMapping && f.Kind != KindExport:
		return "kind", "must be mapping or export"
	case !ValidName(f.Name):
		return "name", "must be 1 to 64 of a-z, 0-9 and -, and begin and end with a letter or digit"
	case len(f.Header) == 0:
		return "header", "must name the columns of the report"
	}
	if f.Kind == KindExport {
		return f.checkExport()
	}
	return f.checkMapping()
}

func (f *File) checkMapping() (field, reason string) {
	folded, sound := FoldHeader(f.Header)
	switch {
	case f.Status != Proposed && f.Status != Confirmed:
		return "status", "must be proposed or confirmed"
	case !sound:
		return "header", "a column has no name, or two columns have the same name"
	case !slices.Equal(folded, f.Header):
		return "header", "names must be in lower case, with one space where there are blanks"
	case f.Digest != Digest(f.Header):
		return "header_sha256", "does not belong to this header; a mapping for another header is a new mapping"
	case f.Application.ID == "":
		return "application", "must name the application by its id"
	case len(f.Optional) > 0, f.Refuse != nil, f.Source != "":
		return "kind", "optional, refuse and source belong to an export"
	case reflect.ValueOf(f.Answers).IsZero():
		return "answers", "must say something"
	case f.Status == Confirmed && (f.ConfirmedAt.IsZero() || f.ConfirmedBy != intake.ByForm && f.ConfirmedBy != intake.ByTerminal):
		return "status", "confirmed needs confirmed (when) and confirmed_by (form or terminal)"
	}
	return f.checkColumns(Fold)
}

func (f *File) checkExport() (field, reason string) {
	_, sound := foldAll(slices.Concat(f.Header, f.Optional), FoldExport)
	switch {
	case !sound:
		return "header", "a column has no name, or two columns have the same name"
	case f.Title == "":
		return "title", "must say what the export is"
	case !strings.HasPrefix(f.Source, "https://"):
		return "source", "must be the https address of the page that documents the columns"
	case f.Status != "" || f.Application != Application{} || f.Digest != "" || f.ConfirmedAt != time.Time{} || len(f.Plans) > 0:
		return "kind", "status, application, header_sha256, plans and confirmed belong to a mapping"
	case (f.Refuse == nil) == reflect.ValueOf(f.Answers).IsZero():
		return "answers", "must be there, or refuse in their place"
	case f.Refuse != nil && f.Refuse.Code != trouble.NoEntitlementColumn && f.Refuse.Code != trouble.NoUserColumn:
		return "code", "must be no_entitlement_column or no_user_column"
	case f.Refuse != nil && (f.Refuse.Reason == "" || f.Refuse.Next == ""):
		return "refuse", "needs a reason and a next_step"
	}
	return f.checkColumns(FoldExport)
}

// checkColumns refuses answers about columns that are not in the header.
func (f *File) checkColumns(fold func(string) string) (field, reason string) {
	known := map[string]bool{}
	for _, name := range slices.Concat(f.Header, f.Optional) {
		known[fold(name)] = true
	}
	for _, name := range columnsOf(f.Answers) {
		if !known[fold(name)] {
			return "answers", fmt.Sprintf("the column %q is not in the header", shown(name))
		}
	}
	return "", ""
}

func damaged(file string, line int, reason string, args ...any) *trouble.Error {
	place := file
	if line > 0 {
		place = fmt.Sprintf("%s line %d", file, line)
	}
	return &trouble.Error{
		Code: trouble.MappingDamaged,
		What: place + ": " + fmt.Sprintf(reason, args...),
		Next: "correct the file, or delete the mapping; the next plan from such a report proposes it again",
	}
}
