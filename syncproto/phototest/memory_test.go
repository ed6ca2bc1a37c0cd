package phototest

import "testing"

type lasting struct{ *Memory }

func (lasting) Reopen() error { return nil }

func TestMemory(t *testing.T) {
	Run(t, func(testing.TB) Store { return lasting{NewMemory()} })
}
