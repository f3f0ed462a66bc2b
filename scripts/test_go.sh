#!/usr/bin/env bash
# Holds GoAttach beside running Go programs of many versions: installs a version, builds its programs, runs the tests that
# look at them, and removes the version again, since each takes a quarter of a gigabyte.
#
#   test_go.sh CACHE SAID VERSION... -- COMMAND...     COMMAND runs the tests of the programs in MPG_GO_PROGRAMS
#
# The newest version is built in every way. What the tests say of each program is collected in the file SAID. Versions that
# were in the cache before stay there. Exit code 1: a version could not be had, or a test failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$1 said=$2
shift 2
versions=()
while [ "$1" != -- ]; do
  versions+=("$1")
  shift
done
shift

newest=$(printf '%s\n' "${versions[@]}" | sort -V | tail -n 1)
: >"$said"
for version in "${versions[@]}"; do
  kept=$([ -e "$cache/$version/complete" ] && echo yes || echo no)
  few=$([ "$version" = "$newest" ] || echo 1)
  # The tests take every program of a folder.
  folder=$cache/one
  rm -rf "$folder"
  PROGRAMS=$folder FEW=$few "$here/go_programs.sh" "$cache" "$version" >/dev/null
  echo "test_go.sh: Go $version" >&2
  out=$cache/output.txt
  MPG_GO_PROGRAMS=$folder "$@" >"$out" 2>&1 || { tail -n 60 "$out" >&2; echo "test_go.sh: Go $version failed" >&2; exit 1; }
  grep '^go-table ' "$out" >>"$said"
  [ "$kept" = yes ] || rm -rf "${cache:?}/$version"
done
rm -rf "$cache/one"
