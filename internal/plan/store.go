package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/trouble"
)

// Store keeps plans under the state directory, one file each, named by plan id.
type Store struct{ dir string }

// NewStore returns the store in dir, which it makes when needed.
func NewStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &trouble.Error{
			Code: trouble.StateNotWritable,
			What: fmt.Sprintf("the state directory cannot be made: %v", err),
			Next: "set STATE_DIR to a directory that this user may write",
		}
	}
	return &Store{dir}, nil
}

var validID = regexp.MustCompile(`^plan_[0-9a-f]{32}$`)

// ValidID reports whether a text has the form of a plan id, and so is safe as a file name.
func ValidID(id string) bool { return validID.MatchString(id) }

func malformed(id string) error {
	return &trouble.Error{
		Code: trouble.PlanIDMalformed,
		What: fmt.Sprintf("%q is not a plan id", clip(id, 60)),
		Next: "use the plan_id that the planning call returned (plan_ and 32 hex digits)",
	}
}

// Save writes the plan so that it survives a power failure before anyone sees its id.
func (s *Store) Save(p *Plan) error {
	err := durable.WriteFile(s.dir, p.ID+".json", 0o600, p.write)
	if err != nil {
		return &trouble.Error{
			Code: trouble.StateNotWritable,
			What: fmt.Sprintf("the plan cannot be saved: %v", err),
			Next: "free space or set STATE_DIR to a directory that this user may write; nothing was sent to Okta",
		}
	}
	return nil
}

// Load reads a plan back and checks that it still is what its id says.
func (s *Store) Load(id string) (*Plan, error) {
	if !ValidID(id) {
		return nil, malformed(id)
	}
	f, err := os.Open(filepath.Join(s.dir, id+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &trouble.Error{
			Code: trouble.PlanNotFound,
			What: "no plan " + id + " is saved here",
			Next: "call the tool without plan_id to plan again",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	defer func() { _ = f.Close() }()
	p, err := read(f)
	if trouble.CodeOf(err) == trouble.PlanFormat {
		return nil, err
	}
	if err != nil {
		return nil, &trouble.Error{
			Code: trouble.PlanDamaged,
			What: "the saved plan cannot be read: " + err.Error(),
			Next: "call the tool without plan_id to plan again",
		}
	}
	err = p.Verify()
	if trouble.CodeOf(err) == trouble.PlanFormat {
		return nil, err
	}
	if err != nil || p.ID != id {
		return nil, &trouble.Error{
			Code: trouble.PlanDamaged,
			What: "the saved plan is not what its id says",
			Next: "call the tool without plan_id to plan again",
		}
	}
	return p, nil
}
