"""A proxy before a Redis that lacks commands or fields, as servers that are compatible with Redis do."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedIOBase
from typing import BinaryIO


@dataclass(frozen=True)
class Lacks:
    """What the proxy does otherwise than Redis. Commands are named by their first word."""

    refused: frozenset[bytes] = frozenset()
    """Commands that it answers with an error."""
    dropped: frozenset[bytes] = frozenset()
    """Commands at which it closes the connection."""
    hidden: frozenset[bytes] = frozenset()
    """Fields that are missing in its answer to CLIENT LIST."""
    fixed: tuple[tuple[bytes, bytes], ...] = ()
    """Fields of CLIENT LIST that always have the same value."""
    uncounted: bool = False
    """Whether PUBLISH always returns 0."""


@contextmanager
def redis_without(port: int, lacks: Lacks) -> Iterator[int]:
    """The port of a proxy before the Redis on ``port``; closed when the block ends."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as upstream, suppress(OSError, EOFError):
                try:
                    _serve(self.rfile, self.connection, upstream, lacks)
                finally:
                    # A thread that still reads from it would keep it open, and Redis would count a listener.
                    upstream.shutdown(socket.SHUT_RDWR)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _serve(requests: BufferedIOBase, client: socket.socket, upstream: socket.socket, lacks: Lacks) -> None:
    answers = upstream.makefile("rb")
    while True:
        raw, words = _command(requests)
        name = words[0].upper()
        if name in lacks.dropped:
            return
        if name in lacks.refused:
            client.sendall(b"-ERR unknown command '" + name + b"'\r\n")
            continue
        upstream.sendall(raw)
        if name in {b"SUBSCRIBE", b"PSUBSCRIBE"}:
            threading.Thread(target=_pump, args=(answers, client), daemon=True).start()
            while data := requests.read1(65536):
                upstream.sendall(data)
            return
        answer = _answer(answers)
        client.sendall(_changed([word.upper() for word in words[:2]], answer, lacks))


def _changed(command: list[bytes], answer: bytes, lacks: Lacks) -> bytes:
    if command[0] == b"PUBLISH" and lacks.uncounted:
        return b":0\r\n"
    if command != [b"CLIENT", b"LIST"]:
        return answer
    fixed = dict(lacks.fixed)
    lines = answer.partition(b"\r\n")[2].rstrip().splitlines()
    body = b"".join(b" ".join(_fields(line, lacks.hidden, fixed)) + b"\n" for line in lines)
    return b"$%d\r\n%b\r\n" % (len(body), body)


def _fields(line: bytes, hidden: frozenset[bytes], fixed: dict[bytes, bytes]) -> Iterator[bytes]:
    for field in line.split(b" "):
        name, _, value = field.partition(b"=")
        if name not in hidden:
            yield name + b"=" + fixed.get(name, value)


def _command(requests: BufferedIOBase) -> tuple[bytes, list[bytes]]:
    """The next command: an array of bulk strings."""
    head = _line(requests)
    raw, words = head, []
    for _ in range(int(head[1:])):
        size = _line(requests)
        word = requests.read(int(size[1:]) + 2)
        raw += size + word
        words.append(word[:-2])
    return raw, words


def _answer(answers: BinaryIO) -> bytes:
    head = _line(answers)
    size = int(head[1:]) if head[:1] in {b"$", b"*"} else -1
    if head[:1] == b"$" and size >= 0:
        return head + answers.read(size + 2)
    return head + b"".join(_answer(answers) for _ in range(max(0, size)))


def _line(stream: BinaryIO | BufferedIOBase) -> bytes:
    line = stream.readline()
    if not line:
        raise EOFError
    return line


def _pump(answers: BinaryIO, client: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while data := answers.read1(65536):  # type: ignore[attr-defined]
            client.sendall(data)
