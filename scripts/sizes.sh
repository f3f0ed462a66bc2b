#!/usr/bin/env bash
# Checks that the programs, stripped as they are installed, are not larger than sizes.txt allows.
#
#   sizes.sh BIN-FOLDER PROGRAM...
#
# Exit code 1, and each program that is too large, when one is. The limits are of x86-64, and of programs whose table of addresses
# to adjust is compact (Makefile); others are only told.
set -euo pipefail
bin=${1:?usage: sizes.sh BIN-FOLDER PROGRAM...}
limits=$(dirname "$0")/sizes.txt
shift
stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT

code=0
for program in "$@"; do
  limit=$(awk -v name="$program" '$1 == name { print $2 }' "$limits")
  [ -n "$limit" ] || { echo "sizes.sh: $program is not in $limits" >&2; exit 1; }
  strip --strip-unneeded -o "$stripped" "$bin/$program"
  size=$(stat --format %s "$stripped")
  printf '%-12s %9d bytes stripped, of %9d\n' "$program" "$size" "$limit"
  if ! readelf --section-headers --wide "$stripped" | grep -q '\.relr\.dyn' || [ "$(uname -m)" != x86_64 ]; then continue; fi
  if [ "$size" -gt "$limit" ]; then
    echo "sizes.sh: $program is too large; docs/performance.md says what it consists of" >&2
    code=1
  fi
done
exit $code
