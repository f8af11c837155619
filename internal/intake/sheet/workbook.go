package sheet

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"strings"

	"okta-entitlements-mcp/internal/trouble"
)

// entry is one sheet of a workbook.
type entry struct {
	name   string
	hidden bool
	part   *zip.File
}

type sheets []entry

// maxPart is how many bytes of the two small parts that list the sheets are read.
const maxPart = 16 << 20

// listSheets returns the sheets of a workbook in its order. The library keeps the names of their parts to itself.
func listSheets(archive *zip.Reader) (sheets, error) {
	var book struct {
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			Rel   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			Loose string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := decode(archive, "xl/workbook.xml", &book); err != nil {
		return nil, broken(err)
	}
	if err := decode(archive, "xl/_rels/workbook.xml.rels", &rels); err != nil {
		return nil, broken(err)
	}
	targets := map[string]string{}
	for _, r := range rels.List {
		targets[r.ID] = r.Target
	}
	var list sheets
	for _, s := range book.Sheets {
		target := targets[s.Rel+s.Loose]
		if !strings.Contains(target, "worksheets/") {
			continue // a chart or a dialogue
		}
		part := find(archive, absolute(target))
		if part == nil {
			return nil, broken(fmt.Errorf("the sheet %q is missing from the file", s.Name))
		}
		list = append(list, entry{name: s.Name, hidden: s.State != "" && s.State != "visible", part: part})
	}
	if len(list) == 0 {
		return nil, broken(fmt.Errorf("it has no sheet with cells"))
	}
	return list, nil
}

// absolute is the name of a part in the archive: targets are relative to xl/ unless they begin with a slash.
func absolute(target string) string {
	if strings.HasPrefix(target, "/") {
		return strings.TrimPrefix(path.Clean(target), "/")
	}
	return path.Join("xl", target)
}

func find(archive *zip.Reader, name string) *zip.File {
	for _, f := range archive.File {
		if strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return nil
}

func decode(archive *zip.Reader, name string, into any) error {
	f := find(archive, name)
	if f == nil {
		return fmt.Errorf("the part %s is missing", name)
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = r.Close() }()
	if err := xml.NewDecoder(io.LimitReader(r, maxPart)).Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func (list sheets) visible() []string {
	var names []string
	for _, s := range list {
		if !s.hidden {
			names = append(names, s.name)
		}
	}
	return names
}

// choose returns the sheet of that name, in any case; without one, the first that is visible.
func (list sheets) choose(name string) (entry, error) {
	for _, s := range list {
		if name == "" && !s.hidden || name != "" && strings.EqualFold(strings.TrimSpace(s.name), strings.TrimSpace(name)) {
			return s, nil
		}
	}
	what := "all sheets of the workbook are hidden"
	if name != "" {
		what = fmt.Sprintf("the workbook has no sheet %q", name)
	}
	return entry{}, &trouble.Error{Code: trouble.UnknownSheet, What: what, Next: "name one of its sheets: " + list.names()}
}

// names lists the sheets, quoted and capped.
func (list sheets) names() string {
	const most = 20
	var quoted []string
	for i, s := range list {
		if i == most {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%q", s.name))
	}
	return strings.Join(quoted, ", ")
}
