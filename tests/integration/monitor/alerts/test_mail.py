"""Mails at a real mail server."""

import socket
from ipaddress import ip_network
from pathlib import Path

import pytest

from celery_monitor.alerts.channels.smtp import Email
from celery_monitor.alerts.notification import ChannelError
from celery_monitor.settings.alerts.channels import EmailSettings, SmtpServer, SmtpTls
from tests.support.receivers.smtp_sink import PASSWORD, USER, server_context, smtp_sink
from tests.unit.monitor.alerts.channels.examples import alert, hostile, message, resolved

LOOPBACK = [ip_network("127.0.0.0/8")]
TO = ("ann@shop.example", "ben@shop.example")


def email(
    port: int, tls: SmtpTls = SmtpTls.STARTTLS, login: tuple[str, str] | None = (USER, PASSWORD)
) -> Email:
    user, password = login or (None, None)
    server = SmtpServer("127.0.0.1", port, tls, user, password)
    return Email(EmailSettings("ops", server, "Celery <alerts@shop.example>", TO), LOOPBACK, seconds=10.0)


async def refusal(channel: Email) -> str:
    """Why a message was refused."""
    with pytest.raises(ChannelError) as caught:
        await channel.send(message())
    assert "planted" not in f"{caught.value}"
    return str(caught.value)


def plain(port: int) -> Email:
    return email(port, SmtpTls.NONE, login=None)


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS"])
async def test_a_mail_arrives_once_encrypted_and_after_a_login(
    implicit: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    async with smtp_sink(context, implicit=implicit) as sink:
        login = None if implicit else (USER, PASSWORD)
        await email(sink.port, SmtpTls.IMPLICIT if implicit else SmtpTls.STARTTLS, login).send(message())
    (mail,) = sink.received
    assert mail.encrypted
    assert mail.user == (None if implicit else USER)
    assert mail.sender == "alerts@shop.example"
    assert mail.recipients == list(TO)
    assert mail.message["Subject"] == "[Firing] A queue of shop is long"


async def test_the_end_follows_the_beginning_in_one_thread() -> None:
    async with smtp_sink() as sink:
        await plain(sink.port).send(message(alert()))
        await plain(sink.port).send(message(resolved()))
    first, last = (mail.message for mail in sink.received)
    assert (first["Subject"], last["Subject"]) == (
        "[Firing] A queue of shop is long",
        "[Resolved] A queue of shop is long",
    )
    assert first["References"] == last["References"]


async def test_a_hostile_name_reaches_no_other_recipient() -> None:
    async with smtp_sink() as sink:
        await plain(sink.port).send(message(hostile()))
    (mail,) = sink.received
    assert mail.recipients == list(TO)
    assert mail.message["Bcc"] is None


async def test_without_starttls_no_password_and_no_mail_is_sent() -> None:
    async with smtp_sink() as sink:
        assert "offers no STARTTLS" in await refusal(email(sink.port))
    assert sink.received == []


async def test_the_certificate_of_the_server_is_verified(tmp_path: Path) -> None:
    context, _ = server_context(tmp_path)
    async with smtp_sink(context) as sink:
        assert "certificate that cannot be verified" in await refusal(email(sink.port))
    async with smtp_sink(context, implicit=True) as sink:
        assert "certificate that cannot be verified" in await refusal(email(sink.port, SmtpTls.IMPLICIT))


async def test_a_wrong_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    async with smtp_sink(context) as sink:
        sentence = await refusal(email(sink.port, login=(USER, "planted-wrong")))
    assert "refused the login" in sentence
    assert "(535)" in sentence


async def test_tls_to_a_server_that_speaks_plain_text() -> None:
    async with smtp_sink() as sink:
        assert "smtps:// for TLS" in await refusal(email(sink.port, SmtpTls.IMPLICIT))


async def test_a_server_that_refuses_the_mail() -> None:
    async with smtp_sink(answer="452 planted-answer") as sink:
        assert "127.0.0.1 (452) refused the mail." in await refusal(plain(sink.port))


async def test_all_recipients_refused() -> None:
    async with smtp_sink(refused=frozenset(TO)) as sink:
        assert "refused every recipient" in await refusal(plain(sink.port))


async def test_one_recipient_refused_is_logged_and_the_other_gets_the_mail_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with smtp_sink(refused=frozenset(TO[:1])) as sink:
        await plain(sink.port).send(message())
    (mail,) = sink.received
    assert mail.recipients == list(TO[1:])
    assert "refused 1 recipient of channel ops: ann@shop.example" in caplog.text
    assert "planted" not in caplog.text


async def test_a_server_that_does_not_answer_costs_a_limited_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = SmtpServer("127.0.0.1", silent.getsockname()[1], SmtpTls.NONE)
        channel = Email(EmailSettings("ops", server, "a@shop.example", TO), LOOPBACK, seconds=0.5)
        assert "did not take the mail in time" in await refusal(channel)


async def test_a_server_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert "127.0.0.1 cannot be reached" in await refusal(plain(unused.getsockname()[1]))


async def test_a_server_that_ends_the_connection() -> None:
    async with smtp_sink(answer="421 planted-answer") as sink:
        assert "127.0.0.1 (421)" in await refusal(plain(sink.port))


async def test_nothing_is_sent_to_loopback_unless_it_is_allowed() -> None:
    async with smtp_sink() as sink:
        server = SmtpServer("localhost", sink.port, SmtpTls.NONE)
        assert "--alert-networks" in await refusal(Email(EmailSettings("ops", server, "a@shop.example", TO)))
    assert sink.received == []
