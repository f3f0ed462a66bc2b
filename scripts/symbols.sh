#!/usr/bin/env bash
# Writes the public symbols of modules, with their doc comments, as symbol graphs (JSON): out of what a build left behind,
# in some tenths of a second a module. What a module re-exports (`@_exported import`) counts as its own.
#
#   symbols.sh BUILD FOLDER MODULE...     BUILD is such as .build/debug; FOLDER receives MODULE.symbols.json
set -euo pipefail

[ $# -ge 3 ] || { echo "usage: symbols.sh BUILD FOLDER MODULE..." >&2 && exit 64; }
sources=$(cd "$(dirname "$0")/../Sources" && pwd)
source "$(dirname "$0")/module_maps.sh"
build=$(cd "$1" && pwd -P)
folder=$2
shift 2
module_maps "$build" "$sources/.."
target=$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p' | head -n 1)
mkdir -p "$folder"
for module in "$@"; do
  exported=$(cat "$sources/$module"/*.swift 2>/dev/null |
    sed -nE 's/^@_exported (public )?import ([A-Za-z0-9_]+).*/\2/p' | sort -u | paste -sd, || true)
  swift-symbolgraph-extract -module-name "$module" -I "$build/Modules" "${maps[@]}" -target "$target" \
    -output-dir "$folder" -minimum-access-level public -skip-synthesized-members \
    ${exported:+"-experimental-allowed-reexported-modules=$exported"}
done
