"""``celery-health preflight``: waits until the broker, the result backend and the database can be used."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, NoReturn

import click

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.cli.usage import UsageError
from celery_health.exit_codes import ExitCode
from celery_health.readers.broker_ping import ping_broker
from celery_health.readers.parameters import check_parameters, check_parameters_of_results, parse_broker
from celery_health.readers.reachability import Reachability
from celery_health.result_backends import ping_result_backend
from celery_health.schemes import check_broker, check_database, check_result_backend
from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse, parse_result_backend

FIRST_PAUSE_SECONDS = 0.5
ATTEMPT_SECONDS = 5.0
# Waiting rarely helps here, but a rotated secret, for example, may. So the wait goes on, with a hint.
_RARELY_TRANSIENT = {
    BrokerReason.AUTHENTICATION_FAILED,
    BrokerReason.NOT_PERMITTED,
    BrokerReason.TLS_FAILED,
    BrokerReason.READ_ONLY,
}
_EXIT_CODES = {signal.SIGTERM: 143, signal.SIGINT: int(ExitCode.INTERRUPTED)}

Print = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A server that is needed. ``name`` says for what: ``broker``, or ``broker and result backend``."""

    name: str
    url: BrokerUrl
    doubt: str = ""
    """Why workers may be unable to use a server that answers."""

    async def ping(self, seconds: float) -> BrokerReading:
        """Try to use it as a worker does."""
        if self.url.kind is BrokerKind.SENTINEL and not self.url.master_name:
            return _without_master(self.url)
        is_broker = "broker" in self.name.split(" and ") and not self.url.kind.is_database
        return await (ping_broker(self.url, seconds) if is_broker else ping_result_backend(self.url, seconds))


def _without_master(url: BrokerUrl) -> BrokerReading:
    """Only the application's settings name the master, and they are not loaded here."""
    message = (
        f"{url.address} does not name the master: add ?master_name=NAME to the URL that you give to this "
        "program, and not to that of the workers, because Celery refuses it."
    )
    return Reachability(BrokerReason.UNSUPPORTED_KIND, message, reachable=None).reading(url)


class CannotBeCheckedError(click.ClickException):
    """Waiting cannot help: the URL is invalid, or its driver is not installed."""

    exit_code = ExitCode.USAGE


def run_preflight(
    urls: Mapping[str, str | None], wait: float, interval_max: float, *, has_app: bool = False
) -> NoReturn:
    """Wait for the servers by name, for at most ``wait`` seconds, and end the program.

    ``has_app``: an application is named, which this command does not load.

    Raises:
        UsageError: no URL is given.
        CannotBeCheckedError: a URL is invalid.
    """
    required = requirements({name: url for name, url in urls.items() if url}, has_app=has_app)
    try:
        late = _run(wait_for_all(required, wait, interval_max, click.echo))
    except CannotBeCheckedError as error:
        _exit(ExitCode.USAGE, f"Error: {error.format_message()}")
    if late:
        _exit(ExitCode.UNHEALTHY, f"Not ready after {wait:g} s: {', '.join(late)}.")
    _exit(ExitCode.HEALTHY)


def requirements(urls: Mapping[str, str], *, has_app: bool = False) -> tuple[Requirement, ...]:
    """One for each different URL, so that a Redis that is both broker and result backend is checked once.

    Raises:
        UsageError: no URL is given.
        CannotBeCheckedError: a URL is invalid.
    """
    if not urls:
        not_loaded = " preflight does not load the application of -A." if has_app else ""
        raise UsageError(
            "There is nothing to wait for: use --broker, --result-backend or --database, "
            f"or set CELERY_BROKER_URL, CELERY_RESULT_BACKEND or DATABASE_URL.{not_loaded}"
        )
    names: dict[tuple[str, str], list[str]] = {}
    parsed: dict[tuple[str, str], BrokerUrl] = {}
    for name, url in urls.items():
        try:
            found = _checked(name, url)
        except UrlError as error:
            raise CannotBeCheckedError(f"The URL of the {name} cannot be used: {error}") from error
        key = url, _doubt(found) if name == "result backend" else ""
        parsed.setdefault(key, found)
        names.setdefault(key, []).append(name)
    return tuple(Requirement(" and ".join(who), parsed[key], key[1]) for key, who in names.items())


def _doubt(results: BrokerUrl) -> str:
    """What the URL of a result backend alone does not show: an option that the application may set."""
    if results.kind is not BrokerKind.REDISS or "ssl_cert_reqs" in results.query:
        return ""
    return (
        "But Celery refuses a result backend at rediss:// without ssl_cert_reqs: workers end there, unless "
        "the application sets it in redis_backend_use_ssl. Add ?ssl_cert_reqs=required to the URL, or none, "
        "which verifies no certificate."
    )


def _checked(name: str, text: str) -> BrokerUrl:
    if name == "result backend":
        url = parse_result_backend(text)
        check_result_backend(url)
        check_parameters_of_results(url)
    elif name == "database":
        url = parse(text)
        check_database(url)
    else:
        url = parse_broker(text)
        check_broker(url)
        check_parameters(url, of_workers=False)
    return url


async def wait_for_all(
    required: tuple[Requirement, ...], seconds: float, interval_max: float, echo: Print
) -> list[str]:
    """Check all at the same time, each until it can be used or ``seconds`` are over.

    Returns:
        The names of those that cannot be used.

    Raises:
        CannotBeCheckedError: waiting for one of them cannot help.
    """
    end = time.monotonic() + seconds
    ready = await asyncio.gather(*(_wait_for(one, end, interval_max, echo) for one in required))
    return [one.name for one, is_ready in zip(required, ready, strict=True) if not is_ready]


async def _wait_for(one: Requirement, end: float, interval_max: float, echo: Print) -> bool:
    began = time.monotonic()
    last: BrokerReading | None = None
    for attempt in count():
        seconds = max(0.05, min(ATTEMPT_SECONDS, end - time.monotonic()))
        reading = without_short_wait(await one.ping(seconds), seconds, last)
        last = reading
        if _is_settled(one, reading):
            is_ready = reading.reachable and not one.doubt
            result = f"ready after {time.monotonic() - began:.1f} s" if is_ready else "not checked"
            echo(" ".join(filter(None, (f"{one.name}: {result}.", reading.message, one.doubt))))
            return True
        pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 20), interval_max)
        left = end - time.monotonic()
        # Less time than a connection needs would only add a timeout.
        if left <= min(pause, 0.1):
            echo(f"{one.name}: {reading.message}")
            return False
        pause = min(pause, left)
        echo(f"{one.name}: {reading.message}{_hint(reading)} Next attempt in {pause:.1f} s.")
        await asyncio.sleep(pause)
    raise AssertionError("count() does not end")


def without_short_wait(reading: BrokerReading, seconds: float, last: BrokerReading | None) -> BrokerReading:
    """The reading, or the last one where the end of --wait has cut an attempt short: it says nothing new."""
    is_cut_short = seconds < ATTEMPT_SECONDS and reading.reason is BrokerReason.TIMED_OUT
    return last if last and is_cut_short else reading


def _is_settled(one: Requirement, reading: BrokerReading) -> bool:
    """Whether there is nothing to wait for: it can be used, or nothing can show whether it can (SQS, rpc)."""
    if reading.reachable is None and reading.reason is BrokerReason.UNSUPPORTED_KIND:
        if one.url.kind.is_database:
            raise CannotBeCheckedError(f"{one.name}: {reading.message}")
        return True
    return reading.reachable is True


def _hint(reading: BrokerReading) -> str:
    return " This does not go away by itself." if reading.reason in _RARELY_TRANSIENT else ""


def _run(work: Coroutine[Any, Any, list[str]]) -> list[str]:
    """The result of ``work``. SIGTERM and SIGINT end the program at once.

    The first process of a container ignores SIGTERM unless it handles it. The loop is not closed, because
    that would wait for name lookups that hang.
    """
    loop = asyncio.new_event_loop()
    # Windows has no such handlers, and ends the program itself.
    with contextlib.suppress(NotImplementedError):
        for number, code in _EXIT_CODES.items():
            loop.add_signal_handler(number, _exit, code, "Interrupted while waiting.")
    return loop.run_until_complete(work)


def _exit(code: int, message: str = "") -> NoReturn:
    """End at once. A normal exit would wait for name lookups that hang, longer than --wait."""
    if message:
        click.echo(message, err=True)
    sys.stdout.flush()
    os._exit(code)
