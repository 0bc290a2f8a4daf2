"""The broker of a real monitor goes away and comes back: each channel gets the alert and its end once."""

import asyncio
import json
from pathlib import Path

from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for_async

from tests.integration.monitor.monitor_process import Monitor
from tests.support.receivers.http_sink import HttpSink, http_sink
from tests.support.receivers.smtp_sink import PASSWORD, USER, SmtpSink, server_context, smtp_sink

SECONDS = 120.0
RULES = '{"CeleryBrokerUnreachable": {"for": "0s"}}'


def posted(sink: HttpSink) -> list[tuple[str, str]]:
    """The alerts that the webhook got, with their state."""
    documents = [json.loads(body) for _, body in sink.received]
    return [
        (one["labels"]["alertname"], one["status"]) for document in documents for one in document["alerts"]
    ]


def mailed(sink: SmtpSink) -> list[str]:
    """The subjects of the mails."""
    assert all(mail.encrypted and mail.user == USER for mail in sink.received)
    return [mail.message["Subject"] for mail in sink.received]


async def test_an_alert_arrives_once_and_once_when_it_is_resolved(tmp_path: Path) -> None:
    expected = [("CeleryBrokerUnreachable", "firing"), ("CeleryBrokerUnreachable", "resolved")]
    subjects = [
        "[Firing] The broker of the application cannot be reached",
        "[Resolved] The broker of the application cannot be reached",
    ]
    context, authority = server_context(tmp_path)
    with redis_server(tmp_path / "redis") as redis:
        async with http_sink() as hook, smtp_sink(context) as mail:
            options = ("--broker", redis.database(0), "--alert-rules", RULES, "--alert-networks", "127.0.0.1")
            variables = {
                "CELERY_MONITOR_ALERT_WEBHOOK_URL": hook.url,
                "CELERY_MONITOR_ALERT_SMTP_URL": f"smtp://{USER}:{PASSWORD}@127.0.0.1:{mail.port}",
                "CELERY_MONITOR_ALERT_MAIL_FROM": "alerts@shop.example",
                "CELERY_MONITOR_ALERT_MAIL_TO": "ann@shop.example",
                "SSL_CERT_FILE": str(authority),
            }
            running = Monitor(tmp_path, options, variables)

            async def has(number: int) -> bool:
                return min(len(posted(hook)), len(mailed(mail))) >= number

            try:
                await asyncio.to_thread(running.start)
                redis.kill()
                await wait_for_async(lambda: has(1), SECONDS, running.text)
                assert (posted(hook), mailed(mail)) == (expected[:1], subjects[:1])
                # A restart of the monitor is no reason for another message.
                assert await asyncio.to_thread(running.stop) == 0
                await asyncio.to_thread(running.start)
                await asyncio.to_thread(redis.start)
                await wait_for_async(lambda: has(2), SECONDS, running.text)
                assert (posted(hook), mailed(mail)) == (expected, subjects)
            finally:
                running.kill()
