"""A blocking handshake with Redis: does it answer, accept the login, and let messages be taken?

It speaks Redis' protocol itself: the ``redis`` package would add 21 MB to the sidecar's memory.
"""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import BinaryIO

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.access import ANYWHERE
from celery_health.readers.connection_errors import connection_error
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.readers.tls import redis_context
from celery_health.readers.tls_port import or_speaks_tls
from celery_health.tls import PythonVersion
from celery_health.urls import BrokerKind, BrokerUrl

_REACHABLE = "{} answers."
# It changes nothing. It is refused or blocked whenever a worker's BRPOP, or the write that records what the
# worker took, is: by a replica, at maxmemory, in CLIENT PAUSE.
_WRITE_NOTHING = ["SETRANGE", "celery-operator", "0", ""]
# A kept connection may be dead without notice: then a new one has to show it soon enough.
_KEPT_SECONDS = 1.0
_Link = tuple[socket.socket, BinaryIO]

_SENTINEL = "The Sentinel {} answers; only the application knows which of its masters is the broker."


class RedisSession:
    """Checks one Redis, on a connection that is kept from check to check.

    ``python`` gives the version that the process in this pod runs, None while it is not known: a certificate
    that its redis-py refuses is refused here.
    """

    def __init__(self, url: BrokerUrl, python: Callable[[], PythonVersion | None] = lambda: None) -> None:
        self._url = url
        self._python = python
        self._verified_as: PythonVersion | None = None
        self._kept = ExitStack()
        self._link: _Link | None = None
        self._write = _WRITE_NOTHING

    def check(self) -> BrokerReading:
        """Log in, PING and ask for writes, each within the readers' timeouts. A broken broker never raises.

        A failure on a kept connection may be the connection's own: it is replaced once.
        """
        if self._url.tls and self._python() != self._verified_as:
            self.close()
        was_kept = self._link is not None
        failure = self._failure()
        if failure is not None:
            self.close()
            failure = self._failure() if was_kept else failure
        if failure == reachability.connection_closed(self._url) and self._write:
            # Some proxies close the connection at a command that they do not have.
            self.close()
            self._write = []
            failure = self._failure()
            self._write = _WRITE_NOTHING if failure else []
        if failure is not None:
            self.close()
            return or_speaks_tls(failure, self._url, ANYWHERE).reading(self._url, ())
        return _good(self._url).reading(self._url, ())

    def close(self) -> None:
        """Close the connection; the next check makes a new one."""
        self._link = None
        self._kept.close()

    def _failure(self) -> Reachability | None:
        try:
            if self._link is None:
                self._verified_as = self._python()
                connection = self._kept.enter_context(_connected(self._url, self._verified_as))
                answers = self._kept.enter_context(connection.makefile("rb"))
                self._link = connection, answers
            else:
                self._link[0].settimeout(_KEPT_SECONDS)
            return _first_failure(self._url, *self._link, _commands(self._url, self._write))
        except OSError as error:
            return connection_error(error, self._url) or reachability.other_error(
                self._url, error.strerror or error
            )


def _good(url: BrokerUrl) -> Reachability:
    if url.kind is BrokerKind.SENTINEL:
        return Reachability(BrokerReason.UNSUPPORTED_KIND, _SENTINEL.format(url.address), reachable=None)
    return Reachability(BrokerReason.REACHABLE, _REACHABLE.format(url.address), reachable=True)


def _commands(url: BrokerUrl, write: list[str]) -> list[list[str]]:
    # A Sentinel has users and databases of its own: an answer to PING is all that can be asked of it.
    if url.kind is BrokerKind.SENTINEL:
        return [["PING"]]
    return [*_login(url), ["PING"], *([write] if write else [])]


def _connected(url: BrokerUrl, python: PythonVersion | None) -> socket.socket:
    if url.path:
        return _connected_to_file(url.path)
    connection = socket.create_connection((url.host, url.port or 0), CONNECT_SECONDS)
    connection.settimeout(READ_SECONDS)
    if not url.tls:
        return connection
    try:
        return redis_context(url, python).wrap_socket(connection, server_hostname=url.host)
    except BaseException:
        connection.close()
        raise


def _connected_to_file(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(READ_SECONDS)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _login(url: BrokerUrl) -> list[list[str]]:
    commands = []
    if url.password is not None or url.username is not None:
        # A user without a password has an empty one, as in redis-py.
        commands.append(["AUTH", *([url.username] if url.username else []), url.password or ""])
    if url.database:
        commands.append(["SELECT", str(url.database)])
    return commands


def _first_failure(
    url: BrokerUrl, connection: socket.socket, answers: BinaryIO, commands: list[list[str]]
) -> Reachability | None:
    for words in commands:
        connection.sendall(_encoded(words))
        answer = answers.readline(4096)
        if not answer:
            return reachability.connection_closed(url)
        if not answer.startswith(b"-"):
            continue
        if url.kind is BrokerKind.SENTINEL:
            return None  # a refusal is an answer too
        if failure := _refused(url, words[0], answer[1:].decode(errors="replace").strip()):
            return failure
    return None


def _encoded(words: list[str]) -> bytes:
    """One command in RESP: an array of bulk strings."""
    encoded = [word.encode() for word in words]
    return b"".join([b"*%d\r\n" % len(encoded), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)])


def _refused(url: BrokerUrl, command: str, text: str) -> Reachability | None:
    """What an error answer means; None where it does not concern a worker."""
    code = text.partition(" ")[0]
    if command == _WRITE_NOTHING[0]:
        return _refused_write(url, code, text)
    for part, meaning in reachability.REDIS_ERRORS:
        if part in text:
            return meaning(url)
    if command == "AUTH" or code in {"NOAUTH", "WRONGPASS"}:
        return reachability.authentication_failed(url)
    if code == "NOPERM" or (command == "PING" and code == "ERR"):
        return None  # logged in, but not as a user who may PING, or the server has no PING
    if code == "LOADING":
        return reachability.loading(url)
    return reachability.other_error(url, text)


def _refused_write(url: BrokerUrl, code: str, text: str) -> Reachability | None:
    """Why no message can be taken; None where only this write is refused, for lack of a permission."""
    if code == "READONLY":
        return Reachability(
            BrokerReason.READ_ONLY, f"{url.address} is a replica: no message can be taken from it."
        )
    if code == "OOM":
        return Reachability(BrokerReason.OUT_OF_MEMORY, f"{url.address} is at its maxmemory: raise it.")
    return reachability.other_error(url, text) if code in {"MISCONF", "NOREPLICAS", "CLUSTERDOWN"} else None
