#!/bin/bash
# run.sh PATH-OF-mpg-demo VENV [ARGUMENT…]: the differential test, with h11 and httptools in the virtual environment VENV,
# which is made when it is not there. Needs python3 with venv (Debian: python3-venv), and PyPI the first time.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
server=${1:?usage: run.sh PATH-OF-mpg-demo VENV}
venv=${2:?usage: run.sh PATH-OF-mpg-demo VENV}
shift 2
fail() {
    echo "differential: $*" >&2
    exit 1
}
[ -x "$server" ] || fail "no server at $server; build it first: swift build --product mpg-demo"
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv" || fail "cannot make a virtual environment in $venv; install python3-venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
        fail "cannot install h11 and httptools from PyPI; without them nothing is compared"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" -B "$here/differential.py" "$server" "$@"
