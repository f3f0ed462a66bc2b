#!/usr/bin/env bash
# Makes the picture in the README: runs the real demo in a real terminal (tmux), and copies what the terminal shows.
#
#   screens.sh BIN-FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:?usage: screens.sh BIN-FOLDER}" && pwd)
columns=100 rows=32 seconds=40
. "$here/private_terminal.sh"
picture=$(mktemp)
remove_at_end "$picture"

terminal new-session -d -x "$columns" -y "$rows" "$here/demo.sh" "$bin"
sleep "$seconds" # the picture shows a minute of history, and this fills a part of it
for _ in {1..100}; do # waits for a moment at which the first P is running
  terminal capture-pane -p >"$picture"
  ! grep -q '^ *P0 *running' "$picture" || break
  sleep 0.1
done
terminal send-keys q
for _ in {1..100}; do
  terminal has-session 2>/dev/null || break
  sleep 0.1
done
grep -q 'LRQ\|GRQ' "$picture" || { echo "screens.sh: no mpgtop in the picture:" >&2; cat "$picture" >&2; exit 1; }

python3 - "$here/../README.md" "$picture" <<'PYTHON'
import pathlib
import sys

readme, picture = map(pathlib.Path, sys.argv[1:])
head, begin, rest = readme.read_text().partition("<!-- screen:begin (made by `make screens`) -->\n")
_, end, tail = rest.partition("<!-- screen:end -->\n")
if not begin or not end:
    sys.exit("screens.sh: README.md has lost the marks around its picture")
frame = "\n".join(line.rstrip() for line in picture.read_text().rstrip().splitlines())
readme.write_text(f"{head}{begin}```text\n{frame}\n```\n{end}{tail}")
PYTHON
echo "screens.sh: README.md shows a new picture"
