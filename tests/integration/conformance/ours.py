"""What this program says of configurations: with the application, and from the URL of its broker alone."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from typing import Any

from celery import Celery
from tools.testbed.waiting import wait_for

from celery_health.broker import BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.survey.app_connection import resolve
from celery_health.survey.app_loading import ConfigurationError
from celery_health.survey.collect import collect_snapshot
from celery_health.survey.snapshot import CheckOptions
from celery_operator.observe.brokers.kept_reader import workers_broker_reader
from celery_probe.sidecar.broker.checks import BrokerCheckResult, BrokerChecks

SECONDS = 15.0
BY_APPLICATION = "celery-health -A"
BY_READER = "operator"
BY_SIDECAR = "sidecar"

Said = dict[str, dict[str, str]]
"""By who says it, of ``broker`` and ``backend``: reachable, unreachable, unknown or refused, and why."""


def said_of_all(configurations: Mapping[str, Mapping[str, Any]], at_once: int = 4) -> dict[str, Said]:
    """What each part of this program says of each configuration."""

    async def all_of_them() -> dict[str, Said]:
        places = asyncio.Semaphore(at_once)
        said = await asyncio.gather(*(_in_turn(places, _said(one)) for one in configurations.values()))
        return dict(zip(configurations, said, strict=True))

    return asyncio.run(all_of_them())


async def _in_turn(places: asyncio.Semaphore, work: Awaitable[Said]) -> Said:
    async with places:
        return await work


async def _said(settings: Mapping[str, Any]) -> Said:
    said = {BY_APPLICATION: await _by_application(settings)}
    url = settings["broker_url"]
    if isinstance(url, str):
        reader = workers_broker_reader(url, RedisNaming(), management_url=None, master_name=None)
        said[BY_READER] = {"broker": _words(await reader.read(["celery"]))}
        await reader.close()
        said[BY_SIDECAR] = {"broker": await asyncio.to_thread(_by_sidecar, url)}
    return said


async def _by_application(settings: Mapping[str, Any]) -> dict[str, str]:
    app = Celery("configured", set_as_current=False)
    app.conf.update(settings)
    try:
        connection = resolve(app, "configured", None, None, {})
        snapshot = await collect_snapshot(connection, CheckOptions(timeout=SECONDS))
    except ConfigurationError as error:
        words = f"refused: {error.format_message()}"
        return {"broker": words, "backend": words}
    finally:
        app.close()
    said = {"broker": _words(snapshot.broker)}
    if snapshot.result_backend is not None:
        said["backend"] = _words(snapshot.result_backend)
    return said


def _by_sidecar(url: str) -> str:
    checks = BrokerChecks(url, time.monotonic)
    checks.start()
    try:
        wait_for(lambda: checks.latest().reason is not BrokerReason.NOT_READ, 30)
    finally:
        checks.stop()
    return _words(checks.latest())


def _words(found: BrokerReading | BrokerCheckResult) -> str:
    if found.reason is BrokerReason.URL_INVALID:
        return f"refused: {found.message}"
    word = {True: "reachable", False: "unreachable", None: "unknown"}[found.reachable]
    return f"{word}: {found.reason.value}: {found.message}"
