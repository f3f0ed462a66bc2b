#!/usr/bin/env bash
# Makes sure that this machine has the packages that a purpose needs, and names those that it lacks.
#
#   need.sh build|test|demo|instructions|bench|screens|exports|reach|deb|ssh|aarch64|iocp
#
# On Debian and Ubuntu it installs the missing packages (through sudo when not root). When nothing is missing, it changes
# nothing and needs no network. Exit codes: 0 all is there; 69 something is missing and could not be installed (the command
# to run by hand is printed); 64 usage.
set -euo pipefail

fail() {
  echo "need.sh: $1" >&2
  exit "${2:-69}"
}

someone='' # `yes` when a person at the terminal can type a password
[ ! -t 0 ] || someone=yes
missing=() # packages that are missing and that the purpose needs
wanted=()  # packages that are missing and that are only useful for it

have_command() { command -v "$1" >/dev/null 2>&1; }
have_file() { [ -e "$1" ]; }
# Swift's own programs need one library that a bare system lacks. Whether there is a swift at all, need_swift checks.
swift_runs() { ! have_command swift || swift build --version >/dev/null 2>&1; }
# The loader of 64-bit programs: where Debian 12 has it, where WineHQ's packages have it, or wherever the package has it by now.
have_wine64() { have_file /usr/lib/wine/wine64 || have_command wine64 || have_package wine64; }
have_package() { dpkg-query --show --showformat='${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'; }
have_venv() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }

# need PACKAGE CHECK...: the package is missing unless the check succeeds.
need() {
  local package=$1
  shift
  "$@" || missing+=("$package")
}

need_build() {
  need libncurses-dev have_file /usr/include/ncurses.h
  need node-llhttp have_file /usr/share/llhttp/llhttp.c
  need build-essential have_file /usr/include/stdio.h
  need git have_command git
  need zlib1g-dev have_file /usr/include/zlib.h
  need libxml2-dev swift_runs
  need ca-certificates have_file /etc/ssl/certs/ca-certificates.crt
  # For streams that are compressed. Without it, everything is built all the same, and streams are not compressed.
  have_file /usr/include/zstd.h || wanted+=(libzstd-dev)
  # For Go programs with DWARF. Without it, everything is built all the same, and offsets come from Go's own descriptors.
  have_file /usr/include/elfutils/libdw.h || wanted+=(libdw-dev)
}

need_swift() {
  have_command swift || fail "the Swift toolchain, 6.2 or later, is not on the PATH and is no Debian package;
  get it from https://www.swift.org/install/linux (swiftly), put its usr/bin on the PATH, and run this again"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  # shellcheck disable=SC2086 # two words on purpose
  set -- $version
  [ "$((${1:-0} * 100 + ${2:-0}))" -ge 602 ] ||
    fail "swift is version ${1:-?}.${2:-?}, this package needs 6.2 or later; see https://www.swift.org/install/linux"
}

case "${1:-}" in
build) need_build ;;
test)
  need_build
  need curl have_command curl
  need python3-venv have_venv
  need tmux have_command tmux
  ;;
demo)
  need_build
  need curl have_command curl
  ;;
screens)
  need_build
  need curl have_command curl
  need tmux have_command tmux
  need python3-venv have_venv
  need fonts-dejavu-core have_file /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf
  ;;
instructions)
  need_build
  need valgrind have_command valgrind
  ;;
bench)
  need_build
  need curl have_command curl
  need python3-venv have_venv
  have_command wrk || wanted+=(wrk)
  ;;
deb)
  need_build
  need dpkg-dev have_command dpkg-shlibdeps
  need python3-venv have_venv
  need zsh have_command zsh
  need fish have_command fish
  ;;
ssh)
  need_build
  need curl have_command curl
  need python3-venv have_venv
  need openssh-client have_command ssh
  need openssh-server have_file /usr/sbin/sshd
  ;;
exports)
  need_build
  need python3-venv have_venv
  need prometheus have_command prometheus
  ;;
reach)
  need_build
  need python3-venv have_venv
  need prometheus have_command prometheus
  ;;
aarch64)
  need gcc-aarch64-linux-gnu have_command aarch64-linux-gnu-gcc
  need libc6-dev-arm64-cross have_file /usr/aarch64-linux-gnu/include/stdio.h
  need qemu-user-static have_command qemu-aarch64-static
  need gdb-multiarch have_command gdb-multiarch
  ;;
iocp)
  need gcc-mingw-w64-x86-64 have_command x86_64-w64-mingw32-gcc
  need wine64 have_wine64
  need wine have_command wine
  ;;
*) fail "usage: need.sh build|test|demo|instructions|bench|screens|exports|reach|deb|ssh|aarch64|iocp" 64 ;;
esac

# as_root COMMAND...: runs it as root. Fails when that needs a password and there is nobody to type it.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif have_command sudo && { [ -n "$someone" ] || sudo -n true 2>/dev/null; }; then
    sudo "$@"
  else
    return 1
  fi
}

# install PACKAGE...: installs packages. Package lists are fetched only when the installation with the present ones fails.
install() {
  have_command apt-get || return 1
  echo "need.sh: installing $*" >&2
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
  as_root "${apt[@]}" install --no-install-recommends "$@" </dev/null >&2 ||
    { as_root "${apt[@]}" update </dev/null >&2 &&
      as_root "${apt[@]}" install --no-install-recommends "$@" </dev/null >&2; }
}

if [ "${#missing[@]}" -gt 0 ]; then
  install "${missing[@]}" ||
    fail "missing: ${missing[*]}; install by hand, then run this again:
  sudo apt-get update && sudo apt-get install -y ${missing[*]}"
fi
for package in "${wanted[@]}"; do
  install "$package" || echo "need.sh: going on without $package, which could not be installed" >&2
done
case "$1" in aarch64 | iocp) ;; *) need_swift ;; esac
