"""How each parser reads bytes: ours through the running server's /echo, h11 and httptools in this process."""

import socket
from dataclasses import dataclass, field

import h11
import httptools

# Statuses by which the server refuses a request before any handler sees it.
REFUSALS = {400, 413, 414, 417, 431, 501, 505}


@dataclass(frozen=True)
class Request:
    method: bytes
    target: bytes
    fields: tuple
    body: bytes


@dataclass
class Outcome:
    """Requests that were understood, in order; whether the bytes were refused at some point, or no longer read."""

    requests: list[Request] = field(default_factory=list)
    refused: bool = False
    stopped: bool = False
    strayed: bool = False  # to a path that does not tell what it was asked
    statuses: list[int] = field(default_factory=list)
    reason: str = ""


def normal(fields) -> tuple:
    """Fields as all parsers should see them. /echo shows text; h11 gives the name of a coding in lower case."""
    return tuple(normal_field(name.lower(), value.strip(b" \t")) for name, value in fields)


def normal_field(name: bytes, value: bytes) -> tuple:
    text = value.decode(errors="replace")
    return name, text.lower() if name == b"transfer-encoding" else text


# --- ours


def ours(address, data: bytes, is_head=False) -> Outcome:
    with socket.create_connection(address, timeout=20) as connection:
        # The server may refuse, and close, before it has read everything.
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    return read_answers(answer, is_head)


def read_answers(answer: bytes, is_head: bool) -> Outcome:
    outcome = Outcome()
    while answer:
        head, separator, answer = answer.partition(b"\r\n\r\n")
        if not separator:
            raise AssertionError(f"the server sent half a head: {head!r}")
        status = int(head.split(b" ")[1])
        if status == 100:
            continue
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b": ")
            if name == b"Content-Length" and not is_head:
                length = int(value)
        body, answer = answer[:length], answer[length:]
        if len(body) != length:
            raise AssertionError(f"the server promised {length} bytes and sent {len(body)}")
        outcome.statuses.append(status)
        if status == 200 and not is_head and b"\n\n" in body:
            outcome.requests.append(read_echo(body))
        elif status not in REFUSALS:
            outcome.strayed = True
        if status in REFUSALS:
            outcome.refused = True
            outcome.reason = body.decode().strip()
    return outcome


def read_echo(text: bytes) -> Request:
    head, _, body = text.partition(b"\n\n")
    lines = head.split(b"\n")
    method, _, target = lines[0].partition(b" ")
    fields = (line.partition(b":") for line in lines[1:])
    return Request(method, target, normal((name, value) for name, _, value in fields), body)


# --- h11


def ask_h11(data: bytes) -> Outcome:
    outcome = Outcome()
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    head, body = None, b""
    try:
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED):
                outcome.stopped = event is h11.PAUSED
                return outcome
            if isinstance(event, h11.Request):
                head, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                outcome.requests.append(
                    Request(bytes(head.method), bytes(head.target), normal(head.headers), body))
                connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    outcome.stopped = True  # it keeps no connection of HTTP/1.0, whatever the client asks
                    return outcome
                connection.start_next_cycle()
            else:
                return outcome
    except h11.RemoteProtocolError as error:
        outcome.refused, outcome.reason = True, str(error)
        return outcome


# --- httptools


class Collector:
    """The callbacks of httptools."""

    def __init__(self):
        self.outcome = Outcome()
        self.parser = httptools.HttpRequestParser(self)

    def on_message_begin(self):
        self.target, self.fields, self.body, self.in_head = b"", [], b"", True

    def on_url(self, url):
        self.target += url

    def on_header(self, name, value):
        if self.in_head:  # trailers come this way, too
            self.fields.append((name, value))

    def on_headers_complete(self):
        self.in_head = False

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        self.outcome.requests.append(
            Request(self.parser.get_method(), self.target, normal(self.fields), self.body))


def ask_httptools(data: bytes) -> Outcome:
    collector = Collector()
    try:
        collector.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # it leaves the rest of the stream to another protocol
    except httptools.HttpParserError as error:
        collector.outcome.refused, collector.outcome.reason = True, str(error)
    return collector.outcome


PEERS = {"h11": ask_h11, "httptools": ask_httptools}
