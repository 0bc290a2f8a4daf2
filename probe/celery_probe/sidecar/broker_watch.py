"""The broker as this pod sees it, looked at every few seconds away from the request path.

The look runs in a thread of its own: a name lookup can hang for longer than any timeout of ours, and a daemon
thread neither holds up an answer nor the exit. What it finds is never a reason to restart,
only the end of an excuse not to.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.urls import BrokerUrl, UrlError, parse
from celery_probe.sidecar.redis_handshake import RedisSession

CHECK_SECONDS = 2.0
# A finding this old says nothing of now: the look itself hangs.
STALE_SECONDS = 30.0

Look = Callable[[], BrokerReading]


@dataclass(frozen=True, slots=True)
class BrokerFinding:
    """What one look found. ``reachable`` is None where nothing can be said; the message has no secrets.

    ``checked_mono`` is the end of the look in seconds of CLOCK_MONOTONIC, None where there was none.
    """

    reachable: bool | None
    reason: BrokerReason
    message: str
    checked_mono: float | None = None


class BrokerWatch:
    """Keeps the last finding. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    def __init__(self, url: str, clock: Callable[[], float], *, interval: float = CHECK_SECONDS):
        self._clock = clock
        self._interval = interval
        self._stopped = threading.Event()
        self._urls, self._finding = _readable(url)
        self._answering_since: float | None = None

    def start(self) -> None:
        """Begin to look, where there is something to look at."""
        if self._urls:
            threading.Thread(target=self._run, name="broker-watch", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def latest(self) -> BrokerFinding:
        """The last finding, or that it is too old to count."""
        finding = self._finding
        if finding.checked_mono is None or self._clock() - finding.checked_mono < STALE_SECONDS:
            return finding
        return BrokerFinding(
            None,
            BrokerReason.TIMED_OUT,
            "The look at the broker hangs: the pod's DNS may not answer.",
            finding.checked_mono,
        )

    def answers_for(self) -> float | None:
        """As ``reachable_for``, of a broker that answers all its clients if it answers one.

        None for RabbitMQ always: under a resource alarm it answers, and still keeps its clients waiting.
        """
        return None if any(url.kind.is_amqp for url in self._urls) else self.reachable_for()

    def reachable_for(self) -> float | None:
        """For how many seconds the broker has answered every look; None if it does not, or nobody knows."""
        since = self._answering_since
        return None if since is None or not self.latest().reachable else self._clock() - since

    def _run(self) -> None:
        with ExitStack() as kept:
            looks = [look_at(url, kept) for url in self._urls]
            while not self._stopped.is_set():
                self.note(_best(looks))
                self._stopped.wait(self._interval)

    def note(self, reading: BrokerReading) -> None:
        """Keep what a look that ends now found."""
        now = self._clock()
        if not reading.reachable:
            self._answering_since = None
        elif self._answering_since is None:
            self._answering_since = now
        self._finding = BrokerFinding(reading.reachable, reading.reason, reading.message, now)


def look_at(url: BrokerUrl, kept: ExitStack) -> Look:
    """How to look at one broker of a kind that can be looked at; ``kept`` gives back a kept connection."""
    if url.kind.is_amqp:
        # Here: only the brokers that need it pay for the amqp package.
        from celery_health.readers.rabbitmq.amqp_session import AmqpSession  # noqa: PLC0415

        session = AmqpSession(url)
        kept.callback(session.close)
        return lambda: session.read(())
    redis = RedisSession(url)
    kept.callback(redis.close)
    return redis.look


def _best(looks: list[Look]) -> BrokerReading:
    """The first broker that answers, else the first of which nothing can be said, else the first."""
    readings = []
    for look in looks:
        reading = look()
        if reading.reachable:
            return reading
        readings.append(reading)
    return next((reading for reading in readings if reading.reachable is None), readings[0])


def _readable(text: str) -> tuple[tuple[BrokerUrl, ...], BrokerFinding]:
    """The URLs to look at, and the finding until the first look ends (for good, where there is none)."""
    if not text:
        message = "No CELERY_BROKER_URL is given, so the broker is not looked at."
        return (), BrokerFinding(None, BrokerReason.NOT_READ, message)
    try:
        first = parse(text)
    except UrlError as error:
        return (), BrokerFinding(None, BrokerReason.URL_INVALID, str(error))
    urls = tuple(url for url in (first, *first.alternates) if url.kind.is_redis or url.kind.is_amqp)
    if not urls:
        message = f"A {first.scheme} broker cannot be looked at: the worker is judged without it."
        return (), BrokerFinding(None, BrokerReason.UNSUPPORTED_KIND, message)
    return urls, BrokerFinding(None, BrokerReason.NOT_READ, "The broker has not been looked at yet.")
