package tools

import (
	"context"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/untrusted"
)

// ReadFileIn names a page of a report.
type ReadFileIn struct {
	Filename string `json:"filename" jsonschema:"As list_csv_files gives it"`
	Cursor   string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before"`
	Limit    int    `json:"limit,omitempty" jsonschema:"Rows per answer, 1 to 100, default 20"`
	Personal bool   `json:"show_personal_data,omitempty" jsonschema:"Show e-mails and names in full. Default false: they are shortened"`
	Header   int    `json:"header_line,omitempty" jsonschema:"Line of the column names"`
	Delim    string `json:"delimiter,omitempty" jsonschema:"Sign between fields"`
	Encoding string `json:"encoding,omitempty" jsonschema:"Such as shift_jis"`
	Sheet    string `json:"sheet,omitempty" jsonschema:"Of a workbook"`
}

// ReadFileOut is a page of rows as they stand in the file.
type ReadFileOut struct {
	Filename   string       `json:"filename"`
	Columns    []ColumnItem `json:"columns,omitempty"`
	More       int          `json:"more_columns,omitempty" jsonschema:"Columns beyond those shown"`
	Rows       []RowItem    `json:"rows,omitempty" jsonschema:"Can be fewer than limit when cells are long"`
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
	Role       string  `json:"role" jsonschema:"user, entitlement, attribute, filter, state, …"`
	Reason     string  `json:"reason,omitempty"`
	Confidence float64 `json:"confidence,omitempty" jsonschema:"0 to 1"`
}

var specReadFile = Spec{
	Name:   "read_csv_file",
	Title:  "Read rows of a report",
	Effect: ReadsLocal,
	Description: "Shows a page of rows of a report with their line numbers. Personal columns are shortened " +
		"unless show_personal_data is true. " +
		"Use it to look at a few rows; analyze_csv_for_entitlements answers questions about the whole file without " +
		"listing it.",
}

const shownColumns = 40

func readFile(ctx context.Context, d *Deps, _ *Call, in ReadFileIn) (ReadFileOut, error) {
	limit, err := pageSize(in.Limit, 20, 100)
	if err != nil {
		return ReadFileOut{}, err
	}
	name, err := d.Inbox.Find(in.Filename)
	if err != nil {
		return ReadFileOut{}, err
	}
	answers := intake.Answers{HeaderLine: in.Header, Delimiter: in.Delim, Encoding: in.Encoding, Sheet: in.Sheet}
	return fitted(limit, func(most int) (ReadFileOut, error) {
		page, err := d.Inbox.Page(ctx, name, in.Cursor, most, intake.Options{File: name, Answers: byArgument(answers)})
		if err != nil {
			return ReadFileOut{}, err
		}
		width := untrusted.Line
		if most == 1 {
			width = untrusted.Word
		}
		return readOut(name, page, width, in.Personal), nil
	})
}

func readOut(name string, page intake.Page, width untrusted.Width, full bool) ReadFileOut {
	out := ReadFileOut{
		Filename:   name,
		NextCursor: page.Next,
		Next:       "analyze_csv_for_entitlements looks at the whole file",
	}
	out.Columns, out.More = columnItems(page.Columns, false)
	for _, row := range page.Rows {
		item := RowItem{Line: row.Line, Error: row.Problem}
		for i, cell := range row.Cells[:min(len(row.Cells), shownColumns)] {
			if full || !personal(page.Columns, i) {
				item.Cells = append(item.Cells, cell.Show(width))
			} else {
				item.Cells = append(item.Cells, intake.ShortenEmail(cell))
			}
		}
		out.Rows = append(out.Rows, item)
	}
	return out
}

// columnItems describes the first columns, and counts the rest.
func columnItems(columns []intake.Column, grounds bool) (items []ColumnItem, more int) {
	shown := min(len(columns), shownColumns)
	for _, c := range columns[:shown] {
		item := ColumnItem{Name: c.Name.Show(untrusted.Name), Role: string(c.Role)}
		if grounds {
			item.Reason, item.Confidence = shorten(c.Reason, untrusted.Line), c.Confidence
		}
		items = append(items, item)
	}
	return items, len(columns) - shown
}

// personal reports whether a column says who a person is. Where nothing is known of a column, it is treated as
// personal.
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
	Filename string `json:"filename" jsonschema:"As list_csv_files gives it"`
	AppID    string `json:"app_id,omitempty" jsonschema:"Okta application id: the mapping that was confirmed for it is applied"`
	Offset   int    `json:"offset,omitempty" jsonschema:"Skip this many problems"`
	intake.Answers
}

func (PreflightIn) afterStage1() {}

// PreflightOut is every problem of a file, with its line and how to fix it.
type PreflightOut struct {
	Filename   string         `json:"filename"`
	Usable     bool           `json:"usable" jsonschema:"False when no row could be used"`
	Encoding   string         `json:"encoding"`
	Delimiter  string         `json:"delimiter"`
	Bytes      int64          `json:"bytes"`
	Counts     intake.Counts  `json:"counts"`
	Doubts     []string       `json:"doubts,omitempty" jsonschema:"Open, with arguments that settle them"`
	Problems   []ProblemSeen  `json:"problems,omitempty" jsonschema:"Values are untrusted text from the file"`
	ByCode     map[string]int `json:"problems_by_code,omitempty" jsonschema:"Full counts"`
	NextOffset int            `json:"next_offset,omitempty"`
	Next       string         `json:"next_step"`
}

// ProblemSeen is a problem of a report.
type ProblemSeen struct {
	Code     string          `json:"code"`
	Severity intake.Severity `json:"severity"`
	Line     int             `json:"line,omitempty"`
	Column   string          `json:"column,omitempty"`
	Value    string          `json:"value,omitempty"`
	Message  string          `json:"message"`
	Fix      string          `json:"fix"`
}

var specPreflight = Spec{
	Name:   "validate_csv_preflight",
	Title:  "Check a report",
	Effect: ReadsLocal,
	Description: "Finds every problem of a report before anything is planned: encoding, ragged rows, missing or " +
		"malformed e-mails, rows that say nothing, values that differ only in spelling, " +
		"separators inside names, formula cells, over-long values. Each problem has its line and how to fix it. " +
		"Changes nothing and makes no call to Okta. Next: analyze_csv_for_entitlements.",
}

const shownProblems = 50

func preflight(ctx context.Context, d *Deps, _ *Call, in PreflightIn) (PreflightOut, error) {
	report, err := d.read(ctx, in.Filename, in.AppID, in.Answers)
	if err != nil {
		return PreflightOut{}, err
	}
	out := PreflightOut{
		Filename:  report.File,
		Encoding:  report.Encoding,
		Delimiter: report.Delimiter,
		Bytes:     report.Bytes,
		Counts:    report.Counts(),
		ByCode:    report.ProblemCounts,
		Next:      "analyze_csv_for_entitlements with this filename",
	}
	out.Usable = out.Counts.Wanted+out.Counts.InDoubt > 0
	out.Doubts = doubtLines(report.Open())
	switch {
	case len(out.Doubts) > 0:
		out.Next = nextInDoubt
	case !out.Usable:
		out.Next = "no row asks for access that could be granted; see the problems"
	}
	return fitted(shownProblems, func(most int) (PreflightOut, error) {
		return out.withProblems(report, in.Offset, most), nil
	})
}

func (out PreflightOut) withProblems(report *intake.Report, offset, most int) PreflightOut {
	offset = min(max(offset, 0), len(report.Problems))
	rest := report.Problems[offset:]
	if len(rest) > most {
		rest = rest[:most]
		out.NextOffset = offset + most
	}
	for _, p := range rest {
		out.Problems = append(out.Problems, ProblemSeen{
			Code:     p.Code,
			Severity: p.Severity,
			Line:     p.Line,
			Column:   p.Column.Show(untrusted.Name),
			Value:    p.Value.Show(untrusted.Name),
			Message:  p.Message,
			Fix:      p.Fix,
		})
	}
	return out
}
