"""Whether a server can be used, and why not: the causes that all protocols share, and a sentence for each."""

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.urls import BrokerKind, BrokerUrl, redact

_MAX_QUOTED = 160
# What only a strict verification finds: from OpenSSL's X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA to
# X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3.
_STRICT_CODES = range(80, 94)
_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


@dataclass(frozen=True, slots=True)
class Reachability:
    """The result of one attempt to use a server.

    ``reachable`` is None where the attempt says nothing about the workers' connection: they may have a
    driver, or trust a certificate, that is missing here. ``message`` is a sentence without secrets.
    """

    reason: BrokerReason
    message: str
    reachable: bool | None = False

    def reading(self, url: BrokerUrl, queues: tuple[str, ...] = ()) -> BrokerReading:
        """As the reading of the server at ``url``, with the length of each queue unknown."""
        return BrokerReading(
            kind=url.kind.value,
            address=url.address,
            reachable=self.reachable,
            reason=self.reason,
            message=self.message,
            queues=tuple(QueueReading(name, None) for name in queues),
        )


def reachable(url: BrokerUrl) -> Reachability:
    """The server accepted the login and answered."""
    return Reachability(BrokerReason.REACHABLE, f"{url.address} answers.", reachable=True)


def timed_out(url: BrokerUrl) -> Reachability:
    """No answer in time, from the server or the network."""
    causes = "hangs, or whether a NetworkPolicy drops its packets"
    if url.tls:
        # Redis without TLS takes a TLS handshake for the start of a command and waits for the rest.
        causes = "hangs, does not speak TLS on this port, or is behind a NetworkPolicy that drops packets"
    return Reachability(
        BrokerReason.TIMED_OUT, f"{url.address} does not answer in time: check whether the server {causes}."
    )


def timed_out_after(url: BrokerUrl, seconds: float) -> Reachability:
    """No answer within the time that the caller allows, which may be shorter than the reader's own."""
    return Reachability(
        BrokerReason.TIMED_OUT,
        f"{url.address} does not answer within {seconds:g} s: check whether the server hangs.",
    )


def authentication_failed(url: BrokerUrl) -> Reachability:
    """The server does not accept the user and password."""
    return Reachability(
        BrokerReason.AUTHENTICATION_FAILED,
        f"{url.address} refuses the login: correct the user and password in the URL.",
    )


def too_many_connections(url: BrokerUrl) -> Reachability:
    """The server is at its connection limit."""
    return Reachability(
        BrokerReason.TOO_MANY_CONNECTIONS,
        f"{url.address} accepts no more connections: raise its limit, or find the clients that use them up.",
    )


def loading(url: BrokerUrl) -> Reachability:
    """Redis is reading its data from disk after a start."""
    return Reachability(BrokerReason.LOADING, f"{url.address} is still reading its data from disk: wait.")


def read_only_database(url: BrokerUrl) -> Reachability:
    """The SQL server is a standby, or its writes are switched off."""
    return Reachability(
        BrokerReason.READ_ONLY, f"{url.address} accepts no writes: use the address of the primary server."
    )


def no_such_database(url: BrokerUrl) -> Reachability:
    """The SQL server accepted the login, and the user may not use this database."""
    return Reachability(
        BrokerReason.NOT_PERMITTED,
        f"{url.address}: the database does not exist, or the user has no access to it. Create it, or "
        "correct the URL.",
    )


def no_such_virtual_host(url: BrokerUrl, correct: str) -> Reachability:
    """RabbitMQ accepted the login, and the user may not use the virtual host. ``correct``: what names it."""
    return Reachability(
        BrokerReason.NOT_PERMITTED,
        f"{url.address}: the virtual host does not exist, or the user has no access to it. Correct "
        f"{correct}, or the user's permissions.",
    )


def name_not_resolved(url: BrokerUrl) -> Reachability:
    """DNS does not know the host, or does not answer."""
    is_full = any(url.host.endswith(end) for end in (".svc", ".svc.cluster.local"))
    remedy = (
        "check that the Service exists" if is_full else "use the full name, such as SERVICE.NAMESPACE.svc"
    )
    return Reachability(
        BrokerReason.NAME_NOT_RESOLVED, f"The host name {url.host} does not resolve: {remedy}."
    )


def nothing_listens(url: BrokerUrl) -> Reachability:
    """The port is closed."""
    return Reachability(
        BrokerReason.CONNECTION_REFUSED,
        f"Nothing listens at {url.address}: check that the server runs and that the port is right.",
    )


def connection_closed(url: BrokerUrl) -> Reachability:
    """The server closed the connection. Often one side speaks TLS and the other does not."""
    secure = {BrokerKind.REDIS: "rediss", BrokerKind.AMQP: "amqps"}.get(url.kind)
    hint = f" If it speaks TLS, write {secure}://." if secure else ""
    return Reachability(BrokerReason.ERROR, f"{url.address} closed the connection.{hint}")


def other_error(url: BrokerUrl, text: object) -> Reachability:
    """Any other error, in the server's own words."""
    return Reachability(BrokerReason.ERROR, f"{url.address} answers with an error: {quoted(text)}.")


def quoted(text: object) -> str:
    """A server's own words on one line, shortened and without credentials."""
    words = " ".join(redact(str(text)).split()).rstrip(".")
    return words[:_MAX_QUOTED] or "no reason given"


def connection_error(error: BaseException, url: BrokerUrl) -> Reachability | None:
    """The meaning of the OSError in the chain of ``error``; None where there is none."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return _tls_error(cause, url)
        if isinstance(cause, socket.gaierror):
            return name_not_resolved(url)
        if isinstance(cause, TimeoutError):
            return timed_out(url)
        if isinstance(cause, FileNotFoundError):
            return _no_certificate_file(url)
        if isinstance(cause, OSError) and (meaning := _os_error(cause, url)):
            return meaning
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _os_error(error: OSError, url: BrokerUrl) -> Reachability | None:
    # asyncio joins the errors of several addresses into one text without an errno.
    if error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return nothing_listens(url)
    if error.errno in _NO_ROUTE:
        return Reachability(BrokerReason.CONNECTION_REFUSED, f"There is no network route to {url.address}.")
    if error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return connection_closed(url)
    return None


def _tls_error(error: ssl.SSLError, url: BrokerUrl) -> Reachability:
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _STRICT_CODES:
        return Reachability(
            BrokerReason.TLS_FAILED,
            f"{url.address} presents a certificate that Python 3.13 and newer do not accept "
            f"({error.verify_message}): issue it again in the form of RFC 5280.",
            reachable=None,  # as below
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reachability(
            BrokerReason.TLS_FAILED,
            f"{url.address} presents a certificate that is not trusted here ({error.verify_message}): "
            "set ssl_ca_certs or ssl_cert_reqs in the URL.",
            reachable=None,  # the workers may trust more than the URL says
        )
    reason = error.reason or "no TLS answer"
    return Reachability(
        BrokerReason.TLS_FAILED,
        f"TLS with {url.address} failed ({reason}): check whether the server speaks TLS on this port.",
    )


def _no_certificate_file(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.TLS_FAILED,
        f"{url.address} was not checked: a certificate file that its URL names does not exist here.",
        reachable=None,
    )
