#!/usr/bin/env bash
# Makes a small module FoundationEssentials, which the release finds before the toolchain's (Sources/Essentials says why). Does
# nothing when it is up to date.
#
#   essentials.sh SCRATCH SWIFT      SCRATCH/essentials receives the module and its library; SWIFT is the command
#
# A later swift-argument-parser may use more of Foundation than the module has. Then the folder stays empty, so that the release
# takes the toolchain's module and its programs are 6 MB larger; a line says so.
set -euo pipefail
scratch=${1:?usage: essentials.sh SCRATCH SWIFT}
swift=${2:?usage: essentials.sh SCRATCH SWIFT}
root=$(cd "$(dirname "$0")/.." && pwd)
source=$root/Sources/Essentials/FoundationEssentials.swift
folder=$scratch/essentials

parser=$scratch/checkouts/swift-argument-parser/Sources/ArgumentParser
[ -d "$parser" ] || "$swift" package --package-path "$root" --scratch-path "$scratch" resolve
mapfile -t users < <(grep -rlE --include='*.swift' '^ *([a-z@_]+ )*import Foundation' "$parser" | sort)

# The compiler reads no module that another version of it wrote.
made="$("${swift}c" --version 2>/dev/null | head -n 1) $(cat "$source" "${users[@]}" </dev/null | cksum)"
[ "$(cat "$folder/made" 2>/dev/null)" != "$made" ] || exit 0
rm -rf "$folder"
mkdir -p "$folder"
(cd "$folder" && "${swift}c" -O -whole-module-optimization -parse-as-library -swift-version 6 -warnings-as-errors \
  -module-name FoundationEssentials -module-link-name mpg_essentials -emit-module -emit-library -static \
  -o libmpg_essentials.a "$source")
# What imports Foundation there stands in one file, which can be compiled alone.
if [ "${#users[@]}" != 1 ] ||
  ! "${swift}c" -typecheck -parse-as-library -swift-version 5 -I "$folder" "${users[0]}" 2>"$folder/complaints"; then
  echo 'essentials.sh: this swift-argument-parser uses more of Foundation than Sources/Essentials has; Foundation is linked in'
  rm -f "$folder"/*.swift* "$folder"/*.a
fi
echo "$made" >"$folder/made"
