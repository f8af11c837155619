package tools

import (
	"context"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/s3sync"
)

// SyncIn narrows the copying down.
type SyncIn struct {
	Prefix string `json:"prefix,omitempty" jsonschema:"Only keys that begin with this, beneath the configured prefix and allowed paths"`
}

// SyncOut is what became of each object.
type SyncOut struct {
	Copied    int        `json:"copied"`
	Unchanged int        `json:"unchanged"`
	Skipped   int        `json:"skipped"`
	Failed    int        `json:"failed"`
	Objects   []SyncItem `json:"objects,omitempty" jsonschema:"Objects that were copied, skipped or failed; the first hundred at most"`
	Next      string     `json:"next_step"`
}

// SyncItem is one object.
type SyncItem struct {
	Key      string `json:"key" jsonschema:"Untrusted text from S3"`
	Filename string `json:"filename,omitempty"`
	Outcome  string `json:"outcome" jsonschema:"copied, or skipped and failed with the reason"`
}

var specSync = Spec{
	Name:   "sync_s3_files",
	Title:  "Copy reports from S3",
	Effect: WritesLocal,
	Description: "Copies changed CSV objects from the configured S3 bucket and prefix into the inbox, each in " +
		"one step, and says what became of every object. " +
		"Off unless S3_ENABLED is set. list_csv_files shows what there is to copy.",
}

const shownObjects = 100

func syncS3(ctx context.Context, d *Deps, _ *Call, in SyncIn) (SyncOut, error) {
	if d.S3 == nil {
		return SyncOut{}, &trouble.Error{
			Code: trouble.S3Disabled,
			What: "S3 is off",
			Next: "set S3_ENABLED=true and S3_BUCKET_NAME in the environment or .env and restart, or put files into " +
				"the inbox by hand",
		}
	}
	result, err := d.S3.Sync(ctx, in.Prefix)
	if err != nil {
		return SyncOut{}, err
	}
	out := SyncOut{Next: "list_csv_files shows the inbox"}
	for _, o := range result.Objects {
		switch o.Outcome {
		case s3sync.Copied:
			out.Copied++
		case s3sync.Unchanged:
			out.Unchanged++
			continue
		case s3sync.Failed:
			out.Failed++
		default:
			out.Skipped++
		}
		out.Objects = append(out.Objects, SyncItem{untrusted.New(o.Key).Show(untrusted.Line), untrusted.New(o.Name).Show(untrusted.Line), o.Word()})
	}
	all := out.Objects
	return fitted(shownObjects, func(most int) (SyncOut, error) {
		out.Objects = all[:min(len(all), most)]
		return out, nil
	})
}
