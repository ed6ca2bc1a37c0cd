#!/bin/sh
# Makes a township office and a village with the sample workbooks, and opens
# the village's window. It is run by "make run"; "run.sh reset" ends it all.
set -eu
cd "$(dirname "$0")/.."
run=$PWD/.run

stop() {
	for file in "$run"/*.pid; do
		[ -f "$file" ] || continue
		kill "$(cat "$file")" 2>/dev/null || true
		rm -f "$file"
	done
}

case "${1:-}" in
reset)
	stop
	rm -rf "$run"
	echo "已停止，演示数据已清除。"
	exit 0
	;;
stop)
	stop
	exit 0
	;;
"") ;;
*)
	echo "usage: run.sh [stop|reset]" >&2
	exit 2
	;;
esac

mkdir -p "$run"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
	GRIDBOOK_DATA="$run/village" exec build/bin/gridbook
fi
GRIDBOOK_DATA="$run/village" exec build/bin/gridbook web
