"""Document 001: the endpoints for monitoring and for the management of tasks, who may use them, the states
and the details of a task, and the table ``automation.job_executions``.
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import psycopg
import pytest
from aiohttp.test_utils import TestClient
from tools.testbed.databases import PostgresServer, postgres_server
from tools.testbed.servers import RedisServer

from celery_health.survey.app_connection import resolve
from celery_monitor.control.application import CeleryApplication
from celery_monitor.history import History
from celery_monitor.live.views import QueueView, WorkerView
from celery_monitor.records.tasks import Run, TaskRecord
from celery_monitor.settings import AccessSettings, JwtSettings
from tests.integration.monitor.history.examples import NOW, finished
from tests.support.monitor_web import API, FakeLive, served

STATES = ("PENDING", "RECEIVED", "STARTED", "SUCCESS", "FAILURE", "RETRY", "REVOKED")
ENDPOINTS = ("stats", "tasks", "workers", "queues", "tasks/failure")
SECRET = "s" * 40
LIVE = FakeLive(
    worker_views=[
        WorkerView(
            name="worker@host", online=True, active=2, processed=7, load=0.5, memory=9_000_000, slots=4
        )
    ],
    queue_views=[QueueView(name="celery", ready=5, unacknowledged=2, consumers=1, in_rate=0.5, out_rate=0.4)],
)


def bearer(role: str) -> dict[str, str]:
    # The tests may run long after this module was read.
    claims = {"sub": "ann", "role": role, "exp": time.time() + 10 * 86_400}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


VIEWER, OPERATOR = bearer("viewer"), bearer("operator")


def task(state: str) -> TaskRecord:
    """A task in this state, whose id is the state in lower-case letters."""
    record = finished(
        state.lower(),
        state=state,
        queue="celery",
        args="(42,)",
        kwargs="{'to': 'ann'}",
        retries=1,
        exception="KeyError('x')" if state == "FAILURE" else None,
        traceback="line 1" if state == "FAILURE" else None,
    )
    record.runs[0].retries = record.retries
    if state in {"PENDING", "RECEIVED", "STARTED"}:
        record.finished = record.runtime = record.result = None
        worker = record.worker or ""
        record.runs = [
            Run(number=1, worker=worker, received=record.received, started=record.started, retries=1)
        ]
    return record


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@asynccontextmanager
async def automation(
    postgres: PostgresServer, redis: RedisServer
) -> AsyncIterator[tuple[TestClient[Any, Any], History]]:
    """The automation service: PostgreSQL by DATABASE_URL, Redis by REDIS_URL, JSON Web Tokens."""
    broker = resolve(None, None, None, None, {"REDIS_URL": redis.database(3)})
    history = await History.open(postgres.database())
    try:
        await history.write([task(state) for state in STATES])
        async with served(
            history=history,
            live=LIVE,
            application=CeleryApplication.of(broker, {}),
            access=AccessSettings(jwt=JwtSettings(secret=SECRET)),
        ) as client:
            yield client, history
    finally:
        await history.close()


async def test_the_endpoints_need_a_token(postgres: PostgresServer, redis: RedisServer) -> None:
    async with automation(postgres, redis) as (client, _):
        for path in ENDPOINTS:
            assert (await client.get(f"{API}/{path}")).status == 401, path
            assert (await client.get(f"{API}/{path}", headers=VIEWER)).status == 200, path
        for action in ("cancel", "retry"):
            path = f"{API}/tasks/failure/{action}"
            assert (await client.post(path)).status == 401, path
            assert (await client.post(path, headers=VIEWER)).status == 403, path


async def test_each_state_the_workers_and_the_queues_are_shown(
    postgres: PostgresServer, redis: RedisServer
) -> None:
    async with automation(postgres, redis) as (client, _):
        for state in STATES:
            response = await client.get(f"{API}/tasks", params={"state": state}, headers=VIEWER)
            assert [one["id"] for one in (await response.json())["tasks"]] == [state.lower()]
        [worker] = (await (await client.get(f"{API}/workers", headers=VIEWER)).json())["workers"]
        health = ("online", "active", "processed", "load", "memory", "slots")
        assert [worker[name] for name in health] == [True, 2, 7, 0.5, 9_000_000, 4]
        [queue] = (await (await client.get(f"{API}/queues", headers=VIEWER)).json())["queues"]
        numbers = ("ready", "unacknowledged", "consumers", "in_rate", "out_rate")
        assert [queue[name] for name in numbers] == [5, 2, 1, 0.5, 0.4]


async def test_the_details_of_a_task(postgres: PostgresServer, redis: RedisServer) -> None:
    async with automation(postgres, redis) as (client, _):
        found = await (await client.get(f"{API}/tasks/failure", headers=VIEWER)).json()
        times = [found[name] for name in ("sent", "received", "started", "finished")]
        assert times == [NOW, NOW + 0.1, NOW + 0.2, NOW + 1.2]
        assert (found["args"], found["kwargs"]) == ("(42,)", "{'to': 'ann'}")
        assert (found["result"], found["exception"], found["traceback"]) == (
            "'sent'",
            "KeyError('x')",
            "line 1",
        )
        assert (found["retries"], len(found["runs"])) == (1, 1)
        assert (found["worker"], found["queue"]) == ("celery@web-1", "celery")


async def test_the_id_in_the_database_is_that_of_celery(postgres: PostgresServer, redis: RedisServer) -> None:
    async with automation(postgres, redis):
        with psycopg.connect(postgres.database()) as connection:
            rows = connection.execute(
                "SELECT j.execution_id, s.text FROM automation.job_executions j "
                "JOIN automation.labels s ON s.id = j.state_id"
            ).fetchall()
    assert sorted(rows) == sorted((state.lower(), state) for state in STATES)


async def test_cancel_and_retry_need_no_body(postgres: PostgresServer, redis: RedisServer) -> None:
    """As the document's fetch sends them: ``{ method: 'POST' }``."""
    async with automation(postgres, redis) as (client, history):
        for state in ("pending", "received", "started"):
            response = await client.post(f"{API}/tasks/{state}/cancel", headers=OPERATOR)
            document = await response.json()
            assert response.status == 202, document
            assert (document["task_id"], document["terminate"]) == (state, True)
        for state in ("failure", "revoked"):
            response = await client.post(f"{API}/tasks/{state}/retry", headers=OPERATOR)
            document = await response.json()
            assert response.status == 201, document
            assert document["retry_of"] == state
            assert document["task_id"] != state
            # The original stays as it is.
            assert (await history.tasks_by_id([state]))[0].state == state.upper()
        response = await client.post(f"{API}/tasks/success/retry", headers=OPERATOR)
        assert response.status == 409
