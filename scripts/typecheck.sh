#!/usr/bin/env bash
# Compiles the Swift sources of a folder as one module against what a build left behind: in seconds, and without a build of its
# own. So a copy of a module's sources can be changed, and the compiler asked what it says.
#
#   typecheck.sh BUILD MODULE SOURCES FOLDER     BUILD is such as .build/debug; FOLDER receives MODULE.swiftmodule, and modules
#                                                that are there already stand before those of the build
set -euo pipefail

[ $# -eq 4 ] || { echo "usage: typecheck.sh BUILD MODULE SOURCES FOLDER" >&2 && exit 64; }
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/module_maps.sh"
build=$(cd "$1" && pwd -P)
module=$2
sources=$3
folder=$4
module_maps "$build" "$root"
# What `package` means is the name that the build gave to this package.
package=$(tr ',' '\n' <"$build/../../debug.yaml" | grep -A1 '"-package-name"' | sed -n 's/^"\([^-"][^"]*\)"$/\1/p' |
  sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
find "$sources" -name '*.swift' -print0 | sort -z | xargs -0 swiftc -module-name "$module" -package-name "$package" \
  -swift-version 6 -strict-memory-safety -parse-as-library -emit-module -Onone -enable-testing \
  -emit-module-path "$folder/$module.swiftmodule" -I "$folder" -I "$build/Modules" "${maps[@]}" -typecheck
