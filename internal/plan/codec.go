package plan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A plan for a hundred thousand users is some eighty megabytes of JSON. It is written and read piece by piece, so that
// the text is never in memory beside the plan.

// head is a plan without its long lists: the fields here hide those of the plan.
type head struct {
	*Plan
	Ops    *int `json:"ops,omitempty"`
	People *int `json:"people,omitempty"`
	Rows   *int `json:"rows,omitempty"`
}

// write writes the plan as one JSON object, the same bytes for the same plan.
func (p *Plan) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	start, err := json.Marshal(head{Plan: p})
	if err != nil {
		return fmt.Errorf("encode plan: %w", err)
	}
	_, err = out.Write(bytes.TrimSuffix(start, []byte("}")))
	err = errors.Join(err, writeList(out, "ops", p.Ops), writeList(out, "people", p.People), writeList(out, "rows", p.Rows))
	_, last := out.WriteString("}\n")
	return errors.Join(err, last, out.Flush())
}

func writeList[T any](out *bufio.Writer, name string, items []T) error {
	fmt.Fprintf(out, ",%q:[", name) // a bufio.Writer keeps its first error
	encoder := json.NewEncoder(out)
	for i := range items {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		if err := encoder.Encode(&items[i]); err != nil {
			return fmt.Errorf("encode plan: %w", err)
		}
	}
	return out.WriteByte(']')
}

// read is the reverse of write. Words that occur again and again are kept once.
func read(r io.Reader) (*Plan, error) {
	in := json.NewDecoder(bufio.NewReaderSize(r, 1<<16))
	if err := expect(in, json.Delim('{')); err != nil {
		return nil, err
	}
	p := &Plan{}
	rest := map[string]json.RawMessage{}
	known := words{}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		switch name {
		case "format":
			// It comes before all that a newer program may write in another way.
			if err = in.Decode(&p.Format); err == nil && p.Format > Format {
				return nil, unknownFormat(p.ID, p.Format)
			}
		case "id":
			err = in.Decode(&p.ID)
		case "ops":
			p.Ops, err = readList(in, known.op)
		case "people":
			p.People, err = readList(in, func(person *Person) { person.Status = known.one(person.Status) })
		case "rows":
			p.Rows, err = readList(in, func(row *Row) { row.State = State(known.one(string(row.State))) })
		default:
			var value json.RawMessage
			err = in.Decode(&value)
			rest[fmt.Sprint(name)] = value
		}
		if err != nil {
			return nil, err
		}
	}
	if err := expect(in, json.Delim('}')); err != nil {
		return nil, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the plan")
	}
	text, err := json.Marshal(rest)
	if err != nil {
		return nil, err
	}
	return p, json.Unmarshal(text, p)
}

func readList[T any](in *json.Decoder, tidy func(*T)) (items []T, err error) {
	if err := expect(in, json.Delim('[')); err != nil {
		return nil, err
	}
	for in.More() {
		var item T
		if err := in.Decode(&item); err != nil {
			return nil, err
		}
		tidy(&item)
		items = append(items, item)
	}
	return items, expect(in, json.Delim(']'))
}

func expect(in *json.Decoder, want json.Delim) error {
	token, err := in.Token()
	if err == nil && token != want {
		err = fmt.Errorf("%v is where %v should be", token, want)
	}
	return err
}

// words keeps one copy of each text.
type words map[string]string

func (w words) one(text string) string {
	if known, ok := w[text]; ok {
		return known
	}
	w[text] = text
	return text
}

func (w words) all(texts []string) {
	for i := range texts {
		texts[i] = w.one(texts[i])
	}
}

func (w words) op(op *Op) {
	op.Kind, op.GrantType, op.GroupID = Kind(w.one(string(op.Kind))), w.one(op.GrantType), w.one(op.GroupID)
	for i := range op.Grant {
		op.Grant[i].ID = w.one(op.Grant[i].ID)
		w.all(op.Grant[i].Values)
	}
	w.all(op.Adds)
	w.all(op.Had)
	w.all(op.Revokes)
}
