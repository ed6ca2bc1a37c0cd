//go:build gridbook_faults

package desktop

// fault is in the build with which the window's tests show that a panic does
// not end the program. Nobody is given that build.
type fault struct{ inner *fault }

// Fault dereferences nil.
func (f *fault) Fault() *fault { return f.inner.inner }

func faults() []any { return []any{&fault{}} }
