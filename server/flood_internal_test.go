package server

import (
	"bytes"
	"fmt"
	"testing"
)

// A call has its place until its answer passes, in whatever spelling its id comes back.
func TestAPlaceIsFreeAgainOnceItsCallIsAnswered(t *testing.T) {
	var out bytes.Buffer
	f := &flood{most: 2, out: &out, ids: map[string]bool{}}
	call := func(id string) bool {
		return f.refuses(fmt.Appendf(nil, `{"id":%s,"method":"tools/call"}`, id))
	}
	if call("1.0") || call(`"\u0061"`) || !call("3") {
		t.Fatal("two calls may wait, a third may not")
	}
	for _, other := range []string{
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"id":1}}`,
		`{"jsonrpc":"2.0","id":1,"method":"elicitation/create"}x`, `[]`, `{"result":{"id":1}}`, "", "junk",
	} {
		f.answered([]byte(other))
	}
	if n := bytes.Count(out.Bytes(), []byte("too_many_calls")); n == 0 {
		t.Errorf("the refusal is %s", out.Bytes())
	}
	f.answered([]byte(`{"jsonrpc":"2.0","id":1,"result":{}}`))
	f.answered([]byte(`{"jsonrpc":"2.0","id":"a","error":{}}`))
	if call("4") || call("5") || !call("6") {
		t.Error("answered calls keep their place")
	}
	if f.refuses([]byte(`{"id":7,"method":"ping"}`)) {
		t.Error("a ping is refused")
	}
}
