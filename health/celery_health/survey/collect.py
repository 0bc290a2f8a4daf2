"""Collects one snapshot within its time: the broker, the workers, the result backend, test tasks."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.redis.server import RedisServer
from celery_health.result_backends import ping_result_backend
from celery_health.survey.app_broker import (
    AppBrokerReader,
    is_unclear,
    result_backend_through_app,
    write_failure,
)
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.app_loading import ConfigurationError, application
from celery_health.survey.app_refusals import (
    check_broker_settings,
    check_result_settings,
    check_serializers,
    refused_by_worker,
)
from celery_health.survey.budget import Budget
from celery_health.survey.check_run import CheckRun, read_broker
from celery_health.survey.connect import connection_failure
from celery_health.survey.round_trip import (
    RoundTrip,
    choose_task,
    round_trips,
    seconds_to_wait,
    without_results,
)
from celery_health.survey.served import is_served
from celery_health.survey.snapshot import CheckOptions, Snapshot
from celery_health.survey.workers import add_workers
from celery_health.threads import run_in_thread
from celery_health.tls import THIS_PYTHON

T = TypeVar("T")

_REMOVAL_SECONDS = 1.0
# A server that refuses messages for these reasons still answers questions about itself.
_ANSWERS_QUESTIONS = frozenset({BrokerReason.OUT_OF_MEMORY, BrokerReason.READ_ONLY})


async def collect_snapshot(connection: AppConnection, options: CheckOptions) -> Snapshot:
    """Check everything once. A server that fails or does not answer in time is a reading."""
    began = time.monotonic()
    run = CheckRun(connection, options, Budget(options.timeout))
    run.queue_names = list(options.queues or connection.queues or (connection.default_queue,))
    reader: BrokerReader = reader_for(
        connection.broker, connection.naming, management_url=options.management_url, python=THIS_PYTHON
    )
    try:
        snapshot = await _collect(run, reader)
    finally:
        await reader.close()
    return replace(snapshot, took=time.monotonic() - began)


async def _collect(run: CheckRun, reader: BrokerReader) -> Snapshot:
    backend = _started(_result_backend(run))
    writing = _started(write_failure(run.connection, run.budget.left))
    failure = await connection_failure(run.connection.broker, run.budget.left)
    if failure and run.connection.broker_is_default:
        raise _no_broker(run.connection)
    broker = _with_host_hint(run, failure) if failure else await read_broker(run, reader)
    if is_unclear(broker) and run.connection.app is not None:
        reader = AppBrokerReader(run.connection, broker)
        broker = await read_broker(run, reader)
    elif broker.reachable:
        await check_broker_settings(run.connection, run.budget.left)
        if run.options.imports_tasks:
            await check_serializers(run.connection, run.budget.left)
    if broker.reachable is not False:
        broker = await writing or broker
    snapshot = Snapshot(time.time(), broker)
    if _workers_can_be_asked(run, broker):
        snapshot = await _with_setting(run, await add_workers(run, reader, snapshot))
    snapshot = replace(
        snapshot,
        result_backend=await backend,
        dead_letters=run.dead_letters,
        dead_letters_problem=run.dead_letters_problem,
    )
    if run.options.shared_broker:
        snapshot = replace(snapshot, served=await is_served(run, snapshot))
    if run.options.check_redis and run.connection.broker.kind.is_redis:
        snapshot = replace(snapshot, redis=await _redis(run, broker))
    # Last: they may take all the time that is left.
    if run.options.test_tasks and snapshot.broker.reachable is not False and not _loses_results(snapshot):
        trips = await _test_tasks(run, snapshot)
        proven = any(trip.ok for trip in trips)
        snapshot = replace(snapshot, test_tasks=trips, served=proven or snapshot.served)
    return snapshot


async def _with_setting(run: CheckRun, snapshot: Snapshot) -> Snapshot:
    """With the setting that ends each worker, where none runs."""
    if snapshot.workers or not snapshot.workers_known or not run.options.imports_tasks:
        return snapshot
    return replace(snapshot, refused_setting=await refused_by_worker(run.connection, run.budget.left))


def _started(reading: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    task = asyncio.create_task(reading)
    # It may fail as well, while the failure of the broker is raised.
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    return task


def _loses_results(snapshot: Snapshot) -> bool:
    """Whether no result can come back, so that a test task would prove nothing about the workers."""
    return snapshot.result_backend is not None and snapshot.result_backend.reachable is False


def _no_broker(connection: AppConnection) -> ConfigurationError:
    return ConfigurationError(
        f"{application(connection.name)} names no broker, and nothing listens at Celery's default, "
        f"{connection.broker.address}: set its broker_url before it is used, or use --broker URL."
    )


def _with_host_hint(run: CheckRun, failure: BrokerReading) -> BrokerReading:
    """Often a URL has no host because the variable for the host was empty."""
    if urlsplit(run.connection.broker_url).hostname:
        return failure
    return replace(failure, message=f"{failure.message} The URL has no host, so localhost is used.")


def _workers_can_be_asked(run: CheckRun, broker: BrokerReading) -> bool:
    """Workers are asked through the broker. An application's settings may reach it where the URL does not."""
    unclear = broker.reason in {BrokerReason.TLS_FAILED, BrokerReason.URL_INVALID}
    # Without the application, kombu has no more than our reader had.
    incomplete = run.connection.broker.kind.is_redis and broker.reason is BrokerReason.UNSUPPORTED_KIND
    has_app = run.connection.app is not None
    return broker.reachable is not False and (has_app or not (unclear or incomplete))


async def _result_backend(run: CheckRun) -> BrokerReading | None:
    url = run.connection.result_backend
    if url is None:
        return None
    failure = await connection_failure(url, run.budget.left)
    reading = failure or await ping_result_backend(url, timeout=run.budget.left)
    if reading.reachable is True:
        await check_result_settings(run.connection, run.budget.left)
    if reading.reachable is True or run.connection.app is None:
        return reading
    return await result_backend_through_app(run.connection, reading, run.budget.left)


async def _test_tasks(run: CheckRun, snapshot: Snapshot) -> tuple[RoundTrip, ...]:
    task = choose_task(run.options.task, run.registered_tasks)
    consumed = {name for worker in snapshot.workers for name in worker.queues}
    queues = list(run.options.queues) or sorted(consumed or set(run.queue_names))
    # A task in a queue of one process proves nothing of the others, and may stay there.
    queues = [name for name in queues if name not in run.private_queues]
    seconds = seconds_to_wait(run.options.timeout, run.budget.left - 0.3)
    left: dict[str, str] = {}

    def send_and_wait() -> tuple[RoundTrip, ...]:
        return round_trips(run.connection.celery(), task, queues, seconds, left)

    try:
        trips = await run_in_thread(send_and_wait, seconds + 0.5)
    except TimeoutError:
        trips = without_results(queues, task, seconds, sent=tuple(left))
    if left and run.connection.sent_to.kind.is_redis:
        await _remove(run, dict(left))
    return trips


async def _remove(run: CheckRun, ids: Mapping[str, str]) -> None:
    """Remove test tasks that no worker took. They have expired, and only a worker would drop them."""
    # Imported only here: the redis package takes 20 MB.
    from redis.exceptions import RedisError  # noqa: PLC0415

    from celery_health.readers.redis.message_removal import remove_messages  # noqa: PLC0415

    with suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(_REMOVAL_SECONDS):
            await remove_messages(run.connection.sent_to, run.connection.naming, ids)


async def _redis(run: CheckRun, broker: BrokerReading) -> RedisServer | None:
    if broker.reachable is False and broker.reason not in _ANSWERS_QUESTIONS:
        return RedisServer(broker)
    # Imported only here: the redis package takes 20 MB.
    from celery_health.readers.redis.server_reader import read_redis_server  # noqa: PLC0415

    seconds = min(1.0, run.budget.left / 3)
    connection = run.connection
    url, prefix = connection.broker, connection.naming.key_prefix
    try:
        async with asyncio.timeout(run.budget.left):
            server = await read_redis_server(url, key_prefix=prefix, max_scan_seconds=seconds)
            store, replies = connection.result_backend, server.tasks
            if store is None or replies is None:
                return server
            # The results have a server, a database and a prefix of their own.
            tasks = replace(replies, by_state={})
            if store.kind.is_redis:
                prefix = connection.result_prefix
                kept = await read_redis_server(store, key_prefix=prefix, max_scan_seconds=seconds)
                tasks = kept.tasks or tasks
            return replace(server, tasks=replace(tasks, reply_keys=replies.reply_keys))
    except TimeoutError:
        return None
