"""The broker checks of this pod: made every few seconds, away from the request path.

The checks run in a thread of their own: a name lookup can hang for longer than any timeout of ours, and a
daemon thread delays neither an answer nor the exit. A check alone is never a reason to restart the process.
It only shows whether the broker still excuses the process.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.failover import ends_failover
from celery_health.readers.parameters import check_parameters, parse_broker
from celery_health.tls import PythonVersion
from celery_health.urls import BrokerUrl, UrlError
from celery_health.wire.names import BROKER_VARIABLE
from celery_probe.sidecar.broker.redis_handshake import RedisSession

CHECK_SECONDS = 2.0
# A result this old says nothing about now: the check itself hangs.
STALE_SECONDS = 30.0

Check = Callable[[], BrokerReading]


@dataclass(frozen=True, slots=True)
class BrokerCheckResult:
    """The result of one check. ``reachable`` is None where it is not known; the message has no secrets.

    ``checked_mono`` is the end of the check in seconds of CLOCK_MONOTONIC, None where there was none.
    """

    reachable: bool | None
    reason: BrokerReason
    message: str
    checked_mono: float | None = None


class BrokerChecks:
    """Keeps the last result. ``clock`` gives seconds of CLOCK_MONOTONIC.

    ``python`` is the version that the process in this pod runs, None while it is not known.
    """

    def __init__(self, url: str, clock: Callable[[], float], *, interval: float = CHECK_SECONDS) -> None:
        self._clock = clock
        self._interval = interval
        self._stopped = threading.Event()
        self._urls, self._result = _readable(url)
        self._answering_since: float | None = None
        self.python: PythonVersion | None = None

    def start(self) -> None:
        """Begin the checks, where there is a broker to check."""
        if self._urls:
            threading.Thread(target=self._run, name="broker-checks", daemon=True).start()

    def stop(self) -> None:
        """Make no further check."""
        self._stopped.set()

    def latest(self) -> BrokerCheckResult:
        """The last result, or that it is too old to count."""
        result = self._result
        if result.checked_mono is None or self._clock() - result.checked_mono < STALE_SECONDS:
            return result
        return BrokerCheckResult(
            None,
            BrokerReason.TIMED_OUT,
            "The broker check hangs: the pod's DNS may not answer.",
            result.checked_mono,
        )

    def answers_for(self) -> float | None:
        """As ``reachable_for``, of a broker that answers all its clients if it answers one.

        None for RabbitMQ always: with a resource alarm it answers, and still blocks some of its clients.
        """
        return None if any(url.kind.is_amqp for url in self._urls) else self.reachable_for()

    def reachable_for(self) -> float | None:
        """For how many seconds the broker has answered every check; None if it does not, or if not known."""
        since = self._answering_since
        return None if since is None or not self.latest().reachable else self._clock() - since

    def _run(self) -> None:
        with ExitStack() as connections:
            checks = [check_of(url, connections, lambda: self.python) for url in self._urls]
            while not self._stopped.is_set():
                self.note(self._reading(checks))
                self._stopped.wait(self._interval)

    def _reading(self, checks: list[Check]) -> BrokerReading:
        try:
            return _best(checks)
        except Exception:
            # Without its thread this pod would never again say how its broker is.
            return reachability.not_understood(self._urls[0]).reading(self._urls[0], ())

    def note(self, reading: BrokerReading) -> None:
        """Keep the result of a check that ends now."""
        now = self._clock()
        if not reading.reachable:
            self._answering_since = None
        elif self._answering_since is None:
            self._answering_since = now
        self._result = BrokerCheckResult(reading.reachable, reading.reason, reading.message, now)


def check_of(
    url: BrokerUrl, connections: ExitStack, python: Callable[[], PythonVersion | None] = lambda: None
) -> Check:
    """The check of a broker whose kind can be checked; ``connections`` closes what the check keeps open."""
    if url.kind.is_amqp:
        # Here: only the brokers that need it pay for the amqp package.
        from celery_health.readers.rabbitmq.amqp_session import AmqpSession  # noqa: PLC0415

        session = AmqpSession(url)
        connections.callback(session.close)
        return lambda: session.read(())
    redis = RedisSession(url, python)
    connections.callback(redis.close)
    return redis.check


def _best(checks: list[Check]) -> BrokerReading:
    """The first broker that answers, else the first of which nothing is known, else the first."""
    readings = []
    for check in checks:
        reading = check()
        if reading.reachable or ends_failover(reading):
            return reading
        readings.append(reading)
    return next((reading for reading in readings if reading.reachable is None), readings[0])


def _readable(text: str) -> tuple[tuple[BrokerUrl, ...], BrokerCheckResult]:
    """The URLs to check, and the result until the first check ends (for good, where there is none)."""
    if not text:
        message = f"{BROKER_VARIABLE} is not set, so the broker is not checked."
        return (), BrokerCheckResult(None, BrokerReason.NOT_READ, message)
    try:
        first = parse_broker(text)
        check_parameters(first, of_workers=True)
        urls = tuple(url for url in (first, *first.alternates) if url.kind.is_redis or url.kind.is_amqp)
        if not urls:
            # Here: every pod pays for what is imported.
            from celery_health.schemes import check_broker  # noqa: PLC0415

            check_broker(first)
    except UrlError as error:
        return (), BrokerCheckResult(None, BrokerReason.URL_INVALID, str(error))
    if not urls:
        message = f"A {first.scheme} broker cannot be checked: the verdict on the process does without it."
        return (), BrokerCheckResult(None, BrokerReason.UNSUPPORTED_KIND, message)
    return urls, BrokerCheckResult(None, BrokerReason.NOT_READ, "The broker has not been checked yet.")
