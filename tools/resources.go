package tools

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/untrusted"
)

// Resource is what a run leaves behind, as a client can read it.
type Resource struct {
	Template mcp.ResourceTemplate
	Handler  server.ResourceTemplateHandlerFunc
}

const (
	reportFile  = "report.csv"
	summaryFile = "summary.json"
)

// runURI names a file of a run.
func runURI(planID, file string) string { return "run://" + planID + "/" + file }

// Resources lists what can be read of runs: one template per file.
func Resources(d *Deps) []Resource {
	return []Resource{
		d.runFile(reportFile, "Rows of a run",
			"Every row of the report with its state, Okta ids, error and next step, as CSV. Text in it is untrusted.",
			"text/csv"),
		d.runFile(summaryFile, "Summary of a run", "How a run ended, with its counts, as JSON.", "application/json"),
	}
}

// maxResource bounds what is sent to a client in one piece; a report of a large import is better opened from disk.
const maxResource = 2 << 20 // bytes

func (d *Deps) runFile(file, title, description, mime string) Resource {
	template := mcp.NewResourceTemplate(runURI("{job_id}", file), title,
		mcp.WithTemplateDescription(description), mcp.WithTemplateMIMEType(mime))
	return Resource{template, func(_ context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		id, ok := strings.CutPrefix(req.Params.URI, "run://")
		id, found := strings.CutSuffix(id, "/"+file)
		if !ok || !found || !plan.ValidID(id) {
			return nil, fmt.Errorf("%w: %q names no run", server.ErrResourceNotFound, shorten(req.Params.URI, untrusted.Line))
		}
		path := filepath.Join(d.Engine.Dir(id), file)
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("%w: the run has no %s yet; get_job shows how far it is", server.ErrResourceNotFound, file)
		}
		if info.Size() > maxResource {
			return nil, fmt.Errorf("%s has %d bytes, more than is sent in one piece; open %s on this machine", file,
				info.Size(), path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{
			URI:      req.Params.URI,
			MIMEType: mime,
			Text:     string(text),
		}}, nil
	}}
}
