package durable

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
)

// Registered is an entry of a Register. RegisterKey names what the entry is about, never ""; with holds false it takes
// back what earlier entries of that key say.
type Registered interface {
	RegisterKey() (key string, holds bool)
}

// DamagedError says which line of a register is not an entry.
type DamagedError struct {
	File string // without its directory
	Line int
}

func (e *DamagedError) Error() string { return fmt.Sprintf("%s line %d is damaged", e.File, e.Line) }

// Register is what is known by key, as a file of JSON lines: of the lines of one key the last holds. One Register has one
// owner: other goroutines and processes must be kept off by a lock.
type Register[V Registered] struct {
	entries map[string]V
	lines   *Lines
}

// A register is written again without its history once that is most of it.
const (
	compactAfter = 200 // lines
	compactRatio = 4   // lines an entry
)

// ReadRegister returns what a register says, by key. A file that does not exist says nothing. The error of a line that
// is not an entry is a *DamagedError.
func ReadRegister[V Registered](path string) (map[string]V, error) {
	entries, _, err := readRegister[V](path)
	return entries, err
}

func readRegister[V Registered](path string) (entries map[string]V, lines int, err error) {
	entries = map[string]V{}
	for line, err := range ReadLines(path) {
		if err != nil {
			return nil, 0, err
		}
		var v V
		damaged := json.Unmarshal(line.Text, &v) != nil
		key, holds := v.RegisterKey()
		switch {
		case damaged || key == "":
			return nil, 0, &DamagedError{File: filepath.Base(path), Line: line.Number}
		case holds:
			entries[key] = v
		default:
			delete(entries, key)
		}
		lines = line.Number
	}
	return entries, lines, nil
}

// OpenRegister reads a register and opens it for writing, or creates it. It cuts off a torn last line, and writes the
// file again when most of its lines hold no more.
func OpenRegister[V Registered](path string) (*Register[V], error) {
	entries, lines, err := readRegister[V](path)
	if err != nil {
		return nil, err
	}
	r := &Register[V]{entries: entries}
	if lines > compactAfter && lines > compactRatio*len(entries) {
		if err := WriteFile(filepath.Dir(path), filepath.Base(path), 0o600, r.writeTo); err != nil {
			return nil, err
		}
	}
	r.lines, err = OpenLines(path, 0o600)
	return r, err
}

// writeTo writes what holds, by key.
func (r *Register[V]) writeTo(w io.Writer) error {
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	for _, key := range slices.Sorted(maps.Keys(r.entries)) {
		if err := encoder.Encode(r.entries[key]); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Get returns what holds of a key, the zero V and false when nothing does.
func (r *Register[V]) Get(key string) (V, bool) {
	v, ok := r.entries[key]
	return v, ok
}

// Entries returns what holds, by key. The map is the register's own and must not be changed.
func (r *Register[V]) Entries() map[string]V { return r.entries }

// Put writes what holds of a key from now on. It is on disk when Put returns.
func (r *Register[V]) Put(v V) error {
	key, holds := v.RegisterKey()
	if key == "" {
		return errors.New("put into register: the entry has no key")
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("put into register: %w", err)
	}
	if err := r.lines.Append(text); err != nil {
		return err
	}
	if holds {
		r.entries[key] = v
	} else {
		delete(r.entries, key)
	}
	return nil
}

// Close closes the file.
func (r *Register[V]) Close() error { return r.lines.Close() }
