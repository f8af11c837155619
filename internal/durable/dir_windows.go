package durable

import "os"

// syncDir does nothing: Windows has no flush for directories, NTFS journals names itself.
func syncDir(*os.File) error { return nil }
