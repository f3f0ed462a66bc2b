#!/usr/bin/env bash
# Builds products one after the other, and says beforehand what is built and how long that took last time. When nothing has
# changed since it last built them, it starts no build at all: even one that finds nothing to do takes half a second a product.
#
#   build.sh SCRATCH PRODUCT... -- COMMAND...     COMMAND is run as `COMMAND --product PRODUCT`, in the package's folder
#
# COMMAND builds only what is not up to date, into SCRATCH/release. The duration of a build of 20 seconds or more is kept in
# SCRATCH.
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

# What was built: by which command of which toolchain, and into which files.
state() {
  echo "$*"
  "$1" --version 2>/dev/null
  stat --printf '%n %i %s %y\n' -- "${products[@]/#/$scratch/release/}" 2>/dev/null
}

# What goes into a build: the package, and what it includes of the system.
inputs=(Package.swift Package.resolved Sources /usr/share/llhttp /usr/share/include/llhttp /usr/include/ncurses.h)

# Whether the stamp tells this state, and no input was written, moved or removed since the build began that left it. That is
# asked of the times that the system sets, since a copy may keep the old time of its content.
is_up_to_date() {
  local changed
  state "$@" | cmp -s - "$stamp" 2>/dev/null || return 1
  changed=$(find "${inputs[@]}" -cnewer "$stamp" -print -quit 2>/dev/null) || return 1
  [ -z "$changed" ]
}

stamp=$scratch/built-$(IFS=+ && echo "${products[*]}")
if is_up_to_date "$@"; then
  echo "build: ${products[*]} are up to date"
  exit
fi

kept=$scratch/build-seconds
last=$(cat "$kept" 2>/dev/null || true)
case $last in '' | *[!0-9]*) hint='how long that takes from nothing is not known here yet: minutes' ;;
*) hint="the last long build took $(words "$last")" ;; esac
echo "build: ${products[*]}, as far as they are not up to date ($hint)"

mkdir -p "$scratch"
rm -f "$stamp"
touch "$stamp.new"
begun=$(stat --format %y "$stamp.new")
start=$SECONDS
for product in "${products[@]}"; do "$@" --product "$product"; done
took=$((SECONDS - start))
[ "$took" -lt 20 ] || echo "$took" >"$kept"
state "$@" >"$stamp.new"
touch --date="$begun" "$stamp.new"
mv "$stamp.new" "$stamp"
echo "build: done in $(words "$took")"
