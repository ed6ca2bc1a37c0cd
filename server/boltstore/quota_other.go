//go:build !unix

package boltstore

// isQuota is for systems whose quota errors have no name here.
func isQuota(error) bool { return false }
