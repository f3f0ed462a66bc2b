#!/usr/bin/env python3
"""Torments the control socket of a demo server under load; every request must be answered all the same.

    control_storm.py BIN-FOLDER ROUNDS MESSAGES [SEED]

First ROUNDS controllers are killed (SIGKILL) at random moments, while the scheduler is held, stepped or slowed. After
each death the next request must be answered within 2 s. Then MESSAGES lines of noise are sent, as many as fit on each
connection. The server must live, run free, and answer. Exit code 0: it did.
"""
import glob, http.client, os, random, signal, socket, subprocess, sys, threading, time

BIN, ROUNDS, MESSAGES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 32)
PORT = 18099

CONTROLLER = """
import random, socket, sys, time
dice = random.Random(int(sys.argv[2]))
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile('r'); f.readline()
print('on', flush=True)
while True:
    s.send((dice.choice(['hold', 'step', 'step', 'step 0', 'step 1', 'slow %d' % dice.choice([1, 50, 10000]), 'state',
                         'release']) + '\\n').encode())
    f.readline()
"""


def controller_path(pid):
    for _ in range(100):
        found = [p for p in glob.glob("/dev/shm/mpg-*/*.control") + glob.glob("/run/user/*/mpg/*.control")
                 if os.path.basename(p).startswith(f"{pid}-")]
        if found: return found[0]
        time.sleep(0.05)
    sys.exit("control_storm: the server has no control socket")


def answers(limit):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=limit)
    connection.request("GET", "/")
    status = connection.getresponse().status
    connection.close()
    return status == 200


class Client(threading.Thread):
    """Asks without pause; counts answers, and what was no answer."""

    def __init__(self):
        super().__init__(daemon=True)
        self.good, self.bad, self.over = 0, [], False

    def run(self):
        while not self.over:
            try:
                if answers(30): self.good += 1
                else: self.bad.append("a status that is not 200")
            except Exception as error:
                self.bad.append(repr(error))


def kill_controllers(path, dice):
    worst = 0.0
    for round in range(ROUNDS):
        child = subprocess.Popen([sys.executable, "-c", CONTROLLER, path, str(dice.randrange(1 << 32))],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        child.stdout.readline()
        time.sleep(dice.random() * 0.03)
        child.send_signal(signal.SIGKILL)
        child.wait()
        start = time.time()
        if not answers(2): sys.exit(f"control_storm: no answer after round {round}, seed {SEED}")
        worst = max(worst, time.time() - start)
    return worst


def noise(path, dice):
    words = [b"hold", b"step", b"slow", b"release", b"state", b" ", b"1", b"-1", b"\0", b"\xff", b"9" * 40, b"step 1"]
    sent = 0
    while sent < MESSAGES:
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        s.setblocking(True)
        s.settimeout(5)
        try:
            for _ in range(200):
                lines = [b"".join(dice.choices(words, k=dice.randrange(6))) for _ in range(20)]
                s.sendall(b"\n".join(lines) + b"\n")
                sent += len(lines)
                if dice.random() < 0.9: s.recv(4096)
        except OSError:
            pass  # a controller that does not read its answers loses its connection
        s.close()
    return sent


def main():
    dice = random.Random(SEED)
    server = subprocess.Popen([f"{BIN}/mpg-demo", "--port", str(PORT), "--control"], stdout=subprocess.DEVNULL)
    try:
        path = controller_path(server.pid)
        clients = [Client() for _ in range(4)]
        for client in clients: client.start()
        worst = kill_controllers(path, dice)
        sent = noise(path, dice)
        time.sleep(0.2)
        if not answers(2) or server.poll() is not None: sys.exit(f"control_storm: no answer at the end, seed {SEED}")
        for client in clients: client.over = True
        for client in clients: client.join()
        good, bad = sum(c.good for c in clients), [b for c in clients for b in c.bad]
        print(f"{ROUNDS} controllers killed, {sent} lines of noise: {good} answers, {len(bad)} failures; "
              f"after a death the slowest answer took {worst * 1000:.0f} ms; seed {SEED}")
        if bad: sys.exit(f"control_storm: {bad[0]}")
    finally:
        server.kill()


main()
