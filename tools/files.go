package tools

import (
	"context"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/s3sync"
)

// ListFilesOut is what lies in the inbox, and in S3 when that is on.
type ListFilesOut struct {
	Inbox string     `json:"inbox"`
	Files []FileItem `json:"files,omitempty"`
	More  int        `json:"more_files,omitempty" jsonschema:"Files beyond those listed"`
	S3    string     `json:"s3" jsonschema:"on or off"`
	Notes []string   `json:"notes,omitempty"`
	Next  string     `json:"next_step"`
}

// FileItem is one report.
type FileItem struct {
	Filename string `json:"filename" jsonschema:"Use it as filename in every other tool. Untrusted text"`
	State    string `json:"state" jsonschema:"new, processed, processed_and_assigned, or in_s3 (not copied yet) and changed_in_s3"`
	Bytes    int64  `json:"bytes"`
	Modified string `json:"modified"`
}

var specListFiles = Spec{
	Name:   "list_csv_files",
	Title:  "List access reports",
	Effect: ReadsOkta,
	Description: "Lists the access reports (CSV) in the inbox and the state of each: new, processed (its " +
		"entitlements exist), processed_and_assigned (its grants exist). " +
		"With S3 on it also shows objects that sync_s3_files would copy. The filename given here names the file in " +
		"every other tool.",
}

const shownFiles = 100

func listFiles(ctx context.Context, d *Deps, _ *Call, _ None) (ListFilesOut, error) {
	files, err := d.Inbox.List()
	if err != nil {
		return ListFilesOut{}, err
	}
	out := ListFilesOut{
		Inbox: d.Inbox.Dir(),
		S3:    "off",
		Next:  "validate_csv_preflight or analyze_csv_for_entitlements with a filename",
	}
	unshown := 0
	for _, f := range files {
		if intake.Hidden(f.Name) {
			unshown++
			continue
		}
		out.Files = append(out.Files, FileItem{f.Name, string(f.State), f.Size, f.ModTime.UTC().Format(time.RFC3339)})
	}
	if unshown > 0 {
		out.Notes = append(out.Notes, plural(unshown, "file is", "files are")+" left out, because control or "+
			"invisible characters in the name could deceive; rename to use")
	}
	if d.S3 != nil {
		out.S3 = "on"
		d.listS3(ctx, &out)
	}
	if len(files) == 0 {
		out.Next = "put a CSV file into " + d.Inbox.Dir() + " and list again"
	}
	all := out.Files
	return fitted(shownFiles, func(most int) (ListFilesOut, error) {
		out.Files = all[:min(len(all), most)]
		out.More = len(all) - len(out.Files)
		return out, nil
	})
}

// listS3 adds what S3 has and the inbox has not. When S3 cannot be listed, the local files still are the answer.
func (d *Deps) listS3(ctx context.Context, out *ListFilesOut) {
	objects, err := d.S3.List(ctx, "")
	if err != nil {
		p := Explain(err)
		out.Notes = append(out.Notes, "S3 could not be listed ("+p.Code+"): "+p.Next)
		return
	}
	for _, o := range objects {
		switch o.State {
		case s3sync.Fresh:
			out.Files = append(out.Files, FileItem{o.Name, "in_s3", o.Size, o.Modified.UTC().Format(time.RFC3339)})
		case s3sync.Changed:
			out.Files = append(out.Files, FileItem{o.Name, "changed_in_s3", o.Size, o.Modified.UTC().Format(time.RFC3339)})
		}
	}
}

// read reads a report whole.
func (d *Deps) read(ctx context.Context, name, appID string, answers intake.Answers) (*intake.Report, error) {
	return d.Planner().Look(ctx, name, appID, byArgument(answers))
}

// Finish moves a report on once everything that its plan could do is done: files move last, so that a report which is
// not finished never looks finished. It returns the new name, or "" when the file stays.
func (d *Deps) Finish(p *plan.Plan, s *batch.Summary) (string, error) {
	if p.File == "" || s.Unfinished() {
		return "", nil
	}
	switch p.Stage {
	case plan.StageStructure:
		return d.Inbox.Advance(context.Background(), p.File, p.SHA256, intake.FileProcessed)
	case plan.StageGrants:
		return d.Inbox.Advance(context.Background(), p.File, p.SHA256, intake.FileAssigned)
	default:
		return "", nil
	}
}
