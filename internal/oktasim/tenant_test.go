package oktasim

import "testing"

func TestIDsHaveOktasShapeAndRise(t *testing.T) {
	tenant := New(Options{})
	last := ""
	for range 5000 {
		id := tenant.AddUser(NewUser{Email: "x@x.example"})
		if len(id) != 20 || id[:3] != "00u" || id <= last {
			t.Fatalf("id %q after %q", id, last)
		}
		last = id
	}
}
