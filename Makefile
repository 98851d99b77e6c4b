# lifeboat's targets. Bare `make` prints them.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

GO      ?= go
MODULES := events pkg services e2e
BIN     := bin
# The race detector needs a C compiler; without one the tests run without it, and say so.
RACE    := $(shell if [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC | cut -d' ' -f1)" >/dev/null 2>&1; then echo -race; fi)
# How many stories the simulation tells in `make test` and in `make sim`.
SCHEDULES     ?= 100000
SIM_SCHEDULES ?= 1000000
SIM_SEED      ?= 0
FUZZTIME      ?= 30s
# How long `make soak` goes on, and where its chance begins; 0 takes another seed each time.
SOAK          ?= 10m
SOAK_SEED     ?= 0

.PHONY: help build demo test check bench sim soak faults fuzz jaeger generate fmt tidy standalone clean

help: ## print the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

build: ## build every program into bin/
	@mkdir -p $(BIN)
	$(GO) build -o $(BIN)/ ./services/lifeboat/cmd/... ./services/ticket-intake/cmd/... ./services/failover-executor/cmd/... ./e2e/lab/cmd/... ./e2e/demo/cmd/... ./pkg/hyperv/hypertest/cmd/...

demo: build ## start the lab and lifeboat, send tickets, tell the story; under a minute
	$(BIN)/demo

test: build ## everything a reader needs to believe the README; the same as CI
	@if [ -z "$(RACE)" ]; then echo "no C compiler: the tests run without the race detector"; fi
	$(GO) test -short $(RACE) $(addsuffix /...,$(addprefix ./,$(MODULES)))
	$(GO) test -run TestSchedules ./services/failover-executor/simulation -schedules $(SCHEDULES)

check: ## vet, staticcheck, formatting, generated files, each module by itself
	@out=$$(gofmt -l $(MODULES)); if [ -n "$$out" ]; then echo "not formatted (make fmt):"; echo "$$out"; exit 1; fi
	$(GO) vet $(addsuffix /...,$(addprefix ./,$(MODULES)))
	$(GO) tool staticcheck $(addsuffix /...,$(addprefix ./,$(MODULES)))
	$(GO) run ./pkg/contract/cmd/contractgen -events events -check
	$(MAKE) --no-print-directory standalone

standalone: ## build and tidy each module without the workspace
	@for m in $(MODULES); do (cd $$m && echo "  $$m" && GOWORK=off $(GO) build ./... && GOWORK=off $(GO) mod tidy -diff) || { echo "module $$m does not stand by itself (make tidy)"; exit 1; }; done

sim: ## a million simulated failovers; SIM_SEED=n starts elsewhere
	$(GO) test -v -timeout 2h -run TestSchedules ./services/failover-executor/simulation -schedules $(SIM_SCHEDULES) -seed $(SIM_SEED)

soak: ## clients, verbs and faults at random on a lab for SOAK; SOAK_SEED=n repeats a run
	$(GO) test -v -timeout 24h -run TestSoak ./e2e/soak -soak $(SOAK) -seed $(SOAK_SEED)

faults: ## meet every fault with every verb, and write docs/faults.md from what happened
	$(GO) test -timeout 30m -run TestEveryFaultOnEveryVerb ./e2e/conformance -write

fuzz: ## fuzz every parser that meets outsiders, FUZZTIME each
	@$(GO) list -f '{{.ImportPath}} {{.Dir}}' work | while read -r pkg dir; do \
	  grep -hoE '^func (Fuzz[A-Za-z0-9_]*)' $$dir/*_test.go 2>/dev/null | awk '{print $$2}' | sort -u | while read -r target; do \
	    echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg </dev/null; done; done

bench: build ## measure against peers and limits, as ratios in one run; MEASURES="append memory" picks
	$(GO) run ./e2e/bench/cmd/bench --programs $(BIN) $(MEASURES)

jaeger: build ## build and start a real Jaeger, run the demo with traces on, and show where to look
	$(GO) run ./e2e/jaeger/cmd/jaeger

generate: ## write the schemas, the catalogue and the AsyncAPI document anew
	$(GO) run ./pkg/contract/cmd/contractgen -events events

fmt: ## format
	gofmt -w $(MODULES)

tidy: ## tidy every module
	@for m in $(MODULES); do (cd $$m && GOWORK=off $(GO) mod tidy); done

clean: ## remove what was built
	rm -rf $(BIN)
