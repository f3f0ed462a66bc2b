#!/usr/bin/env bash
# A reset that comes after a TCP stream has ended is not told to whoever reads: `recv` says "end of the stream" for ever, with
# plain sockets and with trio alike.
#
# Expected: a server that has read the end of a half-closed client's stream, and reads on to see whether the client is still
# there for its answer, is told ECONNRESET when the client's system resets the connection; so it is without the end before.
# Seen (Linux 6.18, trio 0.35.0, CPython 3): `recv` returns no bytes, again and again. The reset is there: TCP_INFO has state 7
# (closed), epoll reports EPOLLERR and EPOLLHUP, and SO_ERROR is EPIPE, not ECONNRESET, once. trio's `receive_some` returns b''
# as well. So a server that is to notice that a half-closed client has left must ask the state, or send.
#
# Exit code 0: all is as described. 1: something has changed. 2: it cannot be tried here.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q trio==0.35.0; } >"$work/log" 2>&1; then
  tail -3 "$work/log" >&2
  exit 2
fi
"$work/venv/bin/python" - <<'PYTHON'
import platform
import select
import socket
import struct
import sys
import time

import trio

CLOSED, CLOSE_WAIT = 7, 8
listener = socket.create_server(("127.0.0.1", 0))
seen = {}


def pair():
    client = socket.create_connection(listener.getsockname())
    return client, listener.accept()[0]


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    time.sleep(0.1)


def received(server):
    try:
        return server.recv(1)
    except OSError as error:
        return type(error).__name__


def state(server):
    return server.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0]


client, server = pair()
reset(client)
seen["recv, reset alone"] = received(server)

client, server = pair()
client.shutdown(socket.SHUT_WR)
seen["recv, end"] = (server.recv(1), state(server) == CLOSE_WAIT)
reset(client)
seen["recv, reset behind the end"] = [received(server) for _ in range(3)]
seen["closed"] = state(server) == CLOSED
poll = select.epoll()
poll.register(server, select.EPOLLIN)
events = poll.poll(1)[0][1]
seen["epoll error and hang-up"] = bool(events & select.EPOLLERR) and bool(events & select.EPOLLHUP)
seen["SO_ERROR is EPIPE"] = server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 32
seen["recv, after SO_ERROR"] = received(server)


async def with_trio():
    client, server = pair()
    server.setblocking(False)
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(server))
    client.shutdown(socket.SHUT_WR)
    first = await stream.receive_some(1)
    reset(client)
    with trio.fail_after(5):
        return [first] + [await stream.receive_some(1) for _ in range(3)]


seen["trio"] = trio.run(with_trio)
print(f"Linux {platform.release()}, Python {platform.python_version()}, trio {trio.__version__}")
for what, value in seen.items():
    print(f"{what}: {value}")
expected = {
    "recv, reset alone": "ConnectionResetError",
    "recv, end": (b"", True),
    "recv, reset behind the end": [b"", b"", b""],
    "closed": True,
    "epoll error and hang-up": True,
    "SO_ERROR is EPIPE": True,
    "recv, after SO_ERROR": b"",
    "trio": [b"", b"", b"", b""],
}
sys.exit(0 if seen == expected else 1)
PYTHON
