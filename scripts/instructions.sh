#!/usr/bin/env bash
# Counts the instructions of the scheduler's hot paths, and compares the counts with those in instructions.txt. Other work on
# the machine does not change these counts.
#
#   instructions.sh BIN-FOLDER [update]
#
# Each measure of mpg-bench runs twice under callgrind, with different numbers of operations; the difference of the counts is
# the cost of the operations. Exit code 1, and the name of the path, when one has grown by more than 5 %. `update` stores the
# new counts. The stored counts are of one processor architecture; on another one the new counts are only printed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${1:?usage: instructions.sh BIN-FOLDER [update]}
kept=$here/instructions.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# valgrind cannot read the debug information that our linker writes, so it is removed.
strip -g -o "$work/mpg-bench" "$bin/mpg-bench"

# count MEASURE OPERATIONS: prints the number of instructions that the whole process executed. Preemption is off, because
# callgrind fails when a signal arrives on a G's stack.
count() {
  MPG_PREEMPT=0 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/mpg-bench" -p 1 -n "$2" "$1" >"$work/log" 2>&1 &&
    awk '/Collected :/ { print $4; found = 1 } END { exit !found }' "$work/log" ||
    { echo "instructions.sh: $1 could not be counted:" >&2 && tail -n 30 "$work/log" >&2 && return 1; }
}

# Each line: path, measure, and number of operations of the shorter run. The longer run has three times as many.
paths='event-write event 1000000
push-pop lrq 200000
steal-16 steal 10000
switch-yield yield-2 20000
park-ready ring 20000
channel-unbuffered pingpong 10000
channel-buffered chan-buffered-1:1 20000
select select-2 10000
spawn-exit spawn-join 10000
syscall syscall 20000
mutex mutex-uncontended 200000'

same=$([ "$(sed -n 's/^# //p' "$kept" 2>/dev/null)" = "$(uname -m)" ] && echo yes || echo no)
failed=0
{ echo "# $(uname -m)"; } >"$work/new"
printf '%-20s %12s %12s %8s\n' path instructions kept change
while read -r path measure operations; do
  before=$(awk -v path="$path" '$1 == path { print $2 }' "$kept" 2>/dev/null || true)
  least_short=''
  least_long=''
  # Work that the process does by the clock, such as sysmon's, can only add to a count. So a path that seems to have grown is
  # counted again, and the smallest count of each run is taken. The short run must be repeated too: if its count is too high,
  # the path looks too cheap. Counts that are to be stored are therefore all made three times.
  for _ in 1 2 3; do
    short=$(count "$measure" "$operations")
    long=$(count "$measure" $((operations * 3)))
    [ -n "$least_short" ] && [ "$least_short" -le "$short" ] || least_short=$short
    [ -n "$least_long" ] && [ "$least_long" -le "$long" ] || least_long=$long
    now=$(awk -v a="$least_short" -v b="$least_long" -v n=$((operations * 2)) 'BEGIN { printf "%.1f", (b - a) / n }')
    grown=$(awk -v now="$now" -v before="$before" -v same="$same" 'BEGIN {
      print (before != "" && same == "yes" && now + 0 > before * 1.05 && now + 0 > before + 1) }')
    [ "$grown" = 1 ] || [ "${2:-}" = update ] || break
  done
  echo "$path $now" >>"$work/new"
  awk -v path="$path" -v now="$now" -v before="$before" -v grown="$grown" 'BEGIN {
    if (before == "") { printf "%-20s %12.1f %12s\n", path, now, "-"; exit 0 }
    printf "%-20s %12.1f %12.1f %+7.1f%%%s\n", path, now, before, 100 * (now - before) / before, grown ? "  GROWN" : ""
  }'
  [ "$grown" = 0 ] || failed=1
done <<<"$paths"
if [ "${2:-}" = update ]; then
  cp "$work/new" "$kept"
elif [ "$failed" = 1 ]; then
  echo "instructions.sh: a hot path has grown by more than 5 %; if that is meant: make instructions UPDATE=1" >&2
  exit 1
fi
