#!/usr/bin/env bash
# Makes a Debian package of what `make install` installs. Then tests it: unpacks it into another folder, and runs it where
# the Swift toolchain cannot be found (test_deb.sh).
#
#   deb.sh BIN-FOLDER OUTPUT-FOLDER
#
# The package's version is that of `mpgtop --version`, its architecture that of this machine. Its field Depends is what dpkg-shlibdeps finds in the programs.
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
gzip -9n "$root"/usr/share/man/man1/*
install -D -m 644 "$here/../LICENSE" "$root/usr/share/doc/mpgtop/copyright"

mkdir -p "$work/debian" "$root/DEBIAN"
printf 'Source: mpgtop\n\nPackage: mpgtop\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O "$root"/usr/bin/* 2>"$work/complaints") ||
  { cat "$work/complaints" >&2; exit 1; }
"$here/deb_control.sh" "$version" "$architecture" "$(du -sk "$root/usr" | cut -f1)" "${depends#shlibs:Depends=}" \
  >"$root/DEBIAN/control"
deb=$output/mpgtop_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$deb" >/dev/null
"$here/test_deb.sh" "$deb"
echo "$deb"
