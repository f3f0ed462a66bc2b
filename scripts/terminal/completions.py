#!/usr/bin/env python3
"""Checks the completions that `make install` installs, in bash, zsh and fish, each on a terminal of its own.

    completions.py BIN-FOLDER

It types the beginning of a command line, then Tab. The shell must offer each option in the help of that command and none of
another command, the rest of a command's name, the pid of a running target, and the hosts in the user's configuration of ssh. Exit code 1 when a shell does not.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import emulator
import verdict
from target import Target

INSTALL = pathlib.Path(__file__).resolve().parent.parent / "install.sh"


def shells(prefix):
    """For each shell, a command that starts it, and what must be typed first."""
    share = prefix / "share"
    return {
        "bash": ("bash --noprofile --norc -i", f". {share}/bash-completion/completions/mpgtop"),
        "zsh": ("zsh -f -i", f"fpath=({share}/zsh/site-functions $fpath); autoload -Uz compinit; compinit -u -D"),
        "fish": ("fish --private -i", "function fish_prompt; echo '> '; end"),
    }


def options(binaries, *command):
    """The long options in the help of a command."""
    told = subprocess.run([binaries / "mpgtop", *command, "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", told, re.MULTILINE))


def completed(run, line):
    """Types a line and Tab, and Tab again if nothing happened. Returns the words on the screen, without those typed."""
    run.press("\x15\x0c")
    run.settle()
    run.press(line)
    run.settle()
    before = run.text()
    run.press("\t")
    run.settle()
    if run.text() == before:
        run.press("\t")
        run.settle()
    seen = re.findall(r"[^\s(),]+", run.text())
    for word in line.split():
        if word in seen:
            seen.remove(word)
    return set(seen)


def visit(run, binaries, target):
    """Tries all lines in one shell. Returns problems as text."""
    wrong = []
    every, exports, stream = options(binaries), options(binaries, "export"), options(binaries, "stream")
    others = every - stream - {"--ssh"}  # which the help of --answer names
    for line, wanted, unwanted in [
        ("mpgtop --", every, exports - every), ("mpgtop export --", exports, every - exports), ("mpgtop rec", {"record"}, set()),
        ("mpgtop --screen ti", {"timeline"}, {"tracer"}), ("mpgtop record ", {target.pid}, set()),
        ("mpgtop str", {"stream"}, {"record"}), ("mpgtop stream --", stream, others),
        ("mpgtop stream ", {target.pid}, set()), ("mpgtop --ssh ", {"web", "db.example.org"}, {"*.lan"}),
        ("mpgtop record --remote", {"--remote-path"}, {"--rate"}), ("mpgtop why --ssh d", {"db.example.org"}, {"web"}),
    ]:
        seen = completed(run, line)
        if missing := wanted - seen:
            wrong.append(f"{line!r} does not lead to {' '.join(sorted(missing))}:\n{run.text().strip()}")
        if unwanted & seen:
            wrong.append(f"{line!r} leads to {' '.join(sorted(unwanted & seen))}:\n{run.text().strip()}")
    return wrong


def main():
    binaries, failed = pathlib.Path(sys.argv[1]), []
    target = Target(binaries, "--procs", "2")
    with tempfile.TemporaryDirectory(prefix="mpgtop-completions-") as folder:
        prefix = pathlib.Path(folder, "usr")
        subprocess.run([INSTALL, binaries, prefix], check=True)
        (pathlib.Path(folder) / ".ssh").mkdir()
        (pathlib.Path(folder) / ".ssh/config").write_text("Host web db.example.org *.lan\n  User me\n")
        try:
            for name, (command, first) in shells(prefix).items():
                # Bash shows the line that is edited on its standard error.
                run = emulator.Run(["sh", "-c", f"exec {command} 2>&1"], 200, 60, environment={
                    **target.environment, "PATH": f"{prefix}/bin:/usr/bin:/bin", "HOME": folder,
                    "XDG_DATA_DIRS": f"{prefix}/share:/usr/share", "fish_greeting": ""})
                try:
                    run.settle()
                    run.press(first + "\r")
                    run.settle()
                    wrong = visit(run, binaries, target)
                    failed += [f"{name}: {what}" for what in wrong]
                    print(f"{name}: {'completes' if not wrong else 'does not complete'}", flush=True)
                finally:
                    run.close()
        finally:
            target.close()
    verdict.end("completions", failed)


if __name__ == "__main__":
    main()
