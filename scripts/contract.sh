#!/usr/bin/env bash
# Asks the contract of netpoll's backends of each backend that there is on this machine, and prints a table of the outcomes.
#
#   contract.sh SCRATCH [PAGE]     PAGE: the page whose table is replaced, between its two marks
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=${1:?usage: contract.sh SCRATCH [PAGE]}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

run() { swift test --no-color-diagnostics --scratch-path "$scratch" --filter "$1" >"$folder/log" 2>&1 || { cat "$folder/log" && exit 1; }; }
MPG_LIBKQUEUE="" MPG_CONTRACT=$folder run 'ContractTests/contractIsMet'
if [ -n "${MPG_LIBKQUEUE-}" ]; then mkdir "$folder/by" && MPG_CONTRACT=$folder/by run 'ContractTests/contractIsMet' && mv "$folder/by/libkqueue.txt" "$folder"; fi
code=0
"$here/iocp.sh" "$folder/wine.txt" >"$folder/log" 2>&1 || code=$?
if [ "$code" != 0 ]; then
  cat "$folder/log" >&2
  # Without wine there is no column of it, and then no page is changed, which would lose the column.
  [ "$code" = 69 ] && [ -z "${2-}" ] || exit "$code"
  rm -f "$folder/wine.txt"
fi
"$here/contract_table.py" "$folder" ${2+"$2"}
