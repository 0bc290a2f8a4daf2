"""One look at everything, within its budget: the broker, the workers, the result store, test tasks."""

import asyncio
import time
from dataclasses import replace
from urllib.parse import urlsplit

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.budget import Budget
from celery_health.cli.survey.connect import knock
from celery_health.cli.survey.round_trip import RoundTrip, choose_task, not_back, round_trips
from celery_health.cli.survey.snapshot import Questions, Survey
from celery_health.cli.survey.survey_run import Look, read
from celery_health.cli.survey.workers import with_workers
from celery_health.readers import reader_for
from celery_health.readers.redis.server import RedisServer
from celery_health.stores import ping_store
from celery_health.threads import run_in_thread
from celery_health.urls import UrlError, parse

DEFAULT_QUEUE = "celery"
# A server that takes no messages for these reasons tells about itself all the same.
_STILL_TELLS = frozenset({BrokerReason.OUT_OF_MEMORY, BrokerReason.READ_ONLY})


async def take(target: Target, questions: Questions) -> Survey:
    """Look once. What does not answer in time is told as such: nothing here raises for an ill server."""
    began = time.monotonic()
    look = Look(target, questions, Budget(questions.timeout))
    look.names = list(questions.queues or target.queues or (DEFAULT_QUEUE,))
    reader = reader_for(target.broker_url, target.naming, management_url=questions.management_url)
    try:
        survey = await _take(look, reader)
    finally:
        await reader.close()
    return replace(survey, took=time.monotonic() - began)


async def _take(look: Look, reader: BrokerReader) -> Survey:
    store = asyncio.create_task(_store(look))
    closed = await knock(look.target.broker, look.budget.left)
    broker = _without_host(look, closed) if closed else await read(look, reader)
    survey = Survey(time.time(), broker)
    # Of a broker that does not answer nobody can be asked through it.
    if _can_be_asked(look, broker):
        survey = await with_workers(look, reader, survey)
    survey = replace(survey, store=await store)
    if look.questions.test_tasks and broker.reachable is not False:
        survey = await _tested(look, survey)
    if look.questions.check_redis and look.target.broker.kind.is_redis:
        survey = replace(survey, redis=await _redis(look, broker))
    return survey


def _without_host(look: Look, closed: BrokerReading) -> BrokerReading:
    """Often a variable was empty that should have been the host."""
    if urlsplit(look.target.broker_url).hostname:
        return closed
    return replace(closed, message=f"{closed.message} The URL names no host, so localhost is meant.")


def _can_be_asked(look: Look, broker: BrokerReading) -> bool:
    """Where the URL itself does not lead to the broker, an application may still know more than the URL."""
    undecided = broker.reason in {BrokerReason.TLS_FAILED, BrokerReason.URL_INVALID}
    half_a_url = look.target.broker.kind.is_redis and broker.reason is BrokerReason.UNSUPPORTED_KIND
    return broker.reachable is not False and not half_a_url and (look.target.app is not None or not undecided)


async def _store(look: Look) -> BrokerReading | None:
    url = look.target.store_url
    if url is None:
        return None
    try:
        parsed = parse(url)
    except UrlError:
        return await ping_store(url, timeout=look.budget.left)
    return await knock(parsed, look.budget.left) or await ping_store(url, timeout=look.budget.left)


async def _tested(look: Look, survey: Survey) -> Survey:
    task = choose_task(look.questions.task, look.registered)
    names = list(look.questions.queues) or sorted(
        {name for worker in survey.workers for name in worker.queues} or set(look.names)
    )
    seconds = max(0.2, look.budget.left - 0.3)

    def test() -> tuple[RoundTrip, ...]:
        return round_trips(look.target.celery(), task, names, seconds)

    try:
        trips = await run_in_thread(test, look.budget.left + 0.2)
    except TimeoutError:
        trips = not_back(names, task, seconds)
    return replace(survey, trips=trips)


async def _redis(look: Look, broker: BrokerReading) -> RedisServer | None:
    if broker.reachable is False and broker.reason not in _STILL_TELLS:
        return RedisServer(broker)
    from celery_health.readers.redis.server_reader import read_redis_server  # noqa: PLC0415

    seconds = min(1.0, look.budget.left / 2)
    prefix = look.target.naming.key_prefix
    try:
        async with asyncio.timeout(look.budget.left):
            return await read_redis_server(
                look.target.broker_url, key_prefix=prefix, max_scan_seconds=seconds
            )
    except TimeoutError:
        return None
