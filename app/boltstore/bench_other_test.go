//go:build !linux

package boltstore

import "os"

func dataSync(f *os.File) error { return f.Sync() }
