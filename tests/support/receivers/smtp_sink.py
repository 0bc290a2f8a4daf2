"""A mail server that keeps what it received: with STARTTLS and a login, with TLS, or with neither."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from tools.testbed import certificates
from tools.testbed.waiting import wait_for_async

USER, PASSWORD = "ann", "planted-password"


@dataclass
class Received:
    """One mail as it arrived."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    encrypted: bool
    user: str | None


@dataclass
class SmtpSink:
    """``port`` is where it listens. It refuses recipients of ``refused``, and everything with ``answer``."""

    port: int = 0
    refused: frozenset[str] = frozenset()
    answer: str | None = None
    received: list[Received] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or refuse it."""
        if address in self.refused:
            return "550 planted-answer"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail."""
        if self.answer is not None:
            return self.answer
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        user = session.auth_data.login.decode() if session.auth_data else None
        assert server.transport is not None
        encrypted = server.transport.get_extra_info("sslcontext") is not None
        self.received.append(Received(envelope.mail_from or "", envelope.rcpt_tos, message, encrypted, user))
        return "250 OK"


@asynccontextmanager
async def smtp_sink(
    context: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    *,
    implicit: bool = False,
    **behaviour: Any,
) -> AsyncIterator[SmtpSink]:
    """A sink on a port of its own; ended when the block ends. With STARTTLS it requires a login."""
    sink = SmtpSink(**behaviour)
    starttls = None if implicit else context

    def protocol() -> SMTP:
        return SMTP(
            sink,
            hostname="mail.example",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=starttls is not None,
            authenticator=_login,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, host, 0, ssl=context if implicit else None)
    try:
        sink.port = server.sockets[0].getsockname()[1]
        yield sink
    finally:
        server.close()
        await server.wait_closed()
        await _connections_closed(loop)


async def _connections_closed(loop: Any) -> None:
    """Wait until both ends of each connection are closed, which takes some turns of the loop.

    asyncio waits 30 s for the end of TLS where the other side is gone without it.
    """

    async def closed() -> bool:
        return all(one.is_closing() and one._sock is None for one in loop._transports.values())

    await wait_for_async(closed)


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    assert isinstance(data, LoginPassword)
    known = data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False, auth_data=data)


def server_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """The context of a server for 127.0.0.1, and the file with the authority that clients must trust."""
    authority = certificates.authority(folder)
    server = certificates.server(folder, authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server.certificate, server.key)
    return context, authority.certificate
