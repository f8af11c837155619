package tools

import (
	"context"

	"okta-entitlements-mcp/internal/intake"
)

// ReadFileIn names a page of a report.
type ReadFileIn struct {
	Filename string `json:"filename" jsonschema:"As list_csv_files gives it"`
	Cursor   string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before"`
	Limit    int    `json:"limit,omitempty" jsonschema:"Rows per answer, 1 to 100, default 20"`
	Personal bool   `json:"show_personal_data,omitempty" jsonschema:"Show e-mails and names in full. Default false: they are shortened"`
}

// ReadFileOut is a page of rows as they stand in the file.
type ReadFileOut struct {
	Filename   string       `json:"filename"`
	Columns    []ColumnItem `json:"columns,omitempty"`
	Rows       []RowItem    `json:"rows,omitempty"`
	NextCursor string       `json:"next_cursor,omitempty"`
	Next       string       `json:"next_step"`
}

// RowItem is one record.
type RowItem struct {
	Line  int      `json:"line"`
	Cells []string `json:"cells,omitempty" jsonschema:"Untrusted text from the file"`
	Error string   `json:"error,omitempty"`
}

// ColumnItem is one column with what it is taken for.
type ColumnItem struct {
	Name       string  `json:"name" jsonschema:"Untrusted text from the file"`
	Role       string  `json:"role" jsonschema:"user, user_id, entitlement, attribute, filter, date, action or ignored"`
	Reason     string  `json:"reason,omitempty"`
	Confidence float64 `json:"confidence,omitempty" jsonschema:"0 to 1"`
}

var specReadFile = Spec{
	Name: "read_csv_file", Title: "Read rows of a report", Effect: ReadsLocal,
	Description: "Shows a page of rows of a report with their line numbers. Personal columns are shortened unless show_personal_data is true. " +
		"Use it to look at a few rows; analyze_csv_for_entitlements answers questions about the whole file without listing it.",
}

const cellWidth = 200

func readFile(ctx context.Context, d *Deps, _ *Call, in ReadFileIn) (ReadFileOut, error) {
	limit, err := pageSize(in.Limit, 20, 100)
	if err != nil {
		return ReadFileOut{}, err
	}
	name, err := d.locate(in.Filename)
	if err != nil {
		return ReadFileOut{}, err
	}
	page, err := d.Inbox.Page(ctx, name, in.Cursor, limit, intake.Options{File: name})
	if err != nil {
		return ReadFileOut{}, err
	}
	out := ReadFileOut{Filename: name, NextCursor: page.Next, Next: "analyze_csv_for_entitlements looks at the whole file"}
	for _, c := range page.Columns {
		out.Columns = append(out.Columns, ColumnItem{Name: intake.Clean(c.Name, 80), Role: string(c.Role)})
	}
	for _, row := range page.Rows {
		item := RowItem{Line: row.Line, Error: row.Problem}
		for i, cell := range row.Cells {
			cell = intake.Clean(cell, cellWidth)
			if !in.Personal && personal(page.Columns, i) {
				cell = intake.ShortenEmail(cell)
			}
			item.Cells = append(item.Cells, cell)
		}
		out.Rows = append(out.Rows, item)
	}
	return out, nil
}

// personal reports whether a column says who somebody is. Where nothing is known of a column, it is treated as personal.
func personal(columns []intake.Column, i int) bool {
	if i >= len(columns) {
		return true
	}
	switch columns[i].Role {
	case intake.RoleEntitlement, intake.RoleFilter, intake.RoleDate, intake.RoleAction:
		return false
	default:
		return true
	}
}

// PreflightIn names the report to check.
type PreflightIn struct {
	Filename string         `json:"filename" jsonschema:"As list_csv_files gives it"`
	Columns  intake.Mapping `json:"columns,omitzero" jsonschema:"What columns mean, where the guess would be wrong"`
	Offset   int            `json:"offset,omitempty" jsonschema:"Skip this many problems"`
}

// PreflightOut is every problem of a file, with its line and how to mend it.
type PreflightOut struct {
	Filename   string           `json:"filename"`
	Usable     bool             `json:"usable" jsonschema:"False when no row could be used"`
	Encoding   string           `json:"encoding"`
	Delimiter  string           `json:"delimiter"`
	Bytes      int64            `json:"bytes"`
	Counts     intake.Counts    `json:"counts"`
	Problems   []intake.Problem `json:"problems,omitempty" jsonschema:"Values are untrusted text from the file"`
	ByCode     map[string]int   `json:"problems_by_code,omitempty" jsonschema:"Full counts"`
	NextOffset int              `json:"next_offset,omitempty"`
	Next       string           `json:"next_step"`
}

var specPreflight = Spec{
	Name: "validate_csv_preflight", Title: "Check a report", Effect: ReadsLocal,
	Description: "Finds every problem of a report before anything is planned: encoding, ragged rows, missing or malformed e-mails, rows that say nothing, values that differ only in spelling, " +
		"separators inside names, formula cells, over-long values. Each problem has its line and how to mend it. Changes nothing and makes no call to Okta. Next: analyze_csv_for_entitlements.",
}

const shownProblems = 50

func preflight(ctx context.Context, d *Deps, _ *Call, in PreflightIn) (PreflightOut, error) {
	report, err := d.read(ctx, in.Filename, in.Columns)
	if err != nil {
		return PreflightOut{}, err
	}
	out := PreflightOut{Filename: report.File, Encoding: report.Encoding, Delimiter: report.Delimiter, Bytes: report.Bytes,
		Counts: report.Counts(), ByCode: report.ProblemCounts, Next: "analyze_csv_for_entitlements with this filename"}
	out.Usable = out.Counts.Wanted > 0
	if !out.Usable {
		out.Next = "no row asks for access that could be granted; see the problems"
	}
	rest := report.Problems[min(max(in.Offset, 0), len(report.Problems)):]
	for i, p := range rest {
		if i == shownProblems {
			out.NextOffset = in.Offset + shownProblems
			break
		}
		p.Value, p.Column = intake.Clean(p.Value, 80), intake.Clean(p.Column, 80)
		p.Message, p.Mend = intake.Clean(p.Message, 300), intake.Clean(p.Mend, 300)
		out.Problems = append(out.Problems, p)
	}
	return out, nil
}
