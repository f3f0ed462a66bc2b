#!/usr/bin/env bash
# Checks that Swift's own code, when it is linked into a program, lies between the symbols by which the preemption handler
# recognises it (Sources/CMPG/thread.c).
#
#   swift_marks.sh PROGRAM
#
# Exit code 1, and the name of the function, when a function that holds a lock which every thread needs lies outside.
set -euo pipefail
program=${1:?usage: swift_marks.sh PROGRAM}
symbols=$(nm "$program")

address() { awk -v name="$1" '$3 == name { print $1 }' <<<"$symbols"; }

low=$(address _swift_arrayDownCastIndirect)
high=$(address swift_task_localValuePush)
[ -n "$low" ] && [ -n "$high" ] || { echo "swift_marks.sh: $program has no marks" >&2; exit 1; }
# Functions for printing to standard output, its lock, allocation, reference counts, metadata, and tasks.
for name in '$ss5print_9separator10terminatoryypd_S2StF' _swift_stdlib_flockfile_stdout _swift_stdlib_fwrite_stdout \
  swift_allocObject swift_release swift_getGenericMetadata swift_task_alloc; do
  at=$(address "$name")
  # All addresses have the same number of digits, so they can be compared as text.
  if [ -z "$at" ] || [[ "$at" < "$low" ]] || [[ "$at" > "$high" ]]; then
    echo "swift_marks.sh: $name, at ${at:-no place}, is not between $low and $high" >&2
    exit 1
  fi
done
