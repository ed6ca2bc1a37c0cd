#!/bin/sh
# Runs every fuzz target for the given time, one after the other, and goes on
# after a failure: Go writes the failing input to testdata, to be kept.
set -u
cd "$(dirname "$0")/.."
time=${1:-20s}
failed=0
for file in $(grep -rl --include='*_test.go' '^func Fuzz' app server syncproto build); do
	package=./$(dirname "$file")
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		echo "== $package $target ($time)"
		go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" || failed=$((failed + 1))
	done
done
[ "$failed" = 0 ] || { echo "fuzz: $failed targets failed" >&2; exit 1; }
