# Run by gdb on walk.c: steps through four switches, one instruction at a time, and unwinds the stack after each by what the
# switch says of itself (.cfi). After each instruction the callers must be those of the stack that is current, up to its end;
# and the registers that the switch keeps must be found as they were when the switch was entered on that stack.
#
#   gdb-multiarch -batch -ex 'python SOCKET = "/path"; PROGRAM = "/path/to/walk"' -x walk.py
#
# Prints how much was walked, and ends with 0; at the first walk that is wrong, prints it, and ends with 1.
import os

import gdb

# The callers of the switch, on each stack. A fiber that is entered for the first time has none yet: the switch will return to
# the first instruction of the fiber, and there unwinding ends.
CALLERS = {
    "thread": ["mpg_fiber_enter", "in_thread", "main"],
    "fiber": ["mpg_fiber_leave", "in_fiber", "body", "first", "mpg_fiber_start"],
    "new fiber": ["mpg_fiber_start"],
}
KEPT = {
    "i386:x86-64": ["rbx", "rbp", "r12", "r13", "r14", "r15"],
    "aarch64": [f"x{n}" for n in range(19, 30)] + [f"d{n}" for n in range(8, 16)],
}


def end(code, line):
    print(f"\nwalk: {line}", flush=True)
    gdb.execute("kill", to_string=True)
    os._exit(code)


def frames():
    walked, frame = [], gdb.newest_frame()
    while frame is not None and len(walked) < 12:
        walked.append(frame)
        frame = frame.older()
    return walked


def words(frame, name):
    """A register of a frame, as a number; vector registers by their bits."""
    value = frame.read_register(name)
    return int(value["u"] if value.type.strip_typedefs().code == gdb.TYPE_CODE_UNION else value) & (2**64 - 1)


def kept(frame):
    return {name: words(frame, name) for name in KEPT[frame.architecture().name()]}


def start():
    for line in ("set confirm off", "set pagination off", "set width 0", f"file {PROGRAM}", f"target remote {SOCKET}",
                 "break mpg_switch", "set backtrace past-main off"):
        gdb.execute(line, to_string=True)


def side(names):
    """On which stack these callers are; None: on no stack that there is."""
    return next((side for side, callers in CALLERS.items() if names == callers), None)


def check(switch, walked, saved):
    """Ends the program unless the walk from within the switch is right. Returns the side."""
    names = [frame.name() for frame in walked]
    where = side(names[1:])
    if where is None or (where in saved) == (where == "new fiber"):
        end(1, f"switch {switch + 1}, at {walked[0].pc():#x}: the callers are {names[1:]}")
    if where != "new fiber":
        found = kept(walked[1])
        wrong = [name for name in found if found[name] != saved[where][name]]
        if wrong:
            end(1, f"switch {switch + 1}, at {walked[0].pc():#x}: the caller's {', '.join(wrong)} are wrong")
    return where


def walk():
    steps, saved = 0, {}
    for switch in range(4):
        gdb.execute("continue", to_string=True)
        walked = frames()
        sides = [side([frame.name() for frame in walked[1:]])]
        saved[sides[0]] = kept(walked[1])
        while walked[0].name() == "mpg_switch":
            sides.append(check(switch, walked, saved))
            gdb.execute("stepi", to_string=True)
            steps += 1
            walked = frames()
        if sides[0] == sides[-1]:
            end(1, f"switch {switch + 1} did not leave the {sides[0]}")
        while walked[0].name() == "mpg_fiber_start":
            if len(walked) > 1:
                end(1, f"mpg_fiber_start has callers: {[frame.name() for frame in walked[1:]]}")
            gdb.execute("stepi", to_string=True)
            steps += 1
            walked = frames()
    return steps


try:
    start()
    steps = walk()
except gdb.error as error:
    end(1, f"gdb: {error}")
end(0, f"{steps} instructions of 4 switches: after each the stack unwinds to its end, with the caller's registers")
