#!/usr/bin/env bash
# Runs the Swift suites under the thread sanitizer, then under the address sanitizer.
#
#   sanitize.sh SCRATCH [ARGUMENTS OF swift test...]
#
# Each sanitizer builds into a folder of its own (SCRATCH-thread, SCRATCH-address), since their objects do not mix.
# SANITIZERS in the environment picks one of the two. Both suites run even if the first fails.
set -euo pipefail
scratch=${1:?usage: sanitize.sh SCRATCH [ARGUMENTS OF swift test...]}
shift
# A report is a failure, at once and with its own exit code, so that no test's outcome can hide it.
# Bad accesses stay the runtime's: it says which goroutine it was, and a test wants to hear that.
suppressions=$(cd "$(dirname "$0")" && pwd)/thread-sanitizer.supp
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:exitcode=66:handle_segv=0:suppressions=$suppressions}
# Leaks are not looked for: Swift's metadata and the scheduler's slabs live as long as the process, by design.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:exitcode=66:handle_segv=0}
status=0
for sanitizer in ${SANITIZERS:-thread address}; do
  echo "sanitize.sh: $sanitizer"
  # The linker is named because the default one prints a hundred lines of warnings with a sanitizer.
  swift test --no-color-diagnostics --sanitize="$sanitizer" --scratch-path "$scratch-$sanitizer" -Xswiftc -use-ld=lld "$@" || status=$?
done
exit "$status"
