#!/usr/bin/env bash
# Whether Swift's own code, where it is linked into a program, lies between the marks by which the handler of preemption knows
# it (Sources/CMPG/thread.c).
#
#   swift_marks.sh PROGRAM
#
# Fails (1), and says what lies outside, when one of the functions that hold a lock of everybody's does.
set -euo pipefail
program=${1:?usage: swift_marks.sh PROGRAM}
symbols=$(nm "$program")

address() { awk -v name="$1" '$3 == name { print $1 }' <<<"$symbols"; }

low=$(address _swift_arrayDownCastIndirect)
high=$(address swift_task_localValuePush)
[ -n "$low" ] && [ -n "$high" ] || { echo "swift_marks.sh: $program has no marks" >&2; exit 1; }
# print to standard output; the lock of that; allocation, reference counts, metadata; a task.
for name in '$ss5print_9separator10terminatoryypd_S2StF' _swift_stdlib_flockfile_stdout _swift_stdlib_fwrite_stdout \
  swift_allocObject swift_release swift_getGenericMetadata swift_task_alloc; do
  at=$(address "$name")
  # Addresses are of the same length, so they compare as text.
  if [ -z "$at" ] || [[ "$at" < "$low" ]] || [[ "$at" > "$high" ]]; then
    echo "swift_marks.sh: $name, at ${at:-no place}, is not between $low and $high" >&2
    exit 1
  fi
done
