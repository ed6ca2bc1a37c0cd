//go:build !linux || !cgo

package desktop

// keepSignalStacks has nothing to do where WebKitGTK is not in the process.
func keepSignalStacks() {}

func putSignalStacks() {}
