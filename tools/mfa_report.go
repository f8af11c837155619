package tools

import (
	"context"
	"errors"

	"okta-entitlements-mcp/internal/courier"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/report"
)

// ReportIn says what to deliver of an audit.
type ReportIn struct {
	AuditID  string `json:"audit_id,omitempty" jsonschema:"Default: the latest audit"`
	Files    bool   `json:"files,omitempty" jsonschema:"Write findings.csv, summary.json and report.html on the server's machine"`
	Jira     string `json:"jira,omitempty" jsonschema:"enum=per_user,enum=per_manager,enum=bulk" jsonschema_description:"Make, update, close and reopen tickets"`
	Slack    bool   `json:"slack,omitempty" jsonschema:"Post a digest to the configured channel, without names unless the channel is listed for that"`
	Messages bool   `json:"notify_users,omitempty" jsonschema:"Send a direct message to each person who is not compliant"`
	Deliver  bool   `json:"deliver,omitempty" jsonschema:"Default false: files are written, and for all else it is only said what would be done. true makes tickets and sends messages"`
}

// ReportOut says what was delivered.
type ReportOut struct {
	Status  string           `json:"status" jsonschema:"delivered, partly, or dry_run"`
	Receipt *courier.Receipt `json:"receipt"`
	Next    string           `json:"next_step"`
}

var specMFAReport = Spec{
	Name: "okta_mfa_report", Title: "Report an MFA audit", Effect: Reports,
	Description: "Delivers the latest MFA audit: files for an auditor, tickets in Jira, a digest in Slack, messages to people. Never touches Okta. " +
		"Without deliver it says what would be done and writes only files; show that to the user before calling again with deliver true. " +
		"The same audit delivered twice makes nothing twice; what cannot be delivered waits and goes with the next report.",
}

func mfaReport(ctx context.Context, d *Deps, _ *Call, in ReportIn) (ReportOut, error) {
	order := courier.Order{AuditID: in.AuditID, Files: in.Files, Tickets: report.Mode(in.Jira), Digest: in.Slack, Messages: in.Messages, DryRun: !in.Deliver}
	if !order.Files && order.Tickets == "" && !order.Digest && !order.Messages {
		return ReportOut{}, &Problem{Code: "missing_argument", Message: "nothing to deliver was named", Next: "set files, jira, slack or notify_users"}
	}
	receipt, err := d.MFA.Courier.Deliver(ctx, order)
	if errors.Is(err, courier.ErrNotConfigured) {
		return ReportOut{}, &Problem{Code: "not_configured", Message: err.Error(), Next: "ask whoever runs the server to add the settings; files needs none"}
	}
	if err != nil {
		return ReportOut{}, err
	}
	clean(receipt)
	out := ReportOut{Status: "delivered", Receipt: receipt, Next: "nothing is left to do"}
	switch {
	case receipt.Failed():
		out.Status, out.Next = "partly", "mend what the receipt says; what waits is tried again by the next okta_mfa_report with deliver true"
	case order.DryRun && (in.Jira != "" || in.Slack || in.Messages):
		out.Status, out.Next = "dry_run", "show this to the user; call again with deliver true to do it"
	}
	return out, nil
}

// clean bounds and cleans what other systems wrote.
func clean(r *courier.Receipt) {
	if r.Tickets != nil {
		for i := range r.Tickets.Sample {
			r.Tickets.Sample[i].Error = intake.Clean(r.Tickets.Sample[i].Error, 300)
		}
		r.Tickets.Error = intake.Clean(r.Tickets.Error, 400)
	}
	if r.Digest != nil {
		r.Digest.Error = intake.Clean(r.Digest.Error, 400)
	}
}
