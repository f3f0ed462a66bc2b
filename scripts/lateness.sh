#!/usr/bin/env bash
# Compares how late Gs run in our runtime and in Go, under the same random mix: builds the Go program and runs lateness.py.
#
#   lateness.sh BIN-FOLDER ROUNDS MINUTES [SEED]
#
# Go 1.27 comes from the PATH or from a Python package (find_go.sh). Without it only our runtime is measured, and a line says
# so.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${1:?usage: lateness.sh BIN-FOLDER ROUNDS MINUTES [SEED]}
rounds=${2:?usage: lateness.sh BIN-FOLDER ROUNDS MINUTES [SEED]}
minutes=${3:?usage: lateness.sh BIN-FOLDER ROUNDS MINUTES [SEED]}
work=$here/../.build-peers
mkdir -p "$work"
work=$(cd "$work" && pwd)
options=()
if go=$("$here/find_go.sh" "$work"); then
  (
    cd "$here/go"
    export GOPATH=$work/gopath GOCACHE=$work/gocache GOTOOLCHAIN=local GOFLAGS=-mod=mod
    "$go" build -o "$work/go-fairness" ./fairness
  )
  options+=(--go "$work/go-fairness")
else
  echo "lateness.sh: measuring ours alone" >&2
fi
exec python3 "$here/lateness.py" --ours "$bin/mpg-soak" --rounds "$rounds" --minutes "$minutes" ${4:+--seed "$4"} \
  "${options[@]}"
