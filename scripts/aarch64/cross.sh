#!/usr/bin/env bash
# Builds the runtime for aarch64, with a program that tries each part of it (Tests/Trial), and runs that under an emulator.
#
#   cross.sh CACHE SCRATCH
#
# The compiler is this machine's. The standard library, the C library and the headers for aarch64 come from Debian's packages
# for arm64 (600 MB, fetched once from the mirror that this machine's apt has; 0.4 GB in CACHE). SUITE=sid names Debian's suite.
# Where they cannot be had, it says why and ends with 0. Exit code 1: the build failed, or a part of the runtime did not work.
#
# What it does not show: the emulator has neither the order of memory between threads nor the time of a real machine, and
# a compiler is used with an older standard library. Foundation is not among what can be used so, hence no test suite.
set -euo pipefail
cache=$(mkdir -p "${1:?usage: cross.sh CACHE SCRATCH}" && cd "$1" && pwd)
scratch=${2:?usage: cross.sh CACHE SCRATCH}
suite=${SUITE:-sid}
root=$cache/$suite
here=$(cd "$(dirname "$0")" && pwd)

skip() {
  echo "cross.sh: skipped: $1; the runtime was not built for aarch64"
  exit 0
}

# fetch: fills $root, or skips. Only what a build needs is unpacked, and the packages are removed.
fetch() {
  local mirror work keys=/usr/share/keyrings/debian-archive-keyring.gpg
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || skip 'there is no apt here'
  [ -e "$keys" ] || skip "there are no keys of Debian's archive here ($keys)"
  # shellcheck disable=SC2016 # apt fills these in
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(SUITE)' 'Origin: Debian' 'Component: main' 'Created-By: Packages' 2>/dev/null |
    awk '$2 !~ /security|updates/ { print $1; exit }')
  [ -n "$mirror" ] || skip "this machine's apt knows no mirror of Debian"
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$work'" EXIT
  mkdir -p "$work"/{lists/partial,archives/partial,parts}
  : >"$work/status"
  echo "deb [arch=arm64 signed-by=$keys] $mirror $suite main" >"$work/sources.list"
  cat >"$work/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "$(id -un)";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache::archives "$work/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "$work/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$work/parts";
CONF
  echo "cross.sh: fetching Debian's Swift for arm64 (600 MB) into $cache" >&2
  # Of C++'s library there is one for each version of gcc; the newest is the one that clang looks for.
  local apt=(env APT_CONFIG="$work/apt.conf" apt-get -q -y)
  "${apt[@]}" update >"$work/log" 2>&1 && ! grep -q '^[EW]: .*Failed to fetch' "$work/log" ||
    skip "the package lists of $suite for arm64 cannot be fetched"
  local cplusplus
  cplusplus=$(APT_CONFIG="$work/apt.conf" apt-cache pkgnames libstdc++- | grep -E '^libstdc\+\+-[0-9]+-dev$' | sort -V | tail -1)
  "${apt[@]}" install --download-only swiftlang libc6-dev "${cplusplus:-libstdc++-dev}" >>"$work/log" 2>&1 ||
    skip "the packages cannot be fetched: $(grep -m1 '^E:' "$work/log" || tail -1 "$work/log")"
  local package
  mkdir "$work/root"
  for package in "$work"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$work/root" \
      ./usr/include ./usr/lib ./usr/libexec/swift/lib/swift_static ./usr/libexec/swift/lib/clang 2>/dev/null || true # most have only some of these
  done
  ln -s usr/lib "$work/root/lib"
  ln -s ../libexec/swift/lib/swift_static "$work/root/usr/lib/swift_static"
  # A module that another compiler has made cannot be read; the text of its interface can.
  local module
  while read -r module; do
    [ ! -e "${module%.swiftmodule}.swiftinterface" ] || rm "$module"
  done < <(find "$work/root/usr/libexec/swift/lib/swift_static" -type f -name '*.swiftmodule')
  local file
  for file in usr/lib/swift_static/linux/libswiftCore.a usr/include/aarch64-linux-gnu/asm/errno.h lib/ld-linux-aarch64.so.1; do
    [ -e "$work/root/$file" ] || skip "Debian's packages of $suite are not laid out as expected: there is no $file"
  done
  mv -T "$work/root" "$root"
  rm -rf "$work"
  trap - EXIT
}

[ -d "$root" ] || fetch

tools=$(dirname "$(readlink -f "$(command -v swift)")")
mkdir -p "$scratch"
cat >"$scratch/destination.json" <<JSON
{
  "version": 1, "sdk": "$root", "target": "aarch64-unknown-linux-gnu", "toolchain-bin-dir": "$tools",
  "dynamic-library-extension": "so", "extra-cc-flags": [], "extra-cpp-flags": [],
  "extra-swiftc-flags": [
    "-sdk", "$root", "-resource-dir", "$root/usr/lib/swift_static", "-use-ld=lld", "-Xclang-linker", "--sysroot=$root"
  ]
}
JSON
cd "$here/../.."
swift build --no-color-diagnostics -c release --destination "$scratch/destination.json" --scratch-path "$scratch" \
  --static-swift-stdlib --product mpg-trial
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
timeout -k 5 600 qemu-aarch64-static -L "$root" "$scratch/release/mpg-trial"
