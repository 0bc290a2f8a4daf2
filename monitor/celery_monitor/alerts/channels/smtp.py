"""Sends messages by mail."""

import asyncio
import logging
import socket
import ssl
from contextlib import AsyncExitStack, suppress

import aiosmtplib

from celery_health.tls import client_context
from celery_health.verdicts.text import counted, listed
from celery_monitor.alerts.channels.addresses import Endpoint, Networks, lookup
from celery_monitor.alerts.channels.mail import mail
from celery_monitor.alerts.notification import ChannelError, Notification
from celery_monitor.settings.alerts.channels import EmailSettings, SmtpServer, SmtpTls

SECONDS = 30.0
_QUIT_SECONDS = 2.0
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "has a certificate that cannot be verified"),
    (ssl.SSLError, "takes no such TLS connection: write smtp:// for STARTTLS, smtps:// for TLS"),
    (TimeoutError, "did not take the mail in time"),
    (aiosmtplib.SMTPAuthenticationError, "refused the login: correct user and password in the URL"),
    (aiosmtplib.SMTPSenderRefused, "refused the sender: correct the address of the sender, or log in"),
    (aiosmtplib.SMTPRecipientsRefused, "refused every recipient: correct their addresses, or log in"),
    (aiosmtplib.SMTPResponseException, "refused the mail"),
    (aiosmtplib.SMTPServerDisconnected, "ended the connection"),
    (OSError, "cannot be reached"),
    (
        aiosmtplib.SMTPException,
        "offers no STARTTLS or no login: write smtps:// for TLS, or ?tls=none in a network that you trust",
    ),
)
"""The first that fits an exception or its cause. What the server said is not shown, but for its code."""

_log = logging.getLogger(__name__)


class Email:
    """One mail server, one sender, some recipients."""

    def __init__(self, settings: EmailSettings, allowed: Networks = (), *, seconds: float = SECONDS) -> None:
        self._settings = settings
        self._allowed = allowed
        self._seconds = seconds

    @property
    def name(self) -> str:
        """What the settings call it."""
        return self._settings.name

    async def send(self, notification: Notification) -> None:
        """Deliver a message once.

        Raises:
            ChannelError: the mail server did not take it for any recipient.
        """
        server = self._settings.server
        message = mail(notification, self._settings)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._seconds):
                    client = await _logged_in(server, self._allowed, stack)
                    refused, _ = await client.send_message(message)
            except (aiosmtplib.SMTPException, OSError) as error:
                raise ChannelError(_sentence(error, server.host)) from None
            # The mail is delivered, whatever happens now.
            with suppress(aiosmtplib.SMTPException, OSError):
                async with asyncio.timeout(_QUIT_SECONDS):
                    await client.quit()
        if refused:
            self._report(list(refused))

    def _report(self, refused: list[str]) -> None:
        number = counted(len(refused), "recipient")
        _log.warning(
            "%s refused %s of channel %s: %s",
            self._settings.server.host,
            number,
            self.name,
            listed(sorted(refused)),
        )


async def _logged_in(server: SmtpServer, allowed: Networks, stack: AsyncExitStack) -> aiosmtplib.SMTP:
    """A client, which the stack closes."""
    connection = await connected(await lookup(server.host, server.port, allowed))
    stack.callback(connection.close)
    client = aiosmtplib.SMTP(
        hostname=server.host,
        sock=connection,
        local_hostname=_own_name(connection),
        use_tls=server.tls is SmtpTls.IMPLICIT,
        start_tls=server.tls is SmtpTls.STARTTLS,
        tls_context=client_context(),
        username=server.user,
        password=server.password,
        timeout=None,
    )
    stack.callback(client.close)
    await client.connect()
    return client


async def connected(endpoints: list[Endpoint]) -> socket.socket:
    """A connection to the first address that takes one.

    Raises:
        OSError: none does.
    """
    failure = OSError()
    for one in endpoints:
        connection = socket.socket(one.family, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (one.address, one.port))
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure


def _own_name(connection: socket.socket) -> str:
    """How this side introduces itself: by its address, because a pod or a laptop has no name in DNS."""
    address = connection.getsockname()[0].partition("%")[0]
    return f"[{'IPv6:' if ':' in address else ''}{address}]"


def _sentence(error: Exception, host: str) -> str:
    reason = next(text for kind, text in _REASONS if _is(error, kind))
    code = f" ({error.code})" if isinstance(error, aiosmtplib.SMTPResponseException) else ""
    return f"{host}{code} {reason}."


def _is(error: BaseException | None, kind: type[Exception]) -> bool:
    """Whether an exception, or one that caused it, is of this kind."""
    return error is not None and (isinstance(error, kind) or _is(error.__cause__, kind))
