#!/bin/sh
# Writes what is made from the Go side for the screens: the types and functions
# of the service, and Wails' bindings of the one bound method.
set -eu
cd "$(dirname "$0")/.."
go run ./app/bridge/cmd/tsgen
mkdir -p build/bin
CGO_ENABLED=0 go build -tags bindings -o build/bin/bindgen .
build/bin/bindgen
rm -f build/bin/bindgen
chmod 644 frontend/wailsjs/runtime/* frontend/wailsjs/go/desktop/*
