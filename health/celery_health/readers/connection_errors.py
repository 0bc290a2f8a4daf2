"""What an error of a connection means: of the network, of TLS, or an answer that cannot be read."""

import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.access import FILE_OPTIONS, AddressRefusedError
from celery_health.readers.budget import TooMuchError, UnreadableAnswerError
from celery_health.readers.reachability import (
    Reachability,
    address_refused,
    connection_closed,
    name_not_resolved,
    not_understood,
    nothing_listens,
    timed_out,
    too_much,
)
from celery_health.urls import BrokerUrl

# What only a strict verification finds: from OpenSSL's X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA to
# X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3.
_STRICT_CODES = range(80, 94)
# Alerts of a server that refuses the certificate of the client, or its absence.
_CLIENT_REFUSED = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_CERTIFICATE")
_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def connection_error(error: BaseException, url: BrokerUrl) -> Reachability | None:
    """The meaning of the OSError, or unreadable answer, in the chain of ``error``; None if there is none."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return _tls_error(cause, url)
        for kind, meaning_of_kind in _BY_KIND:
            if isinstance(cause, kind):
                return meaning_of_kind(url)
        if isinstance(cause, FileNotFoundError):
            return _no_file(url)
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
    if isinstance(error, ssl.SSLCertVerificationError) and _has_unread_files(url):
        return _not_read_files(url)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reachability(
            BrokerReason.TLS_FAILED,
            f"{url.address} presents a certificate that is not trusted here ({error.verify_message}): "
            f"{_name_the_authority(url)}.",
            reachable=None,  # the workers may trust more than the URL says
        )
    reason = error.reason or "no TLS answer"
    if any(word in reason for word in _CLIENT_REFUSED) and _has_unread_files(url):
        return _not_read_files(url)
    if any(word in reason for word in _CLIENT_REFUSED):
        return Reachability(
            BrokerReason.TLS_FAILED,
            f"{url.address} asks for the certificate of a client ({reason}): name one that it trusts with "
            "ssl_certfile and ssl_keyfile in the URL.",
            reachable=None,  # the workers may have one
        )
    return Reachability(
        BrokerReason.TLS_FAILED,
        f"TLS with {url.address} failed ({reason}): check whether the server speaks TLS on this port.",
    )


def _has_unread_files(url: BrokerUrl) -> bool:
    return any(value == "" for name, value in url.query.items() if name in FILE_OPTIONS)


def _not_read_files(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.TLS_FAILED,
        f"{url.address} was not checked: the certificate files that its URL names are not read here.",
        reachable=None,  # the workers read them
    )


def _name_the_authority(url: BrokerUrl) -> str:
    if not url.kind.is_amqp:
        return "set ssl_ca_certs or ssl_cert_reqs in the URL"
    # In the URL of the workers they would make Celery raise a TypeError.
    return "use -A APP with ca_certs in broker_use_ssl, or set ssl_ca_certs in the URL of this program alone"


def _no_file(url: BrokerUrl) -> Reachability:
    if url.path:
        return Reachability(
            BrokerReason.UNSUPPORTED_KIND,
            f"{url.address} was not checked: its socket does not exist here.",
            reachable=None,
        )
    return Reachability(
        BrokerReason.TLS_FAILED,
        f"{url.address} was not checked: {_missing_file(url)} does not exist here.",
        reachable=None,
    )


def _missing_file(url: BrokerUrl) -> str:
    """By the path, and by what names it: the error of OpenSSL has neither."""
    for option in sorted(FILE_OPTIONS):
        path = url.query.get(option)
        if path and not Path(path).exists():
            # The options of amqp lack the prefix.
            of_amqp = url.tls_setting and url.kind.is_amqp
            name = option.removeprefix("ssl_") if of_amqp else option
            return f"the file {path}, {name} of {url.tls_setting or 'its URL'},"
    return "a certificate file that its URL names"


_BY_KIND: tuple[tuple[type[Exception], Callable[[BrokerUrl], Reachability]], ...] = (
    (AddressRefusedError, address_refused),
    (TooMuchError, too_much),
    (UnreadableAnswerError, not_understood),
    (socket.gaierror, name_not_resolved),
    (TimeoutError, timed_out),
)
