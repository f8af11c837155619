package tools

import (
	"context"
	"strings"

	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// ReportIn says what to deliver of an audit.
type ReportIn struct {
	AuditID  string `json:"audit_id,omitempty" jsonschema:"Default: the latest audit"`
	Files    bool   `json:"files,omitempty" jsonschema:"Write findings.csv, summary.json and report.html on the server's machine"`
	Jira     string `json:"jira,omitempty"`
	Slack    bool   `json:"slack,omitempty"`
	Messages bool   `json:"notify_users,omitempty" jsonschema:"Send a direct message to each person who is not compliant"`
	Deliver  bool   `json:"deliver,omitempty"`
}

func (ReportIn) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"jira": {
			About: "Make, update, close and reopen tickets",
			OneOf: []string{"per_user", "per_manager", "bulk"},
		},
		"slack": {About: "Post a bulletin to the configured channel, without names unless the channel is listed for that"},
		"deliver": {About: "Default false: files are written, and for all else it is only said what would be done. " +
			"true makes tickets and sends messages"},
	}
}

// ReportOut says what was delivered.
type ReportOut struct {
	Status  string            `json:"status" jsonschema:"delivered, partly, or dry_run"`
	Receipt *delivery.Receipt `json:"receipt"`
	Preview []string          `json:"digest_preview,omitempty" jsonschema:"The bulletin as it would be posted, line by line"`
	Next    string            `json:"next_step"`
}

var specMFAReport = Spec{
	Name:   "okta_mfa_report",
	Title:  "Report an MFA audit",
	Effect: Reports,
	Description: "Delivers the latest MFA audit: files for an auditor, tickets in Jira, a bulletin in Slack, " +
		"messages to people. Never touches Okta. " +
		"Without deliver it says what would be done and writes only files; show that to the user before calling " +
		"again with deliver true. " +
		"The same audit delivered twice makes nothing twice; what cannot be delivered waits and goes with the next report.",
}

func mfaReport(ctx context.Context, d *Deps, _ *Call, in ReportIn) (ReportOut, error) {
	order := delivery.Order{
		AuditID:  in.AuditID,
		Files:    in.Files,
		Tickets:  report.Mode(in.Jira),
		Bulletin: in.Slack,
		Messages: in.Messages,
		DryRun:   !in.Deliver,
	}
	if !order.Files && order.Tickets == "" && !order.Bulletin && !order.Messages {
		return ReportOut{}, &trouble.Error{
			Code: trouble.MissingArgument,
			What: "nothing to deliver was named",
			Next: "set files, jira, slack or notify_users",
		}
	}
	receipt, err := d.MFA.Sender.Deliver(ctx, order)
	if err != nil {
		return ReportOut{}, err
	}
	out := ReportOut{
		Status:  "delivered",
		Receipt: receipt,
		Preview: preview(receipt),
		Next:    "nothing is left to do",
	}
	clean(receipt)
	switch {
	case receipt.Failed():
		out.Status, out.Next = "partly", "fix what the receipt says; what waits is tried again by the next "+
			"okta_mfa_report with deliver true"
	case order.DryRun && (in.Jira != "" || in.Slack || in.Messages):
		out.Status, out.Next = "dry_run", "show this to the user; call again with deliver true to do it"
	}
	return out, nil
}

// preview takes the bulletin of a dry run out of the receipt: an answer has no text of several lines, in which a name
// could pass for a line of ours.
func preview(r *delivery.Receipt) []string {
	if r.Bulletin == nil || r.Bulletin.Text == "" {
		return nil
	}
	var lines []string
	for line := range strings.Lines(r.Bulletin.Text) {
		line = strings.TrimRight(line, "\n")
		words := strings.Join(strings.Fields(line), " ")
		if cleaned := untrusted.New(words).Show(untrusted.Long); cleaned != words {
			line = cleaned // otherwise the line stays as it is, columns and all
		}
		lines = append(lines, line)
	}
	r.Bulletin.Text = ""
	return lines
}

// clean bounds and cleans what other systems wrote.
func clean(r *delivery.Receipt) {
	if t := r.Tickets; t != nil {
		for i := range t.Sample {
			t.Sample[i].Error = untrusted.New(t.Sample[i].Error).Show(untrusted.Long)
		}
		t.Error = untrusted.New(t.Error).Show(untrusted.Long)
	}
	if r.Bulletin != nil {
		r.Bulletin.Error = untrusted.New(r.Bulletin.Error).Show(untrusted.Long)
	}
	if m := r.Messages; m != nil {
		m.Example = shownTexts(untrusted.All(m.Example), 12)
		reasons := map[string]int{}
		for reason, n := range m.Reasons {
			reasons[untrusted.New(reason).Show(untrusted.Line)] += n
		}
		m.Reasons = reasons
	}
	for i := range r.Waiting {
		r.Waiting[i].Error = untrusted.New(r.Waiting[i].Error).Show(untrusted.Long)
	}
	r.Notes = shownTexts(untrusted.All(r.Notes), shownNotes)
}
