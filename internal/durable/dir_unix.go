//go:build !windows

package durable

import (
	"errors"
	"os"
	"syscall"
)

// syncDir accepts that some file systems (network and FUSE ones) cannot fsync a directory.
func syncDir(d *os.File) error {
	err := d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}
