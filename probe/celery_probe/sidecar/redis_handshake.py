"""A blocking handshake with a Redis as far as login and PING: is it there, and does it let us in?

By hand, in Redis' own protocol: the ``redis`` package would add 21 MB to a sidecar of 41.
"""

import socket
import ssl
from typing import BinaryIO

from celery_health.broker import BrokerReading, BrokerReason
from celery_health.readers import failures
from celery_health.readers.failures import Failure
from celery_health.readers.limits import CONNECT_SECONDS, READ_SECONDS
from celery_health.readers.tls import redis_options
from celery_health.urls import BrokerKind, BrokerUrl

_REACHABLE = "{} answers."
_SENTINEL = "The Sentinel {} answers; which of its masters is the broker, the application knows alone."


def shake_hands(url: BrokerUrl) -> BrokerReading:
    """Connect, log in and PING, each step within the readers' timeouts. Never raises for an ill broker."""
    try:
        with _connected(url) as connection, connection.makefile("rb") as answers:
            # A Sentinel has users and databases of its own: that it answers is all to ask of it.
            commands = [["PING"]] if url.kind is BrokerKind.SENTINEL else [*_login(url), ["PING"]]
            failure = _first_failure(url, connection, answers, commands)
    except OSError as error:
        failure = failures.of_connection(error, url) or failures.other(url, error.strerror or error)
    if failure is not None:
        return failure.reading(url, ())
    if url.kind is BrokerKind.SENTINEL:
        message = _SENTINEL.format(url.address)
        return Failure(BrokerReason.UNREADABLE_KIND, message, reachable=None).reading(url, ())
    return Failure(BrokerReason.REACHABLE, _REACHABLE.format(url.address), reachable=True).reading(url, ())


def _connected(url: BrokerUrl) -> socket.socket:
    connection = socket.create_connection((url.host, url.port or 0), CONNECT_SECONDS)
    connection.settimeout(READ_SECONDS)
    if not url.tls:
        return connection
    try:
        return _context(url).wrap_socket(connection, server_hostname=url.host)
    except BaseException:
        connection.close()
        raise


def _context(url: BrokerUrl) -> ssl.SSLContext:
    """What redis-py would make of the same options."""
    options = redis_options(url)
    mode: ssl.VerifyMode = options["ssl_cert_reqs"]
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    context.check_hostname = mode != ssl.CERT_NONE and options.get("ssl_check_hostname", True)
    context.verify_mode = mode
    if "ssl_certfile" in options:
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    return context


def _login(url: BrokerUrl) -> list[list[str]]:
    commands = []
    if url.password is not None:
        commands.append(["AUTH", *([url.username] if url.username else []), url.password])
    if url.database:
        commands.append(["SELECT", str(url.database)])
    return commands


def _first_failure(
    url: BrokerUrl, connection: socket.socket, answers: BinaryIO, commands: list[list[str]]
) -> Failure | None:
    for words in commands:
        connection.sendall(_encoded(words))
        answer = answers.readline(4096)
        if not answer:
            return failures.connection_closed(url)
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


def _refused(url: BrokerUrl, command: str, text: str) -> Failure | None:
    """What an error answer means; None where it means nothing to a worker."""
    code = text.partition(" ")[0]
    if "max number of clients" in text:
        return failures.too_many_connections(url)
    if command == "AUTH" or code in {"NOAUTH", "WRONGPASS"}:
        return failures.authentication_failed(url)
    if code == "NOPERM":
        return None  # logged in, but not as a user who may PING
    if code == "LOADING":
        return failures.loading(url)
    return failures.other(url, text)
