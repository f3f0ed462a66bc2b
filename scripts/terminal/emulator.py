"""A terminal emulator in memory, and a program that runs on it.

The program's output is stored as bytes, and a picture is made from them only when one is asked for. After a repaint that
clears the screen nothing older is visible, so only the bytes from the last such repaint on are stored. The terminal modes
that the program switches on and off are tracked over all bytes.
"""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte

CLEAR = b"\x1b[H\x1b[2J"
CLEARS = re.compile(rb"\x1b\[H(?:\x1b\[2J|\x1b\[J)")
MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
# Sequences that pyte would show as text: queries, keyboard modes, padding bytes for old terminals, and the clipboard.
UNSEEN = re.compile(rb"\x1b\[\?[0-9]+\$p|\x1b\[[<>=][0-9;]*[a-zA-Z]|\x00|\x1b\]52;[^\x07]*\x07")
SYNC_END = b"\x1b[?2026l"
SYNC_QUESTION, SYNC_ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"


class Grid(pyte.Screen):
    """pyte's screen, with the functions that ncurses uses and pyte lacks."""

    def repeat(self, count=1, *_, **__):
        """Draws the last glyph `count` times more."""
        x = self.cursor.x - 1
        if 0 <= x < self.columns:
            self.draw((self.buffer[self.cursor.y][x].data or " ") * max(1, count or 1))

    def scroll_up(self, count=1, *_, **__):
        self._at_top(self.delete_lines, count)

    def scroll_down(self, count=1, *_, **__):
        self._at_top(self.insert_lines, count)

    def _at_top(self, move, count):
        """Moves lines at the top of the scrolling region. The cursor stays where it was."""
        x, y = self.cursor.x, self.cursor.y
        self.cursor.y = self.margins.top if self.margins else 0
        move(max(1, count or 1))
        self.cursor.x, self.cursor.y = x, y

    def select_graphic_rendition(self, *attributes, **keywords):
        if not keywords.get("private"):
            super().select_graphic_rendition(*attributes)

    @property
    def cells(self):
        """All cells, row by row: the glyph, colours and attributes."""
        return [
            [self._cell(self.buffer[y][x]) for x in range(self.columns)] for y in range(self.lines)]

    @staticmethod
    def _cell(char):
        # Of a blank only the background is visible, so its foreground does not count.
        shown = char.fg if char.data != " " or char.reverse else "default"
        return (char.data, shown, char.bg, char.bold and char.data != " ", char.reverse)


class Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "b": "repeat", "S": "scroll_up", "T": "scroll_down"}
    events = pyte.ByteStream.events | {"repeat", "scroll_up", "scroll_down"}


class Run:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, words, columns, rows, term="xterm-256color", environment=None, synchronizes=True):
        self.synchronizes = synchronizes  # whether the terminal answers that it understands synchronized output
        self.columns, self.rows = columns, rows
        self.master, self.slave = os.openpty()
        self._set_window()
        self.before = termios.tcgetattr(self.slave)
        self.written = bytearray()   # output since the last repaint
        self.total = 0               # bytes of output in all
        self.frames = 0              # number of complete updates
        self.last_frame = None       # when the last complete update ended
        self.last_taken = None       # when output last came
        self.modes = {}
        self.tail = b""              # the last bytes that were read: a sequence may be cut in two there
        self.is_open = True
        self.most_busy = 0.4         # share of a core that a program may take and still count as at rest
        env = {**os.environ, "TERM": term, "SWIFT_BACKTRACE": "interactive=no", **(environment or {})}
        env = {name: value for name, value in env.items() if value is not None}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            words, stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE, env=env, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.set_blocking(self.process.stderr.fileno(), False)

    def _set_window(self):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self._set_window()

    def press(self, data):
        """Types. Reads the output meanwhile: a program whose output nobody reads blocks, and does not read its input."""
        left = data.encode() if isinstance(data, str) else data
        deadline = time.monotonic() + 20
        while left and self.is_running and time.monotonic() < deadline:
            reading, writing, _ = select.select([self.master], [self.master], [], 0.2)
            if reading:
                self._take()
            if writing:
                left = left[os.write(self.master, left[:256]):]

    def _take(self):
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            data = b""
        if not data:
            self.is_open = False
            return False
        self.total, self.last_taken = self.total + len(data), time.monotonic()
        seam = self.tail + data
        new = len(self.tail)
        for match in MODES.finditer(seam):
            if match.end() > new:
                for mode in match[1].split(b";"):
                    self.modes[int(mode)] = match[2] == b"h"
        ended = sum(1 for match in re.finditer(re.escape(SYNC_END), seam) if match.end() > new)
        if ended:
            self.frames += ended
            self.last_frame = time.monotonic()
        if self.synchronizes and any(match.end() > new for match in re.finditer(re.escape(SYNC_QUESTION), seam)):
            os.write(self.master, SYNC_ANSWER)
        self.tail = seam[-24:]
        self.written += data
        last = None
        for last in CLEARS.finditer(self.written):
            pass
        if last and last.start():
            del self.written[:last.start()]
        return True

    def read(self, seconds):
        """Reads the output for this many seconds."""
        deadline = time.monotonic() + seconds
        while self.is_open and (left := deadline - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0] and not self._take():
                return

    def wait_until(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or not self.is_running:
                return condition()
            self.read(0.02)
        return True

    def settle(self, quiet=0.3, seconds=20):
        """Reads until the program has been at rest for a while: no output, and hardly any CPU time. Returns whether it was."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            before, worked = self.total, self.cpu
            self.read(quiet)
            if self.total == before and self.cpu - worked < self.most_busy * quiet and self.is_waiting:
                return True
        return False

    @property
    def is_waiting(self):
        """Whether the program sleeps and has read all that was typed. True also when it has ended."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as file:
                state = file.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        typed = struct.unpack("i", fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4)))[0]
        return state in "ZX" or (state == "S" and typed == 0)

    @property
    def cpu(self):
        """Seconds of CPU time that the program has used; 0 when it has ended."""
        try:
            with open(f"/proc/{self.process.pid}/schedstat") as file:
                return int(file.read().split()[0]) / 1e9
        except (OSError, IndexError):
            return 0

    @property
    def is_running(self):
        return self.process.poll() is None

    def picture(self):
        """What the terminal shows, as a grid of cells."""
        grid = Grid(self.columns, self.rows)
        Stream(grid).feed(UNSEEN.sub(b"", bytes(self.written)))
        return grid

    def text(self):
        return "\n".join(line.rstrip() for line in self.picture().display)

    def repaint(self):
        """Makes the program repaint everything, without a key: SIGCONT tells it that it was stopped. Returns whether it did."""
        seen = self.frames
        os.kill(self.process.pid, signal.SIGCONT)
        return self.wait_until(lambda: self.frames > seen) and self.settle()

    def end(self, seconds=20):
        """Waits until the program has ended. Returns what it has not restored on the terminal, as a list of texts."""
        self.wait_until(lambda: not self.is_running, seconds)
        if self.is_running:
            self.kill()
            return ["it did not end"]
        while self.is_open and select.select([self.master], [], [], 0.05)[0] and self._take():
            pass
        wrong = []
        if termios.tcgetattr(self.slave) != self.before:
            wrong.append("the line settings are others")
        names = {1049: "alternate screen", 1047: "alternate screen", 1000: "mouse", 1002: "mouse", 1003: "mouse",
                 1006: "mouse", 2026: "frozen screen", 1: "keypad", 2004: "bracketed paste"}
        wrong += [f"left on: {names[mode]} ({mode})" for mode, is_on in self.modes.items() if is_on and mode in names]
        if self.modes.get(25) is False:
            wrong.append("the cursor is hidden")
        return wrong

    @property
    def errors(self):
        return (self.process.stderr.read() or b"").decode(errors="replace")

    def kill(self):
        if self.is_running:
            self.process.kill()
            self.process.wait()

    def close(self):
        self.kill()
        os.close(self.master)
        os.close(self.slave)
        self.process.stderr.close()


def differences(one, other):
    """The places at which two pictures differ, as texts; the first five, and how many more there are."""
    found = []
    for y, (left, right) in enumerate(zip(one.cells, other.cells)):
        for x, (a, b) in enumerate(zip(left, right)):
            if a != b:
                found.append(f"row {y} column {x}: {a} where a fresh picture has {b}")
    return found[:5] + ([f"and {len(found) - 5} more"] if len(found) > 5 else [])
