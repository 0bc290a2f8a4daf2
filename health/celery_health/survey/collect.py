"""Collects one snapshot within its time: the broker, the workers, the result backend, test tasks."""

import asyncio
import time
from dataclasses import replace
from urllib.parse import urlsplit

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.redis.server import RedisServer
from celery_health.result_backends import ping_result_backend
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.check_run import CheckRun, read_broker
from celery_health.survey.connect import connection_failure
from celery_health.survey.round_trip import RoundTrip, choose_task, round_trips, without_results
from celery_health.survey.snapshot import CheckOptions, Snapshot
from celery_health.survey.workers import add_workers
from celery_health.threads import run_in_thread
from celery_health.tls import THIS_PYTHON
from celery_health.urls import UrlError, parse

# A server that refuses messages for these reasons still answers questions about itself.
_ANSWERS_QUESTIONS = frozenset({BrokerReason.OUT_OF_MEMORY, BrokerReason.READ_ONLY})


async def collect_snapshot(connection: AppConnection, options: CheckOptions) -> Snapshot:
    """Check everything once. A server that fails or does not answer in time is a reading."""
    began = time.monotonic()
    run = CheckRun(connection, options, Budget(options.timeout))
    run.queue_names = list(options.queues or connection.queues or (connection.default_queue,))
    reader = reader_for(
        connection.broker_url, connection.naming, management_url=options.management_url, python=THIS_PYTHON
    )
    try:
        snapshot = await _collect(run, reader)
    finally:
        await reader.close()
    return replace(snapshot, took=time.monotonic() - began)


async def _collect(run: CheckRun, reader: BrokerReader) -> Snapshot:
    backend = asyncio.create_task(_result_backend(run))
    failure = await connection_failure(run.connection.broker, run.budget.left)
    broker = _with_host_hint(run, failure) if failure else await read_broker(run, reader)
    snapshot = Snapshot(time.time(), broker)
    if _workers_can_be_asked(run, broker):
        snapshot = await add_workers(run, reader, snapshot)
    snapshot = replace(snapshot, result_backend=await backend, dead_letters=run.dead_letters)
    if run.options.test_tasks and broker.reachable is not False:
        snapshot = replace(snapshot, test_tasks=await _test_tasks(run, snapshot))
    if run.options.check_redis and run.connection.broker.kind.is_redis:
        snapshot = replace(snapshot, redis=await _redis(run, broker))
    return snapshot


def _with_host_hint(run: CheckRun, failure: BrokerReading) -> BrokerReading:
    """Often a URL has no host because the variable for the host was empty."""
    if urlsplit(run.connection.broker_url).hostname:
        return failure
    return replace(failure, message=f"{failure.message} The URL has no host, so localhost is used.")


def _workers_can_be_asked(run: CheckRun, broker: BrokerReading) -> bool:
    """Workers are asked through the broker. An application's settings may reach it where the URL does not."""
    unclear = broker.reason in {BrokerReason.TLS_FAILED, BrokerReason.URL_INVALID}
    incomplete = run.connection.broker.kind.is_redis and broker.reason is BrokerReason.UNSUPPORTED_KIND
    has_app = run.connection.app is not None
    return broker.reachable is not False and not incomplete and (has_app or not unclear)


async def _result_backend(run: CheckRun) -> BrokerReading | None:
    url = run.connection.result_backend_url
    if url is None:
        return None
    try:
        parsed = parse(url)
    except UrlError:
        return await ping_result_backend(url, timeout=run.budget.left)
    failure = await connection_failure(parsed, run.budget.left)
    return failure or await ping_result_backend(url, timeout=run.budget.left)


async def _test_tasks(run: CheckRun, snapshot: Snapshot) -> tuple[RoundTrip, ...]:
    task = choose_task(run.options.task, run.registered_tasks)
    consumed = {name for worker in snapshot.workers for name in worker.queues}
    queues = list(run.options.queues) or sorted(consumed or set(run.queue_names))
    seconds = max(0.2, run.budget.left - 0.3)

    def send_and_wait() -> tuple[RoundTrip, ...]:
        return round_trips(run.connection.celery(), task, queues, seconds)

    try:
        return await run_in_thread(send_and_wait, run.budget.left + 0.2)
    except TimeoutError:
        return without_results(queues, task, seconds)


async def _redis(run: CheckRun, broker: BrokerReading) -> RedisServer | None:
    if broker.reachable is False and broker.reason not in _ANSWERS_QUESTIONS:
        return RedisServer(broker)
    # Imported only here: the redis package takes 20 MB.
    from celery_health.readers.redis.server_reader import read_redis_server  # noqa: PLC0415

    seconds = min(1.0, run.budget.left / 2)
    prefix = run.connection.naming.key_prefix
    try:
        async with asyncio.timeout(run.budget.left):
            return await read_redis_server(
                run.connection.broker_url, key_prefix=prefix, max_scan_seconds=seconds
            )
    except TimeoutError:
        return None
