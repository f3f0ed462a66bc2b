#!/usr/bin/env bash
# Explores the models of the protocols and all their mutants, and prints a table of the results.
#
#   mutants.sh SCRATCH
#
# Exit code 1 when a model is wrong, a mutant survives, or nothing was run.
set -euo pipefail
scratch=${1:?usage: mutants.sh SCRATCH}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ! MPG_MUTANTS=1 swift test --no-color-diagnostics --scratch-path "$scratch" --filter MutantsTests >"$log" 2>&1; then
  cat "$log"
  exit 1
fi
sed -n 's/^mutants: //p' "$log" | awk -F ' [|] ' '
  BEGIN { printf "%-46s %9s %8s %7s\n", "model", "states", "mutants", "killed" }
  { printf "%-46s %9d %8d %7d\n", $1, $2, $3, $4; states += $2; mutants += $3; killed += $4 }
  END {
    printf "%-46s %9d %8d %7d\n", NR " models", states, mutants, killed
    exit NR == 0 || killed < mutants
  }'
