package intake

import (
	"context"
	"fmt"
	"os"
	"path"

	"okta-entitlements-mcp/internal/trouble"
)

// Find returns the present name of a report, given a name under which it was ever listed: a conversation that goes from
// stage 2 to stage 3 keeps using the name it began with, while the report moves to the folder of its state.
func (b *Inbox) Find(name string) (string, error) {
	found, _, err := b.find(name)
	return found, err
}

// find looks under the name itself, then where the report was when it was new, then in the folders of the states.
func (b *Inbox) find(name string) (string, os.FileInfo, error) {
	info, err := b.Stat(name)
	if err == nil || trouble.CodeOf(err) != trouble.FileNotFound {
		return name, info, err
	}
	bare := Bare(name)
	for _, state := range []FileState{FileNew, FileProcessed, FileAssigned} {
		moved := path.Join(state.folder(), bare)
		if moved == name {
			continue
		}
		if info, err := b.Stat(moved); err == nil {
			return moved, info, nil
		}
	}
	return "", nil, err
}

// Advance moves a report to the folder of a state, if it still has these bytes and has not come further already. It
// returns the new name, or "" when the report stays where it is. A report that was deleted or replaced is no error.
func (b *Inbox) Advance(ctx context.Context, name, sha256 string, state FileState) (string, error) {
	found, info, err := b.find(name)
	if trouble.CodeOf(err) == trouble.FileNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if rankOf(stateOf(found)) >= rankOf(state) {
		return "", nil
	}
	sum, err := b.hash(ctx, found, info)
	if err != nil || sum != sha256 {
		return "", err // a different sum: another file has its name now
	}
	moved, err := b.Move(found, state)
	if err != nil {
		return "", fmt.Errorf("move the finished report: %w", err)
	}
	return moved, nil
}

// rankOf orders the states as a report goes through them.
func rankOf(s FileState) int {
	switch s {
	case FileAssigned:
		return 2
	case FileProcessed:
		return 1
	default:
		return 0
	}
}
