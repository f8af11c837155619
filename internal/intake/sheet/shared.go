package sheet

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"okta-entitlements-mcp/internal/trouble"
)

const (
	maxShared      = 8 << 20  // texts that cells share
	sharedInMemory = 64 << 20 // bytes of them above which they go to a file
)

// shared are the texts that cells refer to by number. Many or long ones lie in a temporary file.
type shared struct {
	limit int // bytes in memory
	list  []string
	bytes int
	file  *os.File
	out   *bufio.Writer
	ends  []int64 // in the file, by number
}

// sharedPart is the part of a workbook with its shared texts, nil for one without.
func sharedPart(archive *zip.Reader) *zip.File {
	var rels struct {
		List []struct {
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := decode(archive, "xl/_rels/workbook.xml.rels", &rels); err == nil {
		for _, r := range rels.List {
			if strings.HasSuffix(r.Type, "/sharedStrings") {
				return find(archive, absolute(r.Target))
			}
		}
	}
	return find(archive, "xl/sharedStrings.xml")
}

// load reads the shared texts of a workbook.
func (s *shared) load(part *zip.File, dir string) error {
	if part == nil {
		return errors.New("its shared texts are missing")
	}
	r, err := unzip(part)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	in, ended, phonetic := newTags(r), false, false
	for {
		t, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch {
		case t.name == "sst" && (t.end || t.empty):
			ended = true
		case t.name == "rPh":
			phonetic = !t.end && !t.empty
		case t.name == "t" && !t.end && !t.empty && !phonetic:
			in.begin()
		case t.name == "t" && t.end:
			in.keep = false
		case t.name == "si" && (t.end || t.empty):
			text, err := in.take()
			if err == nil {
				err = s.add(escapes(string(text)), dir)
			}
			if err != nil {
				return err
			}
		}
	}
	if !ended {
		return errTag
	}
	if s.out != nil {
		return noRoom(s.out.Flush())
	}
	return nil
}

func (s *shared) add(text, dir string) error {
	if s.len() >= maxShared {
		return &trouble.Error{
			Code: trouble.WorkbookTooLarge,
			What: fmt.Sprintf("the workbook holds more than %d different texts", maxShared),
			Next: "export the report as CSV UTF-8",
		}
	}
	s.bytes += len(text)
	if s.file == nil {
		s.list = append(s.list, text)
		if s.bytes <= s.limit {
			return nil
		}
		return s.spill(dir)
	}
	return s.write(text)
}

func (s *shared) len() int {
	if s.file != nil {
		return len(s.ends)
	}
	return len(s.list)
}

// spill moves the texts to a file.
func (s *shared) spill(dir string) error {
	file, err := os.CreateTemp(dir, "sheet-")
	if err != nil {
		return noRoom(fmt.Errorf("make a temporary file: %w", err))
	}
	s.file, s.out = file, bufio.NewWriterSize(file, 64<<10)
	for _, text := range s.list {
		if err := s.write(text); err != nil {
			return err
		}
	}
	s.list = nil
	return nil
}

// noRoom says that the disk, and not the workbook, is at fault.
func noRoom(err error) error {
	if err == nil {
		return nil
	}
	return &trouble.Error{
		Code: trouble.StateNotWritable,
		What: err.Error(),
		Next: "free space, or set STATE_DIR to a directory that this user may write, then try again",
		Err:  err,
	}
}

func (s *shared) write(text string) error {
	end := int64(len(text))
	if n := len(s.ends); n > 0 {
		end += s.ends[n-1]
	}
	s.ends = append(s.ends, end)
	if _, err := s.out.WriteString(text); err != nil {
		return noRoom(fmt.Errorf("write a temporary file: %w", err))
	}
	return nil
}

// get returns a shared text.
func (s *shared) get(index int) (string, error) {
	if index < 0 || index >= s.len() {
		return "", fmt.Errorf("a cell refers to shared text %d of %d", index, s.len())
	}
	if s.file == nil {
		return s.list[index], nil
	}
	from := int64(0)
	if index > 0 {
		from = s.ends[index-1]
	}
	text := make([]byte, s.ends[index]-from)
	if _, err := s.file.ReadAt(text, from); err != nil {
		return "", fmt.Errorf("read a temporary file: %w", err)
	}
	return string(text), nil
}

func (s *shared) close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// escapes writes out the characters that Excel stores as _x000D_, because XML has no place for them (ECMA-376, 22.9.2.19).
func escapes(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 {
			out.WriteString(s)
			return out.String()
		}
		out.WriteString(s[:i])
		s = s[i:]
		code, err := uint64(0), errTag
		if len(s) >= 7 && s[6] == '_' {
			code, err = strconv.ParseUint(s[2:6], 16, 16)
		}
		if err != nil {
			out.WriteByte('_')
			s = s[1:]
			continue
		}
		out.WriteRune(rune(code))
		s = s[7:]
	}
}

func trimmed(s string) string { return strings.TrimSpace(s) }

// unzip opens a part. It unpacks to the size that the archive says, which was checked; a part that goes on is a bomb.
func unzip(part *zip.File) (io.ReadCloser, error) {
	r, err := part.Open()
	if err != nil {
		return nil, fmt.Errorf("open the part %s: %w", part.Name, err)
	}
	return &bounded{r, part.UncompressedSize64}, nil
}

type bounded struct {
	io.ReadCloser
	left uint64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if uint64(n) > b.left {
		return 0, tooLarge()
	}
	b.left -= uint64(n)
	return n, err
}
