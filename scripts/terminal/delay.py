#!/usr/bin/env python3
"""A ProxyCommand of ssh that connects to a port, and holds all bytes up, in both directions.

    delay.py HOST PORT MILLISECONDS

Each byte comes out as many milliseconds after it came in, in its order; so the link is slow to answer, but not narrow.
"""
import os
import queue
import socket
import sys
import threading
import time


def carry(read, write, seconds):
    """Carries bytes from one side to the other until one of them has gone."""
    waiting = queue.Queue()

    def take():
        while piece := read(1 << 16):
            waiting.put((time.monotonic() + seconds, piece))
        waiting.put((time.monotonic() + seconds, b""))

    threading.Thread(target=take, daemon=True).start()
    while True:
        due, piece = waiting.get()
        time.sleep(max(0, due - time.monotonic()))
        if not piece:
            return
        while piece:
            piece = piece[write(piece):]


def main():
    host, port, milliseconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    link = socket.create_connection((host, port))
    threading.Thread(target=lambda: (carry(lambda count: os.read(0, count), link.send, milliseconds / 1000),
                                     link.shutdown(socket.SHUT_WR)), daemon=True).start()
    carry(link.recv, lambda piece: os.write(1, piece), milliseconds / 1000)


if __name__ == "__main__":
    main()
