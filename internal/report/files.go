// Package report turns what an MFA audit found into what people read: files for an auditor, tickets, a bulletin for a channel,
// messages to people, and the conditions under which a run fails. It asks Okta nothing and delivers nothing.
package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
)

// The names of the files of a report.
const (
	FindingsFile = "findings.csv"
	SummaryFile  = "summary.json"
	PageFile     = "report.html"
)

// File is one file that was written.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Files are the files of one report.
type Files struct {
	Findings File `json:"findings"`
	Summary  File `json:"summary"`
	Page     File `json:"page"`
}

// WriteFiles writes findings.csv, summary.json and report.html into a directory, which it creates. Only the owner may read them:
// they say whose account is weak. Each file replaces its predecessor in one step, the page last, since it quotes the digest of the
// table. The same audit gives the same bytes. Findings come most urgent first; they are read once and never held as a whole.
func WriteFiles(dir string, s mfa.Summary, findings func() iter.Seq2[mfa.Finding, error]) (Files, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return Files{}, fmt.Errorf("write report: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Files{}, fmt.Errorf("write report: open directory: %w", err)
	}
	defer root.Close() // only reads directories: a failure loses nothing
	page := newPage(&s)
	var files Files
	files.Findings, err = write(root, dir, FindingsFile, func(w io.Writer) error {
		return writeFindings(w, findings(), page.add)
	})
	if err != nil {
		return Files{}, fmt.Errorf("write report: %w", err)
	}
	files.Summary, err = write(root, dir, SummaryFile, func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(s)
	})
	if err != nil {
		return files, fmt.Errorf("write report: %w", err)
	}
	files.Page, err = write(root, dir, PageFile, func(w io.Writer) error { return page.write(w, files) })
	if err != nil {
		return files, fmt.Errorf("write report: %w", err)
	}
	return files, nil
}

// write puts one file in place and says what it holds.
func write(root *os.Root, dir, name string, fill func(io.Writer) error) (File, error) {
	sum, size := sha256.New(), counter(0)
	err := durable.WriteIn(root, name, 0o600, func(w io.Writer) error {
		return fill(io.MultiWriter(w, sum, &size))
	})
	if err != nil {
		return File{}, err
	}
	return File{Path: filepath.Join(dir, name), Bytes: int64(size), SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
