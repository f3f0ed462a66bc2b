#!/usr/bin/env bash
# Builds the completion port's half in C, and the contract test, for Windows, and runs them under wine.
#
#   iocp.sh [FILE]      FILE receives the outcomes of the cases
#
# Exit codes: 0 all cases are as they should be; 1 a case failed, or the test did not end; 69 the compiler or wine is missing.
# Neither real Windows nor Swift for Windows is used here: see docs/porting.md for what this shows.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
for program in x86_64-w64-mingw32-gcc wine; do
  command -v "$program" >/dev/null || { echo "iocp.sh: $program is missing; scripts/need.sh iocp installs it" >&2; exit 69; }
done
folder=$(mktemp -d)
export WINEDEBUG=-all WINEPREFIX=$folder/prefix
# Processes of wine's own outlive the program. They are those of this prefix only.
server=$(PATH=$PATH:/usr/lib/wine type -P wineserver64 || PATH=$PATH:/usr/lib/wine type -P wineserver || true)
tidy() {
  [ -z "$server" ] || "$server" -k -w >/dev/null 2>&1 </dev/null || true
  rm -rf "$folder"
}
trap tidy EXIT

x86_64-w64-mingw32-gcc -O2 -Wall -Wextra -Werror -I"$root/Sources/CIOCP/include" -I"$root/Tests/CContract/include" \
  "$root"/Sources/CIOCP/*.c "$root"/Tests/CContract/*.c -o "$folder/contract.exe" -lws2_32 -lntdll

# Never into a pipe: wine's own processes would keep it open.
code=0
timeout -k 5 300 wine "$folder/contract.exe" </dev/null >"$folder/out" 2>"$folder/err" || code=$?
tr -d '\r' <"$folder/out" | sed -n '/^contract: /p' >"$folder/outcomes"
cat "$folder/outcomes"
if [ "$code" != 0 ] || [ ! -s "$folder/outcomes" ]; then
  echo "iocp.sh: the contract test ended with $code" >&2
  tail -5 "$folder/err" >&2
  exit 1
fi
[ -z "${1-}" ] || cp "$folder/outcomes" "$1"
echo "iocp.sh: $(grep -c '| ok$' "$folder/outcomes") of $(wc -l <"$folder/outcomes") cases are ok under $(wine --version </dev/null 2>/dev/null)"
