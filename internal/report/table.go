package report

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// column is one column of findings.csv.
type column struct {
	name string
	cell func(*mfa.Finding) string
}

// columns has one row per person in mind. Lists are joined with "; ", times are UTC by RFC 3339, answers are yes and no.
var columns = []column{
	{"user_id", func(f *mfa.Finding) string { return f.UserID }},
	{"login", func(f *mfa.Finding) string { return f.Login.Show(untrusted.Long) }},
	{"email", func(f *mfa.Finding) string { return f.Email.Show(untrusted.Long) }},
	{"name", func(f *mfa.Finding) string { return f.Name.Show(untrusted.Long) }},
	{"status", func(f *mfa.Finding) string { return f.Status }},
	{"department", func(f *mfa.Finding) string { return f.Department.Show(untrusted.Long) }},
	{"title", func(f *mfa.Finding) string { return f.Title.Show(untrusted.Long) }},
	{"manager", func(f *mfa.Finding) string { return f.Manager.Show(untrusted.Long) }},
	{"manager_id", func(f *mfa.Finding) string { return f.ManagerID.Show(untrusted.Long) }},
	{"admin", func(f *mfa.Finding) string { return yesNo(f.Admin()) }},
	{"admin_roles", func(f *mfa.Finding) string { return joined(f.Roles) }},
	{"admin_via", func(f *mfa.Finding) string { return f.RolesVia }},
	{"verdict", func(f *mfa.Finding) string { return string(f.Verdict) }},
	{"until", func(f *mfa.Finding) string { return stamp(f.Until) }},
	{"reason", func(f *mfa.Finding) string { return f.Reason.Show(untrusted.Paragraph) }},
	{"change", func(f *mfa.Finding) string { return f.Change }},
	{"registered_strength", func(f *mfa.Finding) string { return string(f.Strength) }},
	{"allowed_strength", func(f *mfa.Finding) string { return string(f.Usable) }},
	{"methods", func(f *mfa.Finding) string { return methodCell(f, true, methodName) }},
	{"method_details", func(f *mfa.Finding) string { return methodCell(f, true, methodDetails) }},
	{"inactive_methods", func(f *mfa.Finding) string { return methodCell(f, false, methodDetails) }},
	{"single_method", func(f *mfa.Finding) string { return yesNo(f.Single) }},
	{"required_authenticators", func(f *mfa.Finding) string { return joined(f.Required) }},
	{"enrollment_policy", func(f *mfa.Finding) string { return f.Policy.Show(untrusted.Long) }},
	{"enrollment_rule", func(f *mfa.Finding) string { return f.Rule }},
	{"recent_events", func(f *mfa.Finding) string { return signalCell(f) }},
	{"sources", func(f *mfa.Finding) string { return f.Sources }},
	{"sources_disagree", func(f *mfa.Finding) string { return joined(f.Disagree) }},
	{"from_cache", func(f *mfa.Finding) string { return yesNo(f.Cached) }},
	{"read_at", func(f *mfa.Finding) string { return stamp(f.ReadAt) }},
}

// cellMax is the longest cell in characters, below the 32,767 at which spreadsheets cut.
const cellMax untrusted.Width = 8000

// writeFindings writes the table by RFC 4180 in UTF-8, and shows each finding to also.
func writeFindings(w io.Writer, findings iter.Seq2[mfa.Finding, error], also func(*mfa.Finding)) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	out := csv.NewWriter(buffered)
	out.UseCRLF = true
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for f, err := range findings {
		if err != nil {
			return fmt.Errorf("read findings: %w", err)
		}
		for i, c := range columns {
			row[i] = untrusted.Cell(untrusted.New(c.cell(&f)).Show(cellMax))
		}
		if err := out.Write(row); err != nil {
			return err
		}
		also(&f)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return buffered.Flush()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// joined puts a list into one cell. Every item is guarded, since a spreadsheet that is set to split at ; makes cells of them.
func joined(items []string) string {
	cells := make([]string, len(items))
	for i, item := range items {
		cells[i] = untrusted.Cell(untrusted.New(item).Show(untrusted.Long))
	}
	return strings.Join(cells, "; ")
}

func methodCell(f *mfa.Finding, active bool, write func(mfa.Method) string) string {
	var items []string
	for _, m := range f.Methods {
		if m.Active() == active {
			items = append(items, write(m))
		}
	}
	return joined(items)
}

func methodName(m mfa.Method) string {
	if m.Name == "" {
		return m.Key
	}
	return m.Name
}

func methodDetails(m mfa.Method) string {
	parts := []string{string(m.Strength)}
	for _, p := range [][2]string{{"authenticator ", m.Key}, {"provider ", m.Provider}, {"", m.Allowed},
		{"since ", stamp(m.Since)}, {"from ", m.Source}} {
		if p[1] != "" {
			parts = append(parts, p[0]+p[1])
		}
	}
	if !m.Active() {
		parts = append(parts, m.Status)
	}
	return methodName(m) + " (" + strings.Join(parts, ", ") + ")"
}

func signalCell(f *mfa.Finding) string {
	var items []string
	for _, s := range f.Signals {
		items = append(items, s.Kind+" "+strconv.Itoa(s.Count)+" last "+stamp(s.Last))
	}
	return joined(items)
}
