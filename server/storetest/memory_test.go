package storetest_test

import (
	"testing"

	"gridbook/server/storetest"
	"gridbook/syncproto"
	"gridbook/syncproto/syncsim"
)

// The simulation's store must be as strict as the real ones.
func TestMemory(t *testing.T) {
	storetest.Hub(t, func(testing.TB) storetest.HubStore { return syncsim.NewHubStore(syncproto.HubState{}) })
}
