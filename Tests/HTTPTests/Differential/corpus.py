"""The corpus of requests that differential.py and Swift's tests share; its format is described in corpus.txt."""

import re
from dataclasses import dataclass, field
from pathlib import Path

VERDICTS = ("same", "takes", "refuses", "differs")


@dataclass
class Case:
    name: str
    statuses: list[int] = field(default_factory=list)
    peers: dict[str, str] = field(default_factory=lambda: {"h11": "same", "httptools": "same"})
    why: str = ""
    data: bytes = b""


def load(path=Path(__file__).with_name("corpus.txt")) -> list[Case]:
    sections = path.read_text().split("\n== ")[1:]
    return [parse(section.split("\n")) for section in sections]


def parse(lines: list[str]) -> Case:
    case = Case(lines[0])
    for line in lines[1:]:
        key, _, value = line.partition(": ")
        if line.startswith("#"):
            continue
        if key == "ours":
            case.statuses = [int(status) for status in value.split()]
        elif key in case.peers:
            if value not in VERDICTS:
                raise SystemExit(f"corpus.txt: {case.name}: {key}: {value!r} is not one of {VERDICTS}")
            case.peers[key] = value
        elif key == "why":
            case.why = value
        else:
            case.data += unescape(line)
    if any(verdict != "same" for verdict in case.peers.values()) and not case.why:
        raise SystemExit(f"corpus.txt: {case.name}: a difference without a why")
    return case


ESCAPE = re.compile(r"\\x([0-9a-f]{2})|\\(.)|\{([^{}]*)\*(\d+)\}")
SIMPLE = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}


def unescape(text: str) -> bytes:
    result, at = b"", 0
    for match in ESCAPE.finditer(text):
        result += text[at : match.start()].encode()
        at = match.end()
        hexadecimal, simple, unit, count = match.groups()
        if hexadecimal:
            result += bytes([int(hexadecimal, 16)])
        elif simple:
            result += SIMPLE[simple]
        else:
            result += unescape(unit) * int(count)
    return result + text[at:].encode()
