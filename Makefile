# Gridbook. "make help" says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh

export CGO_ENABLED ?= 1
VERSION ?= $(or $(shell git describe --tags --always --dirty 2>/dev/null),0.1.0)
FLAGS := -trimpath -ldflags "-w -s -X gridbook/app/cli.Version=$(VERSION)"
WINDOW := desktop,production,webkit2_41
FUZZTIME ?= 20s
SEED ?=
RUNS ?=

.PHONY: help run stop reset test build bench sim fuzz generate deps clean FORCE

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## make a township and a village with sample data, and open the window
	@build/run.sh

stop: ## end what "make run" started; its data stays
	@build/run.sh stop

reset: ## the same, and throw its data away
	@build/run.sh reset

test: deps ## everything: Go with -race, front end, Chromium, the real window
	@go run ./build/testing/tally

build: build/bin/gridbook build/bin/gridbook-cli build/bin/gridbookd ## build/bin: gridbook (window), gridbook-cli, gridbookd

bench: ## figures with their sizes, beside those of the peers
	@go run ./build/bench

sim: ## the simulation: make sim SEED=7 RUNS=1000, on real stores with STORE=bolt
	go test $(if $(filter bolt,$(STORE)),./build/simbolt,./syncproto/syncsim) -count=1 -timeout 0 -run '^TestSim$$' -v $(if $(SEED),-sim.seed=$(SEED)) $(if $(RUNS),-sim.runs=$(RUNS))

fuzz: ## every fuzz target for a while: make fuzz FUZZTIME=5m
	@build/fuzz.sh "$(FUZZTIME)"

generate: ## the screens' types and the window's bindings, after a change of the service
	@build/generate.sh

deps: ## install what building and testing need
	@build/deps.sh test
	@build/deps.sh front

clean: ## remove what building left
	rm -rf build/bin frontend/dist/assets frontend/dist/index.html

# Go knows by itself what is up to date; make is asked every time.
build/bin/gridbook: frontend/dist/index.html FORCE
	@build/deps.sh build
	go build $(FLAGS) -tags $(WINDOW) -o $@ .

build/bin/gridbook-cli: frontend/dist/index.html FORCE
	CGO_ENABLED=0 go build $(FLAGS) -o $@ ./app/cli/cmd/gridbook-cli

build/bin/gridbookd: FORCE
	CGO_ENABLED=0 go build $(FLAGS) -o $@ ./server/cmd/gridbookd

# The window's tests show with this one that a panic does not end the program.
build/bin/gridbook-faults: frontend/dist/index.html FORCE
	go build $(FLAGS) -tags $(WINDOW),gridbook_faults -o $@ .

SCREENS := $(shell find frontend/src frontend/public frontend/wailsjs -type f) \
	frontend/index.html frontend/vite.config.ts frontend/package-lock.json

frontend/dist/index.html: $(SCREENS)
	@build/deps.sh front
	npm --prefix frontend run -s build
	@touch $@

FORCE:
