#!/bin/bash
# run.sh VENV SCRIPT [ARGUMENT…]: runs a Python script of this folder in the virtual environment VENV, which has pyte, a
# terminal emulator in memory. The environment is made when it does not exist. This needs python3 with venv (Debian:
# python3-venv) and, the first time, access to PyPI.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
venv=${1:?usage: run.sh VENV SCRIPT [ARGUMENT…]}
script=${2:?usage: run.sh VENV SCRIPT [ARGUMENT…]}
shift 2
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv" || { echo "$script: cannot make a virtual environment in $venv" >&2; exit 1; }
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
    { echo "$script: cannot install pyte from PyPI; without it nobody looks at the screen" >&2; exit 1; }
  cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" -B "$here/$script" "$@"
