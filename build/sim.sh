#!/bin/sh
# Runs the simulation. SEED picks one history, RUNS how many; empty means the
# usual. A failure prints its seed.
set -eu
cd "$(dirname "$0")/.."
set -- "${1:-}" "${2:-}"
exec env GRIDBOOK_SIM_SEED="$1" GRIDBOOK_SIM_RUNS="$2" go test ./syncproto/syncsim -count=1 -timeout 0 -run 'TestSimulation' -v
