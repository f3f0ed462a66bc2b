#!/usr/bin/env bash
# Tests the context switch of aarch64 under an emulator. Then runs the test with faults put into the switch, to see that the
# test finds them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sources=$here/../../Sources/CMPG
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# build SWITCH: builds the test with the switch from this file.
build() {
  aarch64-linux-gnu-gcc -O2 -Wall -static -D_GNU_SOURCE -D'__has_feature(x)=0' -I"$sources/include" \
    "$here/switch.c" "$sources/context.c" "$1" -o "$folder/switch"
}

build "$sources/switch_aarch64.S"
qemu-aarch64-static "$folder/switch"

# spoil WHAT SED-SCRIPT: puts a fault into the switch by a sed script. The test must fail with it.
spoil() {
  sed "$2" "$sources/switch_aarch64.S" >"$folder/spoilt.S"
  cmp -s "$sources/switch_aarch64.S" "$folder/spoilt.S" && { echo "run.sh: nothing to spoil: $1" >&2; exit 1; }
  build "$folder/spoilt.S"
  if found=$(timeout 60 qemu-aarch64-static "$folder/switch" 2>&1); then
    echo "run.sh: not found: $1" >&2
    exit 1
  fi
  echo "found: $1: ${found:-it crashed}"
}
spoil 'FPCR is not loaded' 's/msr fpcr, x9/nop/'
spoil 'FPCR is not saved' 's/str x10, \[sp, #160\]/nop/'
spoil 'd14 and d15 are not loaded' 's/ldp d14, d15, .*/nop/'
spoil 'x27 and x28 are exchanged' 's/ldp x27, x28/ldp x28, x27/'
spoil 'sp is off' 's/add sp, sp, #176/add sp, sp, #192/'
