//go:build unix

package boltstore

import (
	"errors"
	"syscall"
)

// isQuota reports whether a person's share of the disk is used up.
func isQuota(err error) bool { return errors.Is(err, syscall.EDQUOT) }
