"""``celery-health preflight``: wait until broker, result store and database let us in. For start scripts."""

import asyncio
import math
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
from celery_health.cli.commands.options import HealthCommand
from celery_health.cli.exit_codes import ExitCode
from celery_health.stores import ping_store
from celery_health.urls import UrlError, parse

FIRST_PAUSE_SECONDS = 0.5
ATTEMPT_SECONDS = 5.0
# Each may be mended while we wait, by a secret rotated in, say: so we go on, and tell.
_SELDOM_PASS = {
    BrokerReason.AUTHENTICATION_FAILED,
    BrokerReason.NOT_PERMITTED,
    BrokerReason.TLS_FAILED,
    BrokerReason.READ_ONLY,
}
_EXIT_CODES = {signal.SIGTERM: 143, signal.SIGINT: int(ExitCode.INTERRUPTED)}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What has to be ready. ``name`` says what it is for: ``broker``, or ``broker and result store``."""

    name: str
    url: str


class CannotBeAskedError(click.ClickException):
    """Waiting would be in vain: the URL is none, or its driver is not installed."""

    exit_code = ExitCode.USAGE


def _seconds(_context: click.Context, _option: click.Parameter, value: float) -> float:
    # A range alone lets "nan" pass.
    if math.isnan(value) or value <= 0:
        raise click.BadParameter("write seconds above 0, such as 60")
    return value


@click.command(cls=HealthCommand)
@click.option(
    "--wait", type=float, callback=_seconds, default=60.0, show_default=True, help="Seconds in all."
)
@click.option(
    "--broker",
    metavar="URL",
    envvar=["CELERY_BROKER_URL", "REDIS_URL"],
    help="The broker; else CELERY_BROKER_URL or REDIS_URL.",
)
@click.option(
    "--result-backend",
    metavar="URL",
    envvar="CELERY_RESULT_BACKEND",
    help="The result store; else CELERY_RESULT_BACKEND.",
)
@click.option("--database", metavar="URL", envvar="DATABASE_URL", help="A database; else DATABASE_URL.")
@click.option(
    "--interval-max",
    type=float,
    callback=_seconds,
    default=5.0,
    show_default=True,
    help="Seconds between two looks, at most.",
)
def preflight(
    wait: float,
    broker: str | None,
    result_backend: str | None,
    database: str | None,
    interval_max: float,
) -> None:
    """Wait until broker, result store and database can be used.

    Meant to stand before a worker in a start script: `celery-health preflight && exec celery ...`

    Exit codes: 0 all are ready, 2 some are not in time, 3 called wrongly.
    """
    named = {"broker": broker, "result store": result_backend, "database": database}
    required = requirements({name: url for name, url in named.items() if url})
    try:
        late = _run(wait_for_all(required, wait, interval_max, click.echo))
    except CannotBeAskedError as error:
        _leave(ExitCode.USAGE, f"Error: {error.format_message()}")
    if late:
        _leave(ExitCode.UNHEALTHY, f"Not ready after {wait:g} s: {', '.join(late)}.")
    _leave(ExitCode.HEALTHY)


def requirements(named: Mapping[str, str]) -> tuple[Requirement, ...]:
    """One for each URL, so that a Redis that is both broker and result store is asked once.

    Raises:
        click.UsageError: nothing is named.
        CannotBeAskedError: a URL is none.
    """
    if not named:
        error = click.UsageError(
            "Nothing to wait for: write --broker redis://HOST:6379/0, --result-backend or --database, "
            "or set CELERY_BROKER_URL, CELERY_RESULT_BACKEND or DATABASE_URL."
        )
        error.exit_code = ExitCode.USAGE  # type: ignore[misc]
        raise error
    names: dict[str, list[str]] = {}
    for name, url in named.items():
        try:
            parse(url)
        except UrlError as error:
            raise CannotBeAskedError(f"The URL of the {name} cannot be used: {error}") from error
        names.setdefault(url, []).append(name)
    return tuple(Requirement(" and ".join(found), url) for url, found in names.items())


async def wait_for_all(
    required: tuple[Requirement, ...], seconds: float, interval_max: float, say: Say
) -> list[str]:
    """Look at all at once, each until it is ready, for ``seconds`` at most. Gives the names of those late.

    Raises:
        CannotBeAskedError: waiting for one of them would be in vain.
    """
    end = time.monotonic() + seconds
    ready = await asyncio.gather(*(_wait_for(one, end, interval_max, say) for one in required))
    return [one.name for one, is_ready in zip(required, ready, strict=True) if not is_ready]


async def _wait_for(one: Requirement, end: float, interval_max: float, say: Say) -> bool:
    began = time.monotonic()
    for attempt in count():
        reading = await ping_store(one.url, timeout=max(0.05, min(ATTEMPT_SECONDS, end - time.monotonic())))
        if _is_settled(one, reading):
            verdict = (
                f"ready after {time.monotonic() - began:.1f} s" if reading.reachable else "not waited for"
            )
            say(f"{one.name}: {verdict}. {reading.message}")
            return True
        pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 20), interval_max)
        left = end - time.monotonic()
        # A look that could not even connect tells nothing new.
        if left <= min(pause, 0.1):
            say(f"{one.name}: {reading.message}")
            return False
        pause = min(pause, left)
        say(f"{one.name}: {reading.message}{_advice(reading)} Next look in {pause:.1f} s.")
        await asyncio.sleep(pause)
    raise AssertionError("count() ends never")


def _is_settled(one: Requirement, reading: BrokerReading) -> bool:
    """Whether nothing is left to wait for: it is ready, or nobody can tell whether it is (SQS, rpc)."""
    if reading.reachable is None and reading.reason is BrokerReason.UNSUPPORTED_KIND:
        if parse(one.url).kind.is_database:
            raise CannotBeAskedError(f"{one.name}: {reading.message}")
        return True
    return reading.reachable is True


def _advice(reading: BrokerReading) -> str:
    return " Waiting mends this only if somebody changes it." if reading.reason in _SELDOM_PASS else ""


def _run(work: Coroutine[Any, Any, list[str]]) -> list[str]:
    """What ``work`` gives; SIGTERM and SIGINT end the program at once.

    As the first process of a container Python would not even hear of SIGTERM, so it is listened to here. The
    loop is left open: to close it would wait for name lookups that hang.
    """
    loop = asyncio.new_event_loop()
    for number, code in _EXIT_CODES.items():
        loop.add_signal_handler(number, _leave, code, "Told to end while waiting.")
    return loop.run_until_complete(work)


def _leave(code: int, message: str = "") -> NoReturn:
    """End now. The interpreter's own end would wait for name lookups that hang, beyond --wait."""
    if message:
        click.echo(message, err=True)
    sys.stdout.flush()
    os._exit(code)
