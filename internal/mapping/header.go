package mapping

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
)

// Fold reduces the name of a column to what is compared: its letters in one case, and one space where there are blanks.
func Fold(name string) string {
	lower := strings.Map(func(r rune) rune {
		if r == '\ufeff' {
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(r)) // ſ and s, K and k are one letter
	}, name)
	return strings.Join(strings.Fields(lower), " ")
}

// FoldExport is Fold without what stands in square brackets at the end: Email Address [Required].
func FoldExport(name string) string {
	for {
		name = strings.TrimRightFunc(name, unicode.IsSpace)
		open := strings.LastIndexByte(name, '[')
		if !strings.HasSuffix(name, "]") || open <= 0 {
			return Fold(name)
		}
		name = name[:open]
	}
}

// FoldHeader folds every column of a header, in its order. It returns false when two columns fold to one name or one has
// no name: which of them an answer means could not be told.
func FoldHeader(header []string) ([]string, bool) { return foldAll(header, Fold) }

func foldAll(header []string, fold func(string) string) ([]string, bool) {
	folded := make([]string, len(header))
	seen := map[string]bool{}
	for i, name := range header {
		folded[i] = fold(name)
		if folded[i] == "" || seen[folded[i]] {
			return nil, false
		}
		seen[folded[i]] = true
	}
	return folded, len(header) > 0
}

// Digest identifies a folded header whatever the order of its columns: the SHA-256 in hex of the sorted names, each with
// its length before it.
func Digest(folded []string) string {
	hash := sha256.New()
	for _, name := range slices.Sorted(slices.Values(folded)) {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(name))))
		hash.Write([]byte(name))
	}
	return hex.EncodeToString(hash.Sum(nil))
}
