//go:build !gridbook_faults

package desktop

func faults() []any { return nil }
