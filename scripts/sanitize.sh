#!/usr/bin/env bash
# Runs the Swift suites under the thread sanitizer, then under the address sanitizer.
#
#   sanitize.sh SCRATCH [ARGUMENTS OF swift test...]
#
# Each sanitizer builds into a folder of its own (SCRATCH-thread, SCRATCH-address), since their object files cannot be
# mixed. SANITIZERS in the environment selects one of the two. The second runs even if the first fails.
set -euo pipefail
scratch=${1:?usage: sanitize.sh SCRATCH [ARGUMENTS OF swift test...]}
shift
# A report ends the process at once, with an exit code of its own, so that no test's result can hide it. SIGSEGV is left to
# our runtime's handler (handle_segv=0), which names the goroutine: a test checks that.
suppressions=$(cd "$(dirname "$0")" && pwd)/thread-sanitizer.supp
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:exitcode=66:handle_segv=0:suppressions=$suppressions}
# Leaks are not searched: Swift's metadata and the scheduler's slabs live as long as the process, by design.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:exitcode=66:handle_segv=0}
status=0
for sanitizer in ${SANITIZERS:-thread address}; do
  echo "sanitize.sh: $sanitizer"
  # lld, because the default linker prints a hundred lines of warnings with a sanitizer.
  swift test --no-color-diagnostics --sanitize="$sanitizer" --scratch-path "$scratch-$sanitizer" -Xswiftc -use-ld=lld "$@" || status=$?
done
exit "$status"
