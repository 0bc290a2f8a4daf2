"""What a failed connection means: the causes that all protocols share, told apart."""

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from celery_health.broker import BrokerReading, BrokerReason, QueueReading
from celery_health.urls import BrokerKind, BrokerUrl, redact

_QUOTED = 160
_NO_WAY = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


@dataclass(frozen=True, slots=True)
class Failure:
    """``reachable`` is None where the server is there but proves nothing about the workers' way to it."""

    reason: BrokerReason
    message: str
    reachable: bool | None = False

    def reading(self, url: BrokerUrl, queues: tuple[str, ...]) -> BrokerReading:
        """As the reading of the broker at ``url``."""
        return BrokerReading(
            kind=url.kind.value,
            address=url.address,
            reachable=self.reachable,
            reason=self.reason,
            message=self.message,
            queues=tuple(QueueReading(name, None) for name in queues),
        )


def timed_out(url: BrokerUrl) -> Failure:
    """The server, or the network on the way, is silent."""
    causes = "it hangs or a NetworkPolicy drops packets"
    if url.tls:
        # A Redis without TLS waits for the rest of what it takes for a command.
        causes = f"it speaks TLS, {causes}"
    return Failure(BrokerReason.TIMED_OUT, f"{url.address} does not answer in time: see whether {causes}.")


def authentication_failed(url: BrokerUrl) -> Failure:
    """Nobody may enter with this user and password."""
    return Failure(
        BrokerReason.AUTHENTICATION_FAILED,
        f"{url.address} refuses the login: correct the user and password in the URL.",
    )


def too_many_connections(url: BrokerUrl) -> Failure:
    """The server is full."""
    return Failure(
        BrokerReason.TOO_MANY_CONNECTIONS,
        f"{url.address} takes no more connections: raise its limit or find out who holds them.",
    )


def loading(url: BrokerUrl) -> Failure:
    """A Redis that has just started."""
    return Failure(BrokerReason.LOADING, f"{url.address} still reads its data from disk: wait.")


def other(url: BrokerUrl, text: object) -> Failure:
    """The server's own words, shortened and without credentials."""
    return Failure(BrokerReason.ERROR, f"{url.address} answers an error: {quoted(text)}.")


def quoted(text: object) -> str:
    """Foreign words that are safe to show."""
    words = " ".join(redact(str(text)).split()).rstrip(".")
    return words[:_QUOTED] or "no reason given"


def of_connection(error: BaseException, url: BrokerUrl) -> Failure | None:
    """The failure that an OSError in the chain of ``error`` stands for; None where there is none."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return _tls(cause, url)
        if isinstance(cause, socket.gaierror):
            return name_not_resolved(url)
        if isinstance(cause, TimeoutError):
            return timed_out(url)
        if isinstance(cause, FileNotFoundError):
            return _no_such_file(url)
        if isinstance(cause, OSError) and (failure := _os_error(cause, url)):
            return failure
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _os_error(error: OSError, url: BrokerUrl) -> Failure | None:
    # asyncio joins the errors of several addresses into one text without a number.
    if error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return nothing_listens(url)
    if error.errno in _NO_WAY:
        return Failure(BrokerReason.CONNECTION_REFUSED, f"The network does not lead to {url.address}.")
    if error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return connection_closed(url)
    return None


def nothing_listens(url: BrokerUrl) -> Failure:
    """The port is closed."""
    return Failure(
        BrokerReason.CONNECTION_REFUSED,
        f"Nothing listens at {url.address}: see whether the server runs and the port is right.",
    )


def name_not_resolved(url: BrokerUrl) -> Failure:
    """DNS does not know the host, or does not answer."""
    return Failure(
        BrokerReason.NAME_NOT_RESOLVED,
        f"The name {url.host} does not resolve: write the full name, such as SERVICE.NAMESPACE.svc.",
    )


def connection_closed(url: BrokerUrl) -> Failure:
    """The server hung up: often one side speaks TLS and the other does not."""
    secure = {BrokerKind.REDIS: "rediss", BrokerKind.AMQP: "amqps"}.get(url.kind)
    hint = f" If it speaks TLS, write {secure}://." if secure else ""
    return Failure(BrokerReason.ERROR, f"{url.address} closed the connection.{hint}")


def _tls(error: ssl.SSLError, url: BrokerUrl) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(
            BrokerReason.TLS_FAILED,
            f"{url.address} shows a certificate that is not trusted here ({error.verify_message}): "
            "write ssl_ca_certs or ssl_cert_reqs into the URL.",
            reachable=None,  # the workers may trust more than the URL tells
        )
    reason = error.reason or "no TLS answer"
    return Failure(
        BrokerReason.TLS_FAILED,
        f"TLS with {url.address} failed ({reason}): see whether the server speaks TLS on this port.",
    )


def _no_such_file(url: BrokerUrl) -> Failure:
    return Failure(
        BrokerReason.TLS_FAILED,
        f"A certificate file that the URL of {url.address} names is not here, so it was not asked.",
        reachable=None,
    )
