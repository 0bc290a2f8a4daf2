"""Whether a server can be used, and why not: the causes that all protocols share, and a sentence for each."""

from collections.abc import Callable
from dataclasses import dataclass

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.redaction import redact
from celery_health.urls import BrokerKind, BrokerUrl

_MAX_QUOTED = 160
# Of a longer text only the beginning is masked and shown: to mask all of it may take long.
_MAX_MASKED = 2000


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
        f"{url.address} does not answer within {round(seconds, 1):g} s: check whether the server hangs.",
    )


def authentication_failed(url: BrokerUrl) -> Reachability:
    """The server does not accept the user and password."""
    return Reachability(
        BrokerReason.AUTHENTICATION_FAILED,
        f"{url.address} refuses the login: correct the user and password in the URL.",
    )


def other_login_method(url: BrokerUrl, methods: str) -> Reachability:
    """The login by password is refused, and the workers may log in by another method of the server."""
    return Reachability(
        BrokerReason.UNSUPPORTED_KIND,
        f"{url.address} answers, and refuses the user and password of the URL. It also offers {methods}: if "
        "the workers use that, use -A APP, or add ?login_method= to the URL. Otherwise correct the user and "
        "password.",
        reachable=None,
    )


def redis_without_password(url: BrokerUrl) -> Reachability:
    """Redis has no password, and the URL names one. Newer clients log in all the same."""
    return Reachability(
        BrokerReason.UNSUPPORTED_KIND,
        f"{url.address} has no password, and the URL names one. Workers with redis-py 8 connect, and those "
        "with an older one do not: remove the password from the URL.",
        reachable=None,
    )


def too_many_connections(url: BrokerUrl) -> Reachability:
    """The server is at its connection limit."""
    return Reachability(
        BrokerReason.TOO_MANY_CONNECTIONS,
        f"{url.address} accepts no more connections: raise its limit, or find the clients that use them up.",
    )


REDIS_ERRORS: tuple[tuple[str, Callable[[BrokerUrl], Reachability]], ...] = (
    ("max number of clients", too_many_connections),
    ("without any password configured", redis_without_password),
)
"""Errors of Redis that have no code of their own: a part of the text, and what it means."""


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
    labels = url.host.rstrip(".").split(".")
    remedy = "use the full name, such as SERVICE.NAMESPACE.svc"
    if "svc" in labels[1:]:
        remedy = "check that the Service exists"
    elif len(labels) > 1:
        remedy = "check its spelling, and that the DNS of this machine knows it"
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


def address_refused(url: BrokerUrl) -> Reachability:
    """The host leads to an address that this program does not connect to."""
    return Reachability(
        BrokerReason.ADDRESS_REFUSED,
        f"{url.address} was not checked: the host leads to this machine, to a link-local address, to the API "
        "server, or to a network that is not allowed here.",
        reachable=None,
    )


def speaks_tls(url: BrokerUrl) -> Reachability:
    """The server speaks TLS, and the URL says nothing of it. The application of the workers may."""
    secure = "amqps" if url.kind.is_amqp else "rediss"
    return Reachability(
        BrokerReason.TLS_FAILED,
        f"{url.address} speaks TLS, and its URL does not: write {secure}://. If the workers have TLS in "
        "broker_use_ssl, use -A APP.",
        reachable=None,  # the workers may have that
    )


def other_error(url: BrokerUrl, text: object) -> Reachability:
    """Any other error of a server that speaks the protocol, in its own words."""
    return Reachability(BrokerReason.ERROR, f"{url.address} answers with an error: {quoted(text)}.")


def too_much(url: BrokerUrl) -> Reachability:
    """The server has sent more than one read takes in."""
    return Reachability(
        BrokerReason.ERROR, f"{url.address} sends more than a read takes in: check what listens there."
    )


def not_understood(url: BrokerUrl) -> Reachability:
    """The server's answer does not follow the protocol. Nothing of it is quoted."""
    return Reachability(
        BrokerReason.ERROR, f"{url.address} sends an answer that cannot be read: check what listens there."
    )


def quoted(text: object) -> str:
    """A server's own words on one line, shortened and without credentials."""
    words = " ".join(redact(str(text)[:_MAX_MASKED]).split()).rstrip(".")
    return words[:_MAX_QUOTED] or "no reason given"
