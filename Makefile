# The two commands that matter are `make demo` and `make test`; `make help` lists the rest.
# Each first makes sure of the packages that it needs (scripts/need.sh), and does nothing on a machine that has them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Where to build; each sanitizer adds its name, since their objects do not mix.
SCRATCH ?= .build
PREFIX ?= /usr/local
DESTDIR ?=
# Interleaved rounds of `make bench` (5), `make lateness` (3) and `make watched` (40); rounds of `make keys` (1).
ROUNDS ?=
# How long `make soak` (1), `make fairness` (1), `make lateness` (0.5), `make honest` (10) and `make steady` (60) run.
MINUTES ?=
# The seed of `make soak`, `make fairness`, `make storm` and `make noise`: without one, another each time.
SEED ?=
# What `make soak` has besides; see `mpg-soak --help`.
MODE ?=
# Numbers of Ps of `make fairness`, one after the other; without any: 1,2,8.
PROCS ?=
# How many Gs stand beside `make keys`.
GS ?=
# How many cases `make fuzz` runs.
CASES ?= 10000000
# The Python parsers that the differential test compares with: kept out of the clone, so that a machine that has them
# once needs no network again.
PARSERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mpgtop/http-parsers
# pyte, a terminal in memory: likewise.
EMULATOR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mpgtop/terminal
# asciinema, and agg, which makes a GIF of its recordings: likewise.
RECORDER ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mpgtop/recorder
# How often `make lessons` plays each lesson: 20.
RUNS ?=
# Versions of Go, and the programs that they built: likewise.
GO_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mpgtop/go
# Debian's Swift for arm64, 0.4 GB: likewise.
AARCH64 ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mpgtop/aarch64
# The versions of Go by which `make test-go` builds the programs that it looks at.
GO_VERSIONS ?= 1.21.13 1.22.10 1.23.9 1.24.3 1.24.11 1.25.5 1.26.6 1.27.3
# Those of `make test`: an old one and the newest.
GO_FEW ?= 1.21.13 1.27.3
# The versions whose execution traces `make test-go-traces` reads: the forms are of 1.22, 1.23, 1.25 and 1.26.
GO_TRACERS ?= 1.22.10 1.23.9 1.24.11 1.25.5 1.26.6 1.27.3
# Every version that can be had as a Python package, for the tables of docs/go.md.
GO_EVERY ?= 1.21.13 1.22.10 1.23.1 1.23.2 1.23.3.1 1.23.4.4 1.23.9 1.24.3 1.24.11 1.25.0 1.25.1 1.25.2 1.25.3 1.25.4 1.25.5 \
  1.26.0 1.26.1 1.26.2 1.26.3 1.26.4 1.26.5 1.26.6 1.27.0 1.27.1 1.27.2 1.27.3
# The suites that look at running Go programs.
GO_SUITES := \.(Attach|Frozen|Dump|Netpoll|Latency)Tests/
# How many keys and resizes `make storm` throws at the screen.
COUNT ?= 100000
# More arguments for `swift test`, such as `TEST_ARGS='--filter Ring'`.
TEST_ARGS ?=

SWIFT := swift
# Whether diagnostics have colours is part of how each file is compiled, and by default depends on whether there is a
# terminal: what was built without one would all be built again on one, for minutes, and the other way round.
ALIKE := --no-color-diagnostics
# The standard library is linked in, so that the programs run on machines without Swift; lld, because the default
# linker warns about what it finds in that library.
# Then what makes them smaller (docs/performance.md): a module in place of Foundation; no table of our functions for others to
# link with; and a compact table of the addresses to adjust at the start, which libc reads since 2.36.
LIBC_MINOR := $(shell getconf GNU_LIBC_VERSION 2>/dev/null | cut -d. -f2)
SMALL := -Xswiftc -I$(abspath $(SCRATCH))/essentials -Xswiftc -L$(abspath $(SCRATCH))/essentials \
  -Xlinker --no-export-dynamic $(shell [ "$(LIBC_MINOR)" -ge 36 ] 2>/dev/null && echo -Xlinker -zpack-relative-relocs)
RELEASE := $(ALIKE) -c release --static-swift-stdlib -Xswiftc -use-ld=lld --disable-local-rpath $(SMALL) --scratch-path $(SCRATCH)
PRODUCTS := mpgtop mpg-demo mpg-load mpg-lesson
BIN := $(SCRATCH)/release
SOURCES := Package.swift Sources Tests examples

.PHONY: test-reach test-ssh bench-stream bench-trace test-go-traces test-iocp test-kqueue test-ports contract lessons recordings control-storm test-go test-go-few go-images bench-go docs steady test-aarch64 cross-aarch64 test-million test-exports watched terminals storm noise frames keys deb
.PHONY: help demo demo-crash test test-uring test-sanitize test-faults mutants fuzz honest soak fairness lateness instructions bench bench-quick install format lint screens clean release differential

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a show on the demo server, watched in mpgtop; `q` ends it all
	@scripts/need.sh demo
	@$(MAKE) --no-print-directory release
	@setpriv --pdeathsig TERM -- scripts/demo.sh $(BIN)

demo-crash: ## kill the demo server under load, and open its last moments in mpgtop
	@scripts/need.sh demo
	@$(MAKE) --no-print-directory release
	@setpriv --pdeathsig TERM -- scripts/demo.sh --crash $(BIN)

test: ## all Swift suites, aarch64's switch, ports that can be tried, HTTP against other parsers, terminals, lint, instructions
	@scripts/need.sh test
	@scripts/retell.sh $(SWIFT) test $(ALIKE) --scratch-path $(SCRATCH) $(TEST_ARGS)
	@$(MAKE) --no-print-directory test-ports test-go-few differential terminals lint instructions

# An old version of Go and the newest, as they are and stripped. On a machine that has neither Go nor a way to it, the tests
# without Go have to be enough.
test-go-few:
	@if programs=$$(PROGRAMS=$(GO_CACHE)/few FEW=1 scripts/go_programs.sh $(GO_CACHE) $(GO_FEW)); then \
	  MPG_GO_PROGRAMS=$$programs $(SWIFT) test $(ALIKE) --scratch-path $(SCRATCH) --skip-build \
	    --filter '$(GO_SUITES)|\.(Churn|Replaced|Home|Permission|Command)Tests/'; \
	else code=$$?; [ $$code = 2 ] || exit $$code; \
	  echo 'make test: Go cannot be had here, so no running Go program was looked at; make test-go does so'; fi

# The newest version in every way of building, and each older one as it is and stripped.
test-go: ## GoAttach beside what Go programs say themselves; GO_VERSIONS='1.21.13 … 1.27.3'; UPDATE=1: all there are, into docs/go.md
	@scripts/need.sh test
ifdef UPDATE
	@scripts/test_go.sh $(GO_CACHE) $(GO_CACHE)/said.txt $(GO_EVERY) -- \
	  $(SWIFT) test $(ALIKE) --scratch-path $(SCRATCH) --filter '$(GO_SUITES)'
	@scripts/go_table.py docs/go.md <$(GO_CACHE)/said.txt
else
	@programs=$$(scripts/go_programs.sh $(GO_CACHE) $(GO_VERSIONS)) && \
	MPG_GO_PROGRAMS=$$programs $(SWIFT) test $(ALIKE) --scratch-path $(SCRATCH) --filter GoAttachTests $(TEST_ARGS)
endif

# Traces by each version of Go that writes another form of them, read by the Go toolchain's own reader and by ours.
test-go-traces: ## execution traces by Go 1.22 to 1.27: ours must say of them what Go's own reader says
	@scripts/need.sh test
	@traces=$$(scripts/go_traces.sh $(GO_CACHE) $(GO_CACHE)/traces $(GO_TRACERS)) && \
	MPG_GO_TRACES=$$traces $(SWIFT) test $(ALIKE) --scratch-path $(SCRATCH) --filter GoTraceTests $(TEST_ARGS)

test-uring: ## the runtime's and HTTP's suites with io_uring below netpoll
	@scripts/need.sh test
	MPG_NETPOLL=io_uring $(SWIFT) test $(ALIKE) --scratch-path $(SCRATCH) --filter 'RuntimeTests|HTTPTests' $(TEST_ARGS)

# HTTP heads and bodies through our parser and through others', which must agree on what is a request.
differential:
	Tests/HTTPTests/Differential/run.sh $(SCRATCH)/debug/mpg-demo $(PARSERS)

# Each kind of terminal, a short storm, and a fifth of the bytes of `make noise`, on the programs that the suites were run with.
terminals:
	scripts/terminal/run.sh $(EMULATOR) terminals.py $(SCRATCH)/debug
	scripts/terminal/run.sh $(EMULATOR) storm.py $(SCRATCH)/debug 3000 77
	scripts/terminal/run.sh $(EMULATOR) noise.py $(SCRATCH)/debug 200000 77

storm: ## COUNT random resizes, keys and clicks on the screen, which must stay clean; SEED=…
	@scripts/need.sh test
	@$(MAKE) --no-print-directory release
	scripts/terminal/run.sh $(EMULATOR) storm.py $(BIN) $(COUNT) $(SEED)

control-storm: ## a thousand controllers killed at random moments, then a million lines of noise; the demo must answer all; SEED=…
	@$(MAKE) --no-print-directory release
	scripts/control_storm.py $(BIN) 1000 1000000 $(SEED)

lessons: ## every lesson RUNS=20 times on each of 1, 2, 4 and 8 Ps; each claim must be seen each time
	@scripts/need.sh build
	@$(MAKE) --no-print-directory release
	@for procs in 1 2 4 8; do $(BIN)/mpgtop learn --check --runs $(or $(RUNS),20) --procs $$procs || exit 1; done

noise: ## a million bytes of sequences, pastes and broken ones on every screen, of which nothing may act; SEED=…
	@scripts/need.sh test
	@$(MAKE) --no-print-directory release
	scripts/terminal/run.sh $(EMULATOR) noise.py $(BIN) 1000000 $(SEED)

frames: ## what a frame of each screen costs, with 100,000 Gs; how long the first one takes, and keys under a flood
	@scripts/need.sh test
	@$(MAKE) --no-print-directory release
	scripts/terminal/run.sh $(EMULATOR) frames.py $(BIN)
	scripts/terminal/run.sh $(EMULATOR) answers.py $(BIN)

keys: ## how long keys take on each screen beside GS=120000 Gs, held down, typed one by one and by the thousand; ROUNDS=1
	@scripts/need.sh test
	@$(MAKE) --no-print-directory release
	scripts/terminal/run.sh $(EMULATOR) keys.py $(BIN) $(or $(GS),120000) $(or $(ROUNDS),1)

test-sanitize: ## the suites under the thread and the address sanitizer
	@scripts/need.sh test
	@scripts/sanitize.sh $(SCRATCH) $(TEST_ARGS)

test-aarch64: ## aarch64's context switch under an emulator, and what a debugger finds in it and in that of x86-64; also spoilt
	@scripts/need.sh aarch64
	@scripts/aarch64/run.sh

# Not part of `make test`: it fetches 600 MB once.
cross-aarch64: ## the whole runtime built for aarch64, and each part of it tried under an emulator; fetches Debian's Swift for arm64 (600 MB) once
	@scripts/need.sh aarch64
	@scripts/aarch64/cross.sh $(AARCH64) $(abspath $(SCRATCH))-aarch64

test-iocp: ## the contract of netpoll's backends over a completion port, built for Windows and run by wine
	@scripts/need.sh iocp
	@scripts/iocp.sh

# The suites of netpoll run over a stand-in of kqueue in every `make test`; here they run over libkqueue, where there is one.
test-kqueue: ## the suites of netpoll over kqueue's backend and libkqueue, where pkg-config finds one
	@scripts/need.sh test
	@scripts/kqueue.sh $(SCRATCH)

# What can be had on this machine; the rest is skipped aloud.
test-ports:
	@if scripts/need.sh aarch64; then scripts/aarch64/run.sh; \
	else echo 'make test: skipped: no compiler, emulator or debugger for aarch64; make test-aarch64 says what is missing'; fi
	@if scripts/need.sh iocp; then scripts/iocp.sh; \
	else echo 'make test: skipped: no mingw-w64 or wine, so no completion port was tried; make test-iocp does so'; fi
	@scripts/kqueue.sh $(SCRATCH) ContractTests

contract: ## the contract of netpoll's backends, asked of each that there is here; UPDATE=1: its table into docs/porting.md
	@scripts/need.sh test
	@scripts/contract.sh $(SCRATCH) $(if $(UPDATE),docs/porting.md)

# Go's crowd is looked at, too, where Go can be had.
test-ssh: ## mpgtop --ssh through a real sshd on loopback, over a link of 200 ms: screens, keys, pace, a Go program; PICTURES=FOLDER
	@scripts/need.sh ssh
	@$(MAKE) --no-print-directory release
	@go=$$(PROGRAMS=$(GO_CACHE)/few FEW=1 scripts/go_programs.sh $(GO_CACHE) $(GO_FEW))/$(lastword $(GO_FEW))-default; \
	[ -x "$$go" ] || go=; \
	scripts/terminal/run.sh $(EMULATOR) remote.py $(BIN) $${go:+"$$go"} $(if $(PICTURES),--pictures $(PICTURES))

test-million: ## a million Gs at once, and what is left of them; takes 6 GB
	@scripts/need.sh test
	@rm -f $(SCRATCH)/million.txt
	MPG_MILLION=$(abspath $(SCRATCH))/million.txt $(SWIFT) test $(ALIKE) --scratch-path $(SCRATCH) --filter MillionTests
	@cat $(SCRATCH)/million.txt

steady: ## MINUTES of mixed load on the demo, which must not grow
	@scripts/need.sh demo
	@$(MAKE) --no-print-directory release
	@scripts/steady.sh $(BIN) $(or $(MINUTES),60)

test-exports: ## every export in the program that it is for: Prometheus, go tool trace, Perfetto's schema
	@scripts/need.sh exports
	@$(MAKE) --no-print-directory release
	@scripts/exports.sh $(BIN)

test-reach: ## board and rules in a real Prometheus, which scrapes mpgtop serve beside demos that provoke each alert; some minutes
	@scripts/need.sh reach
	@$(MAKE) --no-print-directory release
	@scripts/reach.sh $(BIN)

mutants: ## the models of the protocols: states looked at, and mutants that must die
	@scripts/need.sh test
	@scripts/mutants.sh $(SCRATCH)

test-faults: ## every system call of the server fails once, in turn
	@scripts/need.sh test
	MPG_FAULTS=full $(SWIFT) test $(ALIKE) --scratch-path $(SCRATCH) --filter FaultTests

# Tests that need their minutes, with optimisation; the programs beside them are then built so too.
CHECKED := $(ALIKE) -c release -Xswiftc -enable-testing --scratch-path $(SCRATCH)-checked

honest: ## MINUTES of saturation: nothing lost, every gauge is what the events say; 1,000 moments rebuilt
	@scripts/need.sh test
	MPG_HONEST=$$(( $(or $(MINUTES),10) * 60 )) MPG_MOMENTS=1000 $(SWIFT) test $(CHECKED) --filter 'HonestyTests|HistoryTests/thousandMoments'

fuzz: ## CASES of damaged bytes through everything that reads bytes of others; a tenth as many images of Go programs; ONLY=streams
	@scripts/need.sh test
	MPG_FUZZ=$(CASES) $(SWIFT) test $(CHECKED) --filter 'FuzzTests$(if $(ONLY),/$(ONLY))'

# With gdb's gcore: each version, as it is built and stripped. The images are kept in Tests/GoAttachTests/Fixtures/Images.
go-images: ## capture the images of Go programs again, which tests without Go attach to; GO_VERSIONS='1.21.13 … 1.27.3'
	@scripts/need.sh test
	@programs=$$(scripts/go_programs.sh $(GO_CACHE) $(GO_VERSIONS)) && \
	MPG_CAPTURE_IMAGES=1 MPG_GO_PROGRAMS=$$programs $(SWIFT) test $(CHECKED) --filter ImageCapture

soak: ## everything at once and at random, watched from outside; MINUTES=1 SEED=… MODE=preemption|reader|fork|procs
	@scripts/need.sh build
	@$(MAKE) --no-print-directory release PRODUCTS=mpg-soak
	$(BIN)/mpg-soak --minutes $(or $(MINUTES),1) $(if $(SEED),--seed $(SEED)) $(if $(MODE),--mode $(MODE))

fairness: ## a random mix, each of whose waits must keep its bound, watched from outside; MINUTES=1 PROCS=1,2,8 SEED=…
	@scripts/need.sh build
	@$(MAKE) --no-print-directory release PRODUCTS=mpg-soak
	$(BIN)/mpg-soak fairness --minutes $(or $(MINUTES),1) $(if $(PROCS),--procs $(PROCS)) $(if $(SEED),--seed $(SEED))

lateness: ## how late the same mix makes Gs, ours beside Go; MINUTES=0.5 each on 1, 2 and 8 Ps, ROUNDS=3 SEED=…
	@scripts/need.sh bench
	@$(MAKE) --no-print-directory release PRODUCTS=mpg-soak
	@scripts/lateness.sh $(BIN) $(or $(ROUNDS),3) $(or $(MINUTES),0.5) $(SEED)

bench: ## ours beside Go, interleaved, and x and R in a storm; BASE=FOLDER: beside another build; see docs/performance.md
	@scripts/need.sh bench
	@$(MAKE) --no-print-directory release PRODUCTS='$(PRODUCTS) mpg-bench'
	@scripts/bench.sh $(BIN) $(or $(ROUNDS),5)
	@scripts/terminal/run.sh $(EMULATOR) asked.py $(BIN) $(if $(BASE),--base $(BASE))

bench-go: ## what it costs to look at a Go program, beside pprof; ROUNDS=5; UPDATE=1: into docs/performance.md
	@scripts/need.sh bench
	@$(MAKE) --no-print-directory release PRODUCTS='mpgtop mpg-go-bench'
	@mkdir -p .build-peers/go
	@go=$$(scripts/find_go.sh .build-peers) && scripts/bench_go.py $(BIN) $$go .build-peers/go --rounds $(or $(ROUNDS),5) \
	  $(if $(UPDATE),--update docs/performance.md)

bench-trace: ## what it costs to read an execution trace of Go, beside Go's own reader and go tool trace (5 GB); ROUNDS=3; UPDATE=1: into docs/performance.md
	@scripts/need.sh bench
	@$(MAKE) --no-print-directory release PRODUCTS=mpg-trace-bench
	@mkdir -p .build-peers/traces
	@go=$$(scripts/find_go.sh .build-peers) && scripts/bench_trace.py $(BIN) $$go .build-peers/traces --rounds $(or $(ROUNDS),3) \
	  $(if $(UPDATE),--update docs/performance.md)

bench-stream: ## what a stream costs its sender, and the bytes that an event takes on the wire; ROUNDS=3; UPDATE=1: into docs/performance.md
	@scripts/need.sh bench
	@$(MAKE) --no-print-directory release PRODUCTS='mpgtop mpg-bench'
	@python3 scripts/bench_stream.py $(BIN) --rounds $(or $(ROUNDS),3) $(if $(UPDATE),--update docs/performance.md)

bench-quick: ## the same in two minutes: three rounds, a tenth of the operations, no tracing and no HTTP
	@scripts/need.sh bench
	@$(MAKE) --no-print-directory release PRODUCTS=mpg-bench
	@scripts/bench.sh $(BIN) 3 --quick

watched: ## what a viewer costs: its CPU and memory at a million events a second, and whether the server notices
	@scripts/need.sh bench
	@$(MAKE) --no-print-directory release PRODUCTS='$(PRODUCTS) mpg-bench'
	@python3 scripts/watched.py $(BIN) --rounds $(or $(ROUNDS),40)

instructions: ## instructions of each hot path, which must not grow, large stack frames, and where Swift's own code lies; UPDATE=1 keeps the new numbers
	@scripts/need.sh instructions
	@$(MAKE) --no-print-directory release PRODUCTS='mpg-bench mpg-demo'
	@scripts/stackframes.py $(BIN)
	@for program in mpg-bench mpg-demo; do scripts/swift_marks.sh $(BIN)/$$program || exit 1; done
	@scripts/sizes.sh $(BIN) mpg-demo
	@scripts/instructions.sh $(BIN) $(if $(UPDATE),update)

api: ## what the libraries' users could no longer build with since BASE=TAG (or a commit)
	@test -n "$(BASE)" || { echo 'make api: BASE is missing; for example BASE=0.2.0' >&2; exit 64; }
	@scripts/need.sh build
	$(SWIFT) package $(ALIKE) --scratch-path $(SCRATCH) diagnose-api-breaking-changes $(BASE)

install: release ## install mpgtop, mpg-demo, mpg-load, mpg-lesson, manual page and completions below PREFIX
	@MPGTOP_PLACE="$(PREFIX)" scripts/install.sh $(BIN) "$(DESTDIR)$(PREFIX)"

deb: release ## a Debian package, in $(SCRATCH), tried without the Swift toolchain; completions in three shells
	@scripts/need.sh deb
	@scripts/sizes.sh $(BIN) $(PRODUCTS)
	@scripts/deb.sh $(BIN) $(SCRATCH)
	@scripts/terminal/run.sh $(EMULATOR) completions.py $(BIN)

release:
	@scripts/need.sh build
	@scripts/essentials.sh $(SCRATCH) $(SWIFT)
	@scripts/build.sh $(SCRATCH) $(PRODUCTS) -- $(SWIFT) build $(RELEASE)

format: ## rewrite all Swift to the house style
	$(SWIFT) format --in-place --recursive $(SOURCES)

lint: ## complain about Swift (and, where shellcheck is, scripts) that is not in it
	$(SWIFT) format lint --strict --recursive $(SOURCES)
	@if command -v shellcheck >/dev/null; then shellcheck --severity=warning scripts/*.sh .ci/run; fi

screens: ## take the README's picture again, from a real flood in a real terminal
	@scripts/need.sh screens
	@$(MAKE) --no-print-directory release
	@scripts/screens.sh $(BIN)

recordings: ## record 20 s of the demo and lesson 4 again: an asciinema file and a GIF of each, in docs/recordings
	@scripts/need.sh screens
	@$(MAKE) --no-print-directory release
	@mkdir -p docs/recordings
	@SKIP=9 scripts/record_screen.sh $(RECORDER) docs/recordings/demo 'scripts/demo.sh $(BIN)' 20
	@COLUMNS=80 ROWS=24 scripts/record_screen.sh $(RECORDER) docs/recordings/lesson4 '$(BIN)/mpgtop learn 4' 20 \
	  5 Enter 3 1 0.5 2 0.5 8 0.5 Enter

docs: ## static pages of the libraries MPG and Inspector, in SCRATCH/docs; a warning is an error
	@scripts/need.sh build
	$(SWIFT) build $(ALIKE) --scratch-path $(SCRATCH) --target HTTP
	$(SWIFT) build $(ALIKE) --scratch-path $(SCRATCH) --target Inspector
	@scripts/docs.sh $(SCRATCH)/debug $(SCRATCH)/docs
	@echo "docs: python3 -m http.server -d $(SCRATCH)/docs, then http://localhost:8000/documentation"

clean: ## remove everything that was built
	rm -rf $(SCRATCH) $(SCRATCH)-thread $(SCRATCH)-address $(SCRATCH)-checked $(SCRATCH)-aarch64 .build-peers
