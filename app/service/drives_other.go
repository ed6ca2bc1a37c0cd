//go:build !windows

package service

// removableDrives is for Windows.
func removableDrives() []string { return nil }
