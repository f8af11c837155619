//go:build !windows

package app

import (
	"os"
	"syscall"
)

// privacyChecked says that this system tells who may write a directory.
const privacyChecked = true

// othersMayWrite reports whether users other than this one and the superuser may write a directory.
func othersMayWrite(dir string) (bool, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return false, err
	}
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&os.ModeSticky == 0 {
		return true, nil
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && owner.Uid != 0 && int(owner.Uid) != os.Getuid(), nil
}
