package storetest_test

import (
	"testing"

	"gridbook/app/storetest"
	"gridbook/syncproto/syncsim"
)

// The simulation's store must be as strict as the real one.
func TestMemory(t *testing.T) {
	storetest.Replica(t, func(testing.TB) storetest.Store { return syncsim.NewReplicaStore() })
}
