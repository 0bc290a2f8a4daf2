"""Sends messages by apprise, in a process of its own.

apprise opens connections by itself and follows redirects, so the process checks each address that it connects
to. It also ends when its time is over, whatever it waits for.
"""

import asyncio
import json
import os
import sys
from contextlib import suppress

from celery_monitor.alerts.channels.addresses import Networks
from celery_monitor.alerts.channels.texts import headline, plain, without_mentions
from celery_monitor.alerts.notification import ChannelError, Notification
from celery_monitor.settings.alerts.channels import AppriseSettings

SECONDS = 30.0
PROGRAM = "celery_monitor.alerts.channels.apprise_process"
_MAX_ANSWER = 4096
_KEPT = (
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
)


class Apprise:
    """One URL of apprise."""

    def __init__(
        self, settings: AppriseSettings, allowed: Networks = (), *, seconds: float = SECONDS
    ) -> None:
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
            ChannelError: the service did not take it.
        """
        order = {
            "url": self._settings.url,
            "title": without_mentions(headline(notification)),
            "body": without_mentions(plain(notification)),
            "kind": _kind(notification),
            "networks": list(map(str, self._allowed)),
        }
        scheme = self._settings.url.partition("://")[0]
        try:
            async with asyncio.timeout(self._seconds):
                problem = await _run(json.dumps(order).encode())
        except TimeoutError:
            raise ChannelError(
                f"{scheme}:// did not take the message within {self._seconds:.0f} s."
            ) from None
        if problem:
            raise ChannelError(f"{scheme}:// did not take the message: {problem}.")


def _kind(notification: Notification) -> str:
    if notification.status == "resolved":
        return "success"
    critical = any(alert.severity == "critical" for alert in notification.alerts if alert.status == "firing")
    return "failure" if critical else "warning"


async def _run(order: bytes) -> str:
    """The problem that the process reports; empty if there is none."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        answer, _ = await process.communicate(order)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    try:
        problem = json.loads(answer[:_MAX_ANSWER])["problem"]
    except (ValueError, KeyError, TypeError):
        return "apprise failed"
    return str(problem)


def _environment() -> dict[str, str]:
    """What the process needs; the secrets of the monitor are not among it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
