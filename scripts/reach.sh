#!/usr/bin/env bash
# Checks the board for Grafana and the rules for Prometheus on a real Prometheus, against `mpgtop serve` and demo servers. See
# reach.py, and docs/fleet.md for what is shortened.
#
#   reach.sh BIN-FOLDER
#
# Go, for a Go program among the targets, comes from a Python package; without it that part is skipped aloud. Exit code 0: all
# checks held.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:?usage: reach.sh BIN-FOLDER}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$here/../.build-peers/go"
if go=$("$here/find_go.sh" "$here/../.build-peers") &&
  (cd "$here/../Tests/GoAttachTests/Programs/crowd" && "$go" build -o "$work/crowd" main.go); then :; else
  echo 'reach.sh: skipped: Go cannot be had here, so no Go program is among the targets'
fi
python3 "$here/reach.py" --bin "$bin" --folder "$work" --share "$here/../share"
