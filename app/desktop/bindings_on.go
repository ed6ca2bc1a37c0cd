//go:build bindings

package desktop

// bindings is true in the build that only writes frontend/wailsjs, which
// needs no display.
const bindings = true
