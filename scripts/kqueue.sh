#!/usr/bin/env bash
# Runs the suites of netpoll over kqueue's backend and libkqueue, which gives Linux `kevent`.
#
#   kqueue.sh SCRATCH [FILTER]     FILTER: the suites to run; without one, all that wait for descriptors
#
# MPG_LIBKQUEUE=FILE names the library; otherwise pkg-config is asked. Where there is none, it says so and ends with 0:
# no registry that this project installs from has libkqueue. Every `make test` runs the same suites over a stand-in.
set -euo pipefail
scratch=${1:?usage: kqueue.sh SCRATCH [FILTER]}
if [ -z "${MPG_LIBKQUEUE-}" ] && pkg-config --exists libkqueue 2>/dev/null; then
  MPG_LIBKQUEUE=$(pkg-config --variable=libdir libkqueue)/libkqueue.so
fi
if [ ! -e "${MPG_LIBKQUEUE:-/none}" ]; then
  echo "kqueue.sh: skipped: pkg-config finds no libkqueue; kqueue's backend runs over a stand-in only"
  exit 0
fi
export MPG_LIBKQUEUE MPG_NETPOLL=kqueue
# Not the test that leaves a process without descriptors: libkqueue 2.7.0 aborts then, where kqueue says EMFILE.
swift test --no-color-diagnostics --scratch-path "$scratch" --skip NetpollTests/refusal \
  --filter "${2:-ContractTests|NetpollTests|DeadlineTests|CancellationTests|WaitingTests|HandOverTests|SignalsTests}"
