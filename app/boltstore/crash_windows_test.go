package boltstore

// limitFiles does nothing: Windows has no such limit. TestSmallDisk stands in.
func limitFiles(uint64) {}
