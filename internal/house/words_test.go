package house

import (
	"bufio"
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// rare is how many comment lines and string literals there must be for one use of a dialect word.
const rare = 400

// dialect are words that slow a reader down who did not grow up with them, each with a plain one.
var dialect = []struct{ word, plain string }{
	{word: "nobody", plain: "no one; or name what is missing"},
	{word: "somebody", plain: "a person, a user"},
	{word: "whom", plain: "that, which"},
	{word: "whoever", plain: "the caller, the reader"},
	{word: "anew", plain: "again"},
	{word: "mend", plain: "fix"},
	{word: "mended", plain: "fixed"},
	{word: "mends", plain: "fixes"},
	{word: "stands", plain: "is"},
	{word: "for ever", plain: "always"},
	{word: "told", plain: "said, shown"},
	{word: "everybody", plain: "all people, every user"},
	{word: "hereby", plain: "with this"},
	{word: "lest", plain: "so that ... not"},
}

// words are the comment lines and string literals of the product's Go files, or of the tests' but this one.
func words(t *testing.T, tests bool) []string {
	t.Helper()
	var texts []string
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") != tests || file == "internal/house/words_test.go" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range parsed.Comments {
			for _, comment := range group.List {
				texts = append(texts, strings.Split(comment.Text, "\n")...)
			}
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if _, isImport := n.(*ast.ImportSpec); isImport {
				return false
			}
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, text)
			}
			return true
		})
	}
	return texts
}

func TestPlainEnglish(t *testing.T) {
	for _, tests := range []bool{false, true} {
		name := map[bool]string{false: "product", true: "tests"}[tests]
		t.Run(name, func(t *testing.T) {
			texts := words(t, tests)
			allowed := (len(texts) - 1) / rare
			t.Logf("%d comment lines and strings: a word is rare below %d uses", len(texts), allowed+1)
			all := strings.Join(texts, "\n")
			for _, d := range dialect {
				uses := len(regexp.MustCompile(`(?i)\b`+d.word+`\b`).FindAllStringIndex(all, -1))
				t.Logf("%-10s %d", d.word, uses)
				if uses > allowed {
					t.Errorf("%q is used %d times, at most %d are allowed; write: %s", d.word, uses, allowed, d.plain)
				}
			}
		})
	}
}

// widest is the most columns of a line of Go; a tab is one.
const widest = 140

// wideInTests is how many wider lines tests may have: answers and queries on the wire that read worse in pieces. It only
// ever goes down. Product code has none.
const wideInTests = 16

func TestNoLineIsWiderThanAScreen(t *testing.T) {
	type line struct {
		file          string
		number, width int
	}
	var wide []line
	for _, file := range goFiles(t) {
		f, err := os.Open(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for number := 1; lines.Scan(); number++ {
			if width := utf8.RuneCountInString(lines.Text()); width > widest {
				wide = append(wide, line{file, number, width})
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	slices.SortFunc(wide, func(a, b line) int { return cmp.Compare(b.width, a.width) })
	wideProduct := slices.DeleteFunc(slices.Clone(wide), func(l line) bool { return strings.HasSuffix(l.file, "_test.go") })
	t.Logf("%d lines are wider than %d columns, %d of them in product code", len(wide), widest, len(wideProduct))
	if len(wideProduct) > 0 {
		wide = wideProduct
	}
	if len(wideProduct) > 0 || len(wide) > wideInTests {
		t.Errorf("%d lines are wider than %d columns; the widest:", len(wide), widest)
		for _, l := range wide[:min(len(wide), 20)] {
			t.Errorf("%s:%d has %d columns", l.file, l.number, l.width)
		}
	}
}
