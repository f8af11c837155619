// Package fulldisk lets a test fill the disk. A bound on the size of files acts as the full disk; it holds for a whole
// process, so such a test runs in one of its own.
package fulldisk
