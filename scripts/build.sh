#!/usr/bin/env bash
# Builds products one after the other, and says beforehand what is built and how long that took last time.
#
#   build.sh SCRATCH PRODUCT... -- COMMAND...     COMMAND is run as `COMMAND --product PRODUCT`
#
# COMMAND builds only what is not up to date. The duration of a build of 20 seconds or more is kept in SCRATCH.
set -euo pipefail

scratch=$1
shift
products=()
while [ "$1" != -- ]; do
  products+=("$1")
  shift
done
shift

# words SECONDS: prints a duration, such as "3 min 34 s".
words() { if [ "$1" -lt 60 ]; then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi; }

kept=$scratch/build-seconds
last=$(cat "$kept" 2>/dev/null || true)
case $last in '' | *[!0-9]*) hint='how long that takes from nothing is not known here yet: minutes' ;;
*) hint="the last long build took $(words "$last")" ;; esac
echo "build: ${products[*]}, as far as they are not up to date ($hint)"

start=$SECONDS
for product in "${products[@]}"; do "$@" --product "$product"; done
took=$((SECONDS - start))
[ "$took" -lt 20 ] || echo "$took" >"$kept"
echo "build: done in $(words "$took")"
