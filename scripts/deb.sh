#!/usr/bin/env bash
# Makes a Debian package of what `make install` installs. Then tests it: unpacks it into another folder, and runs it where
# the Swift toolchain cannot be found (test_deb.sh).
#
#   deb.sh BIN-FOLDER OUTPUT-FOLDER
#
# The package's version is that of `mpgtop --version`. Its field Depends is what dpkg-shlibdeps finds in the programs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:?usage: deb.sh BIN-FOLDER OUTPUT-FOLDER}" && pwd)
output=$(cd "${2:?usage: deb.sh BIN-FOLDER OUTPUT-FOLDER}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

version=$("$bin/mpgtop" --version)
architecture=$(dpkg --print-architecture)
root=$work/root
MPGTOP_PLACE=/usr "$here/install.sh" "$bin" "$root/usr" share/zsh/vendor-completions
strip --strip-unneeded "$root"/usr/bin/*
gzip -9n "$root"/usr/share/man/man1/*
install -D -m 644 "$here/../LICENSE" "$root/usr/share/doc/mpgtop/copyright"

mkdir -p "$work/debian" "$root/DEBIAN"
printf 'Source: mpgtop\n\nPackage: mpgtop\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O "$root"/usr/bin/* 2>"$work/complaints") ||
  { cat "$work/complaints" >&2; exit 1; }
cat >"$root/DEBIAN/control" <<CONTROL
Package: mpgtop
Version: $version
Architecture: $architecture
Maintainer: The mpgtop authors <mpgtop@localhost>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: ${depends#shlibs:Depends=}
Section: utils
Priority: optional
Description: watch the scheduler of a program on the MPG runtime
 mpgtop shows goroutines, threads and processors of a running program from
 outside, through the shared memory in which the program keeps its scheduler.
 The program is not stopped, signalled, slowed or written to. mpg-demo is an
 HTTP server to watch, and mpg-load puts load on it, or on any other one.
 mpgtop learn teaches how such a scheduler works; mpg-lesson plays for it.
CONTROL
deb=$output/mpgtop_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$deb" >/dev/null
"$here/test_deb.sh" "$deb"
echo "$deb"
