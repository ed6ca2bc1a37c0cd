#!/bin/sh
# Installs what is missing to build or test, and nothing else.
#   deps.sh build   compiler and headers for the window
#   deps.sh test    that, a display without a screen, browsers, fonts
#   deps.sh front   the front end's packages
# On Debian and Ubuntu it asks apt-get (as root, or with sudo without asking
# for a password); elsewhere it names what is missing.
set -eu
cd "$(dirname "$0")/.."

building="gcc pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev"
testing="webkit2gtk-driver xvfb xauth xdotool imagemagick dbus dbus-x11 fonts-noto-cjk chromium"

missing() {
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
	done
}

packages() {
	if ! command -v dpkg-query >/dev/null 2>&1; then
		echo "deps: not a Debian system; please see to it that these are there: $*" >&2
		return 0
	fi
	wanted=$(missing "$@")
	[ -n "$wanted" ] || return 0
	as=
	if [ "$(id -u)" != 0 ]; then
		if ! sudo -n true 2>/dev/null; then
			echo "deps: please run: sudo apt-get install $wanted" >&2
			return 1
		fi
		as="sudo -n"
	fi
	echo "deps: installing $wanted" >&2
	export DEBIAN_FRONTEND=noninteractive
	$as apt-get update -q >&2
	# shellcheck disable=SC2086 # a list of words
	$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $wanted >&2
}

front() {
	# npm leaves this file when it has finished; older than the lock means stale.
	if [ ! frontend/node_modules/.package-lock.json -nt frontend/package-lock.json ]; then
		echo "deps: installing the front end's packages" >&2
		(cd frontend && npm ci --no-audit --no-fund >&2)
		touch frontend/node_modules/.package-lock.json
	fi
}

need() {
	if ! command -v "$1" >/dev/null 2>&1; then
		echo "deps: $1 is missing: $2" >&2
		return 1
	fi
}

case "${1:-}" in
build)
	need go "install Go 1.26 or newer from go.dev/dl"
	# shellcheck disable=SC2086
	packages $building
	;;
test)
	need go "install Go 1.26 or newer from go.dev/dl"
	# shellcheck disable=SC2086
	packages $building $testing
	;;
front)
	need npm "install Node.js 20.19 or newer"
	front
	;;
*)
	echo "usage: deps.sh build|test|front" >&2
	exit 2
	;;
esac
