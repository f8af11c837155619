package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
)

// TestKilledUndosEndWhereAnUndisturbedOneEnds kills real processes of the undo command, mostly in the middle of a
// revocation, and starts them again until nothing is left to take back. What someone else granted stays.
func TestKilledUndosEndWhereAnUndisturbedOneEnds(t *testing.T) {
	kills := 8
	if testing.Short() {
		kills = 4
	}
	s := newSlaughter(t)
	peaceful := s.granted("Peace")
	for done := false; !done; {
		done = s.takeBack(peaceful)
	}
	want := s.grants(peaceful)
	if len(want) == 0 || len(want) == victims {
		t.Fatalf("after an undisturbed undo %d users have grants", len(want))
	}
	landed := 0
	for plans := 0; landed < kills; plans++ {
		p := s.granted(fmt.Sprintf("Storm %d", plans))
		for done := false; !done && landed < kills; {
			if done = s.killOne(s.undo(p)); !done {
				landed++
			}
		}
		for done := false; !done; {
			done = s.takeBack(p)
		}
		if got := s.grants(p); !maps.EqualFunc(want, got, slices.Equal) {
			t.Errorf("in peace the grants are %v, after kills %v", want, got)
		}
	}
	t.Logf("%d kills, %d of them in the middle of a revocation", landed, s.inWrites)
	if s.inWrites < kills/4 {
		t.Errorf("only %d of %d kills hit a process that was writing", s.inWrites, landed)
	}
}

// granted carries an import out, and has someone else grant a part of it too.
func (s *slaughter) granted(label string) *plan.Plan {
	s.t.Helper()
	p := s.importInto(label)
	s.finish(p)
	for i := range p.Ops {
		if op := &p.Ops[i]; op.Kind == plan.KindCreateGrant && i%4 == 0 {
			s.tenant.AddGrant(oktasim.NewGrant{AppID: p.App.ID, UserID: op.UserID, Values: op.Adds})
		}
	}
	return p
}

// takeBack lets a process undo a run in peace, and says whether nothing was left for it to do.
func (s *slaughter) takeBack(p *plan.Plan) (done bool) {
	s.t.Helper()
	before := s.writes()
	if out, err := s.undo(p).CombinedOutput(); err != nil {
		s.t.Fatalf("undo: %v\n%s", err, out)
	}
	return s.writes() == before
}

func (s *slaughter) writes() int {
	n := 0
	for _, call := range s.tenant.Calls() {
		if call.Method != "GET" {
			n += call.Count
		}
	}
	return n
}

// undo is a process of the program that takes a run back, with a terminal as its input.
func (s *slaughter) undo(p *plan.Plan) *exec.Cmd {
	s.t.Helper()
	cmd := s.command("undo", p.ID, "--yes-undo", p.ID)
	cmd.Stdin = s.terminal()
	return cmd
}

// terminal opens a pseudo terminal and returns the side at which the person sits down.
func (s *slaughter) terminal() *os.File {
	s.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		s.t.Skipf("no pseudo terminals here: %v", err)
	}
	s.t.Cleanup(func() { _ = master.Close() })
	var unlock, number int32
	for request, argument := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(argument)))
		if failed != 0 {
			s.t.Fatalf("pseudo terminal: %v", failed)
		}
	}
	side, err := os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	s.must(err)
	s.t.Cleanup(func() { _ = side.Close() })
	return side
}
