#!/usr/bin/env bash
# Runs a command that tests, and when it fails, tells at the end once more what failed.
#
#   retell.sh COMMAND...
#
# A run of all suites prints ten thousand lines, and services that run tests for others keep the last ones only: without
# this, they tell that something failed and not what. Prints what the command prints; its exit code is the command's.
set -uo pipefail

said=$(mktemp)
trap 'rm -f "$said"' EXIT
"$@" 2>&1 | tee "$said"
code=${PIPESTATUS[0]}
if [ "$code" != 0 ]; then
  echo "What failed (exit code $code):"
  # A failed expectation's own words follow its first line, behind an arrow. A build that fails and a crash have neither.
  grep -aE '^✘ ' -A 2 "$said" | grep -aE '^(✘|↳) ' | cut -c 1-600 | head -n 60 ||
    grep -aE '(error|Fatal error): |[Uu]nexpected signal' "$said" | cut -c 1-600 | head -n 20
fi
exit "$code"
