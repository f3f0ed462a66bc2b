#!/usr/bin/env bash
# Tests the context switches under an emulator: that of aarch64 by a million round trips, which must keep every register; and that
# of aarch64 and of x86-64 by a debugger, which must find the callers after each instruction. Then runs the tests with
# faults put into the switches, to see that the tests find them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sources=$here/../../Sources/CMPG
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
declare -A compiler=([aarch64]=aarch64-linux-gnu-gcc [x86_64]=x86_64-linux-gnu-gcc)
command -v "${compiler[x86_64]}" >/dev/null || unset 'compiler[x86_64]'

# build MACHINE PROGRAM SWITCH: builds one of the programs here with the switch from this file.
build() {
  "${compiler[$1]}" -g -O2 -fno-optimize-sibling-calls -Wall -static -D_GNU_SOURCE -D'__has_feature(x)=0' \
    -I"$sources/include" -I"$sources/../CFaults/include" "$here/$2.c" "$sources/context.c" "$3" -o "$folder/$2"
}

# walk MACHINE: walks through the switches of the program that was built last.
walk() {
  rm -f "$folder/socket"
  "qemu-$1-static" -g "$folder/socket" "$folder/walk" 2>/dev/null &
  local emulator=$! code=0
  for _ in $(seq 100); do [ -S "$folder/socket" ] && break || sleep 0.05; done
  timeout 120 gdb-multiarch -nx -q -batch -ex "python SOCKET = '$folder/socket'; PROGRAM = '$folder/walk'" \
    -x "$here/walk.py" </dev/null >"$folder/walked" 2>&1 || code=$?
  kill "$emulator" 2>/dev/null || true
  wait "$emulator" 2>/dev/null || true
  sed -n 's/^walk: //p' "$folder/walked" | grep . || { tail -5 "$folder/walked" && code=1; }
  return "$code"
}

# spoil MACHINE PROGRAM WHAT SED-SCRIPT: puts a fault into the switch by a sed script. The test must fail with it.
spoil() {
  local original=$sources/switch_$1.S found
  sed "$4" "$original" >"$folder/spoilt.S"
  cmp -s "$original" "$folder/spoilt.S" && { echo "run.sh: nothing to spoil: $3" >&2; exit 1; }
  build "$1" "$2" "$folder/spoilt.S"
  if found=$(case $2 in walk) walk "$1" ;; *) timeout 60 qemu-aarch64-static "$folder/$2" 2>&1 ;; esac); then
    echo "run.sh: not found: $3" >&2
    exit 1
  fi
  echo "found: $1: $3: ${found:-it crashed}"
}

build aarch64 switch "$sources/switch_aarch64.S"
qemu-aarch64-static "$folder/switch"
spoil aarch64 switch 'FPCR is not loaded' 's/msr fpcr, x9/nop/'
spoil aarch64 switch 'FPCR is not saved' 's/str x10, \[sp, #160\]/nop/'
spoil aarch64 switch 'd14 and d15 are not loaded' 's/ldp d14, d15, .*/nop/'
spoil aarch64 switch 'x27 and x28 are exchanged' 's/ldp x27, x28/ldp x28, x27/'
spoil aarch64 switch 'sp is off' 's/add sp, sp, #176/add sp, sp, #192/'

for machine in "${!compiler[@]}"; do
  build "$machine" walk "$sources/switch_$machine.S"
  walked=$(walk "$machine") || { echo "run.sh: $machine: $walked" >&2; exit 1; }
  echo "$machine: $walked"
done
spoil aarch64 walk 'the size of the frame is not told' '/cfi_def_cfa_offset 176/d'
spoil aarch64 walk 'the place of x27 is not told' '/cfi_rel_offset x27/d'
spoil aarch64 walk 'the end of the frame is not told' '/cfi_def_cfa_offset 0/d'
if [ -n "${compiler[x86_64]-}" ]; then
  spoil x86_64 walk 'a push is not told' '0,/cfi_adjust_cfa_offset 8/{/cfi_adjust_cfa_offset 8/d}'
  spoil x86_64 walk 'the end of the frame is not told' '/popq %rcx/{n;d}'
  spoil x86_64 walk 'a fiber has a caller' '/cfi_undefined rip/d'
else
  echo 'run.sh: skipped: no compiler for x86-64, whose switch was not walked through'
fi
