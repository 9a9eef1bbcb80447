# One target for each thing one does. `make help` lists them.

GO          ?= go
BIN         ?= poolbook
# The Python that has Jupyter's packages: Debian's, where there is one.
PYTHON      ?= $(shell test -x /usr/bin/python3 && echo /usr/bin/python3 || echo python3)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Packages whose tests also run under the race detector.
RACE        ?= ./interp ./interp/internal/vm/... ./interp/internal/rtype/... ./interp/internal/check ./kernel/... ./pool/... ./web/... ./notebooks/...
GOFILES     = $(shell git ls-files --cached --others --exclude-standard '*.go')
# The other release of Go that Poolbook builds with, as the go command fetches it. Its gofmt alone reads files for its language.
NEXT        ?= go1.27.4
# The order of the tests under the race detector: a seed, or a new one each time.
SHUFFLE     ?= on
# How much is tested with the other release.
NEXTFLAGS   ?= -short
NEXTFILES   = $(shell grep -lE '^//go:build go1\.27$$' $(GOFILES))

.PHONY: help run build install test check-next race generate fuzz fuzz-programs fuzz-travel soak stress bench bench-interp bench-pool bench-kernel bench-page conformance screenshot page lab-extension jupyterlab page-check page-lint lint fmt fmt-check vet tidy-check cross notebooks check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the server and print its address
	$(GO) run ./cmd/poolbook

# Without cgo the program is linked statically: it starts 1 ms sooner and runs on any Linux.
build: ## the program, as ./poolbook
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/poolbook

install: ## the program in Go's bin folder, and its kernel for Jupyter and VS Code
	CGO_ENABLED=0 $(GO) install -trimpath ./cmd/poolbook
	"$$($(GO) env GOPATH)/bin/poolbook" install --user

test: ## all tests; what a test needs and is missing is named (REQUIRE_ALL=1: a failure)
	@set -o pipefail; $(GO) test -json -timeout 20m $(TESTFLAGS) ./... | $(GO) run .ci/testsum/main.go

check-next: ## the short tests (NEXTFLAGS= : all), and those of the library's source, with the other release of Go, where its toolchain can be had (REQUIRE_ALL=1: a failure when not)
	@if ! GOTOOLCHAIN=$(NEXT) $(GO) version >/dev/null 2>&1; then \
		echo "SKIPPED: the tests with $(NEXT), whose toolchain cannot be had here (make check-next NEXT=go1.N.M: with another one)"; \
		test "$$REQUIRE_ALL" != 1; exit; \
	fi; \
	export GOTOOLCHAIN=$(NEXT) POOLBOOK_GOTESTS="$$($(GO) env GOROOT)"; \
	bad="$$("$$($(GO) env GOROOT)/bin/gofmt" -l $(NEXTFILES))"; test -z "$$bad" || { echo "not formatted: $$bad"; exit 1; }; \
	$(GO) test ./interp/internal/vm -run '^(TestRecoverers|TestLibraryGoroutines)$$' && \
	$(MAKE) vet test TESTFLAGS='$(NEXTFLAGS) $(TESTFLAGS)'

race: ## the tests of the concurrent packages under the race detector
	$(GO) test -race -short -shuffle=$(SHUFFLE) -timeout 15m $(TESTFLAGS) $(RACE)

generate: ## the data of Go's library and the machine's loop, for the release that GO is (see interp/internal/goabi/ADDING.md)
	$(GO) generate ./interp/internal/bridge/std
	$(GO) generate ./interp/internal/check/stdlib
	$(GO) generate ./interp/internal/stddoc
	$(GO) generate ./interp/internal/vm

fuzz: ## fuzz each decoder for 30 seconds
	@for t in $$(grep -rlE '^func Fuzz' --include='*_test.go' $$(git ls-files '*_test.go')); do \
		for f in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' $$t); do \
			echo "== $$f ($$t)"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime 30s ./$$(dirname $$t) || exit 1; \
		done; \
	done

fuzz-programs: ## compare random programs with compiled Go for an hour; what differs is minimised and kept
	$(GO) test -count=1 -timeout 0 -run '^TestMore$$' -v ./interp/internal/randprog -for 1h

fuzz-travel: ## compare calls of random notebooks, plain, on threads and on processes, for an hour; what differs is minimised and kept
	$(GO) test -count=1 -timeout 0 -run '^TestTravelMore$$' -v ./cmd/poolbook -travel-for 1h

soak: ## 100,000 cells of all kinds in one kernel, whose memory, files, mappings and goroutines stay (an hour; CELLS=… chooses how many)
	$(GO) test -count=1 -timeout 0 -run '^TestSoak$$' -v ./cmd/poolbook -soak $(or $(CELLS),100000)

stress: ## panics and interrupts in functions that Go's library calls, 5,000 of each, in one kernel (half an hour; ROUNDS=… chooses how many)
	$(GO) test -count=1 -timeout 0 -run '^TestCallbackStress$$' -v ./cmd/poolbook -stress $(or $(ROUNDS),5000)

bench: bench-interp bench-pool bench-kernel bench-page ## all measurements

bench-interp: ## the interpreter next to CPython, other interpreters and compiled Go
	$(GO) run ./interp/bench

bench-pool: build ## pools in a notebook next to Python's multiprocessing, ipyparallel and joblib (PYTHON=… chooses it)
	$(GO) run ./pool/internal/bench -poolbook ./$(BIN) -python $(PYTHON)

bench-kernel: build ## the kernel: start, round trips, output
	$(GO) run ./kernel/bench ./$(BIN) kernel -f {connection_file}

bench-page: build ## the server and page next to Jupyter's server and JupyterLab's page (needs make jupyterlab)
	$(GO) run ./web/bench -poolbook ./$(BIN) -python $(PYTHON)

conformance: ## Go's own run tests and the library's examples, in the interpreter (minutes)
	$(GO) test -count=1 -timeout 20m -v ./interp/conformance

screenshot: build ## take the README's picture anew (needs Chromium and make page)
	@dir=$$(mktemp -d); ./$(BIN) serve --no-browser --port 9378 --token picture $$dir & \
	server=$$!; sleep 1; node .github/screenshot.mjs 'http://127.0.0.1:9378/?token=picture' .github/screenshot.png; \
	status=$$?; kill -INT $$server; wait $$server; rm -r $$dir; exit $$status

page: ## build the page from web/frontend into web/static (needs Node)
	cd web/frontend && npm ci --no-audit --no-fund && npm run build

lab-extension: web/frontend/node_modules ## the pool panel for other JupyterLabs, as web/frontend/dist/labextension (needs Node)
	cd web/frontend && npm run extension

jupyterlab: web/frontend/node_modules ## JupyterLab itself from npm, to try the extension in and to measure beside (needs Node)
	cd web/frontend && npm ci --prefix test/jupyterlab --no-audit --no-fund && node test/jupyterlab/build.mjs

web/frontend/node_modules: web/frontend/package-lock.json
	cd web/frontend && npm ci --no-audit --no-fund && touch node_modules

page-check: page ## fail when the committed page is not what its source builds to
	@test -z "$$(git status --porcelain web/static)" || { git status --short web/static | head; echo 'web/static is not what web/frontend builds to: commit the result of "make page"'; exit 1; }

page-lint: web/frontend/node_modules ## types, format, lint and unit tests of the page's TypeScript (needs Node)
	cd web/frontend && npm run --silent check

lint: vet ## go vet and staticcheck
	$(GO) run $(STATICCHECK) ./...

vet:
	$(GO) vet ./...

fmt: ## format the Go files
	@gofmt -w $(filter-out $(NEXTFILES),$(GOFILES))

fmt-check:
	@bad="$$(gofmt -l $(filter-out $(NEXTFILES),$(GOFILES)))"; test -z "$$bad" || { echo "not formatted: $$bad"; exit 1; }

tidy-check:
	$(GO) mod tidy -diff

cross: ## build for the other platforms
	GOOS=windows GOARCH=amd64 $(GO) build ./...
	GOOS=darwin GOARCH=arm64 $(GO) build ./...
	GOOS=linux GOARCH=arm64 $(GO) build ./...

notebooks: build ## run the tutorials and compare with their stored outputs
	./$(BIN) test notebooks/*.ipynb

check: fmt-check lint page-lint tidy-check cross race test ## what CI runs

clean: ## remove what make built
	rm -f $(BIN)

SHELL := bash
