#!/usr/bin/env bash
# Tests a package: unpacks it into a folder and runs the programs from there, without a Swift toolchain. The toolchain is not
# on the PATH, the programs must need none of its libraries, and where mounting is allowed its folder is made to look empty.
#
#   test_deb.sh FILE.deb
set -euo pipefail
deb=$(readlink -f "${1:?usage: test_deb.sh FILE.deb}")
work=$(mktemp -d)
server=''
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
fail() {
  echo "test_deb.sh: $1" >&2
  exit 1
}

# Runs this script again, in a mount namespace in which the toolchain's folder is empty.
toolchain=$(readlink -f "$(command -v swift)" || true)
toolchain=${toolchain%/usr/bin/*}
if [ -z "${MPG_TOOLCHAIN_HIDDEN:-}" ] && [ -d "$toolchain" ] && [ "$toolchain" != / ] &&
  unshare --mount --map-root-user true 2>/dev/null; then
  # shellcheck disable=SC2016 # the inner shell is the one to expand
  MPG_TOOLCHAIN_HIDDEN=$toolchain unshare --mount --map-root-user sh -c \
    'mount -t tmpfs none "$MPG_TOOLCHAIN_HIDDEN" && exec "$0" "$1"' "$0" "$deb"
  exit
fi

# The control file of each architecture that the runtime has, in a package without files.
for architecture in amd64 arm64; do
  mkdir -p "$work/$architecture/DEBIAN"
  "$(dirname "$0")/deb_control.sh" 1.2.3 "$architecture" 10 'libc6 (>= 2.36)' >"$work/$architecture/DEBIAN/control"
  dpkg-deb --root-owner-group --build "$work/$architecture" "$work/$architecture.deb" >/dev/null || fail "no $architecture"
  [ "$(dpkg-deb --show --showformat '${Version} ${Architecture} ${Depends}' "$work/$architecture.deb")" = \
    "1.2.3 $architecture libc6 (>= 2.36)" ] || fail "the control file of $architecture is wrong"
done
dpkg-deb --field "$deb" Recommends | grep -q libzstd1 || fail "streams would not be compressed: libzstd1 is not recommended"

dpkg-deb --extract "$deb" "$work/root"
mkdir -m 700 "$work/run"
clean=(env -i PATH="$work/root/usr/bin:/usr/bin:/bin" XDG_RUNTIME_DIR="$work/run" HOME="$work" TERM=xterm-256color)

for program in mpgtop mpg-demo mpg-load mpg-lesson; do
  libraries=$("${clean[@]}" ldd "$work/root/usr/bin/$program")
  ! grep -Ei 'swift|foundation|dispatch|not found' <<<"$libraries" || fail "$program needs the toolchain"
done
"${clean[@]}" mpgtop --version --verbose | grep -Eq '^zstd +yes, [0-9]' || fail "streams are not compressed"
for program in mpgtop mpg-demo mpg-load mpg-lesson; do
  ! readelf --section-headers --wide "$work/root/usr/bin/$program" | grep -Fq .symtab || fail "$program is not stripped"
done
[ "$("${clean[@]}" mpgtop --version)" = "$(dpkg-deb --field "$deb" Version)" ] || fail "the version is another"

: >"$work/said"
# Tries another port when one is taken.
for _ in {1..20}; do
  "${clean[@]}" mpg-demo --port $((20000 + RANDOM % 10000)) >"$work/said" 2>&1 &
  server=$!
  until grep -q 'Server running' "$work/said" || ! kill -0 "$server" 2>/dev/null; do sleep 0.05; done
  ! grep -q 'Server running' "$work/said" || break
done
"${clean[@]}" mpgtop -b -n 1 "$server" >"$work/frame" || fail "mpgtop does not see the server: $(cat "$work/said")"
grep -q "pid $server" "$work/frame" || fail "no frame of the server"
# Runs the real screen: `script` gives mpgtop a terminal, and after a second `q` is typed.
(sleep 1; printf q) | "${clean[@]}" script --quiet --return --command "stty rows 30 columns 100; mpgtop $server" \
  "$work/typescript" >/dev/null || fail "the screen ended with $?"
grep -q 'LIVE' "$work/typescript" || fail "no picture on the screen"

for file in mpgtop/grafana/mpgtop.json mpgtop/prometheus/mpgtop.rules.yml; do
  [ -s "$work/root/usr/share/$file" ] || fail "no $file"
done
grep -q '^ExecStart=/usr/bin/mpgtop serve ' "$work/root/usr/lib/systemd/system/mpgtop-serve.service" || fail "no unit"

man=$work/root/usr/share/man/man1/mpgtop.1.gz
[ -s "$man" ] || fail "no manual page"
gzip -dc "$man" | grep -q 'gen' || fail "the manual page is empty"
for file in bash-completion/completions/mpgtop zsh/vendor-completions/_mpgtop fish/vendor_completions.d/mpgtop.fish; do
  for word in record stream ssh remote-path; do
    grep -q -- "$word" "$work/root/usr/share/$file" || fail "$file does not know $word"
  done
done
# Bash must complete the name of a command.
# shellcheck disable=SC2016 # the inner shell is the one to expand
"${clean[@]}" bash -c '
  . "$1"
  COMP_WORDS=(mpgtop rec) COMP_CWORD=1 COMP_LINE="mpgtop rec" COMP_POINT=10
  _mpgtop mpgtop rec mpgtop
  [ "${COMPREPLY[0]:-}" = record ]' - "$work/root/usr/share/bash-completion/completions/mpgtop" ||
  fail "bash does not complete 'mpgtop rec'"
echo "test_deb.sh: $(basename "$deb") works without a toolchain${MPG_TOOLCHAIN_HIDDEN:+, $MPG_TOOLCHAIN_HIDDEN being empty}"
