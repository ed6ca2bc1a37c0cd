//go:build !bindings

package desktop

// bindings is false in the program that people use.
const bindings = false
