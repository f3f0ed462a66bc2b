#!/usr/bin/env bash
# Makes static pages of the libraries' catalogues and doc comments, with `docc` of the toolchain. A warning is an error.
#
#   docs.sh BUILD FOLDER     BUILD is what a debug build left, such as .build/debug; FOLDER is made anew
#
# The pages of MPG have the modules that build on it as well; these have no catalogues, only doc comments.
set -euo pipefail

[ $# -eq 2 ] || { echo "usage: docs.sh BUILD FOLDER" >&2 && exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1
folder=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# archive CATALOGUE MODULE...: the archive is called as the first module.
archive() {
  local catalogue=$1 name=$2
  shift
  "$here/symbols.sh" "$build" "$work/symbols-$name" "$@"
  docc convert "$here/../Sources/$catalogue" --additional-symbol-graph-dir "$work/symbols-$name" \
    --fallback-display-name "$name" --fallback-bundle-identifier "mpgtop.$name" \
    --fallback-default-module-kind Library --warnings-as-errors --output-path "$work/$name.doccarchive"
}

archive Runtime/MPG.docc MPG Net HTTP
archive Inspector/Inspector.docc Inspector
docc merge "$work/MPG.doccarchive" "$work/Inspector.doccarchive" --synthesized-landing-page-name mpgtop \
  --output-path "$work/site"
rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
mv "$work/site" "$folder"
