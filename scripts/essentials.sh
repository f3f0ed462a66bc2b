#!/usr/bin/env bash
# Makes a small module FoundationEssentials, which the release finds before the toolchain's (Sources/Essentials
# says why). Does nothing when it is up to date.
#
#   essentials.sh FOLDER COMPILER      FOLDER receives the module and its library; COMPILER is such as swiftc
set -euo pipefail
folder=${1:?usage: essentials.sh FOLDER COMPILER}
compiler=${2:?usage: essentials.sh FOLDER COMPILER}
source=$(cd "$(dirname "$0")/../Sources/Essentials" && pwd)/FoundationEssentials.swift

# The compiler reads no module that another version of it wrote.
made="$("$compiler" --version 2>/dev/null | head -n 1) $(cksum <"$source")"
[ "$(cat "$folder/made" 2>/dev/null)" != "$made" ] || exit 0
mkdir -p "$folder"
rm -f "$folder/made"
(cd "$folder" && "$compiler" -O -whole-module-optimization -parse-as-library -swift-version 6 -warnings-as-errors \
  -module-name FoundationEssentials -module-link-name mpg_essentials -emit-module -emit-library -static \
  -o libmpg_essentials.a "$source")
echo "$made" >"$folder/made"
