#!/usr/bin/env bash
# Prints the control file of the Debian package.
#
#   deb_control.sh VERSION ARCHITECTURE KIB DEPENDS      KIB: the size of what is installed; DEPENDS: as dpkg-shlibdeps finds it
#
# Nothing in it but these four differs between architectures: amd64, and arm64.
set -euo pipefail
[ $# = 4 ] || { echo "usage: deb_control.sh VERSION ARCHITECTURE KIB DEPENDS" >&2 && exit 64; }
case $2 in
amd64 | arm64) ;;
*) echo "deb_control.sh: the runtime has no context switch for $2; there are amd64 and arm64" >&2 && exit 64 ;;
esac
# The recommended libraries are looked for when they are needed, so dpkg-shlibdeps does not see them.
cat <<CONTROL
Package: mpgtop
Version: $1
Architecture: $2
Maintainer: The mpgtop authors <mpgtop@localhost>
Installed-Size: $3
Depends: $4
Recommends: libzstd1, libdw1
Suggests: openssh-client
Section: utils
Priority: optional
Description: watch the scheduler of a program on the MPG runtime
 mpgtop shows goroutines, threads and processors of a running program from
 outside, through the shared memory in which the program keeps its scheduler.
 The program is not stopped, signalled, slowed or written to. mpg-demo is an
 HTTP server to watch, and mpg-load puts load on it, or on any other one.
 mpgtop learn teaches how such a scheduler works; mpg-lesson plays for it.
CONTROL
