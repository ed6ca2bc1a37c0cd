#!/bin/sh
# Runs the smoke tests of the real window: under a display without a screen,
# a message bus of its own, and a home of its own, so that nothing of the
# machine's user is read or written. Arguments go to vitest.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$root/build/bin
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM

# shellcheck disable=SC2046 # a list of options
gcc -shared -fPIC -O1 -Wall -Wextra -o "$bin/automation.so" "$root/build/testing/automation.c" \
	$(pkg-config --cflags --libs webkit2gtk-4.1)

cd "$root/frontend"
env -u WAYLAND_DISPLAY -u DBUS_SESSION_BUS_ADDRESS \
	HOME="$home" XDG_RUNTIME_DIR="$home" XDG_CONFIG_HOME="$home/config" XDG_CACHE_HOME="$home/cache" XDG_DATA_HOME="$home/share" \
	LANG=C.UTF-8 GTK_USE_PORTAL=0 NO_AT_BRIDGE=1 \
	GRIDBOOK_BIN="$bin" GRIDBOOK_AUTOMATION="$bin/automation.so" \
	xvfb-run -a -s "-screen 0 1366x768x24 -nolisten tcp" dbus-run-session -- \
	npx --no-install vitest run --config e2e/window/vitest.config.ts "$@"
