"""Secrets and ConfigMaps are read seldom, and what cannot be read keeps its values."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tools.testbed.waiting import wait_for_async

from celery_operator.kinds import SECRET
from celery_operator.kube import KubeError, RefusedError, UnreachableError
from celery_operator.observe import configuration
from celery_operator.observe.configuration import KEEP_SECONDS, MANY, MOST, ConfigurationReader
from tests.unit.observe.configuration_cluster import BROKER, FLAGS, Cluster


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster()
    made.objects = {BROKER: {"data": {"url": "one"}}, FLAGS: {}}
    return made


@asynccontextmanager
async def running(cluster: Cluster) -> AsyncIterator[ConfigurationReader]:
    """A reader that reads again by itself, in real time."""
    reader = cluster.reader(time.monotonic)
    task = asyncio.create_task(reader.run())
    yield reader
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def until_reads(cluster: Cluster, number: int) -> None:
    """Wait for this number of reads from now on."""
    wanted = cluster.gets + number

    async def are_made() -> bool:
        return cluster.gets >= wanted

    await wait_for_async(are_made, describe="the reads")


async def test_values_are_kept_for_a_while_and_then_read_again(cluster: Cluster) -> None:
    reader = cluster.reader()
    assert await reader.read([BROKER, FLAGS, BROKER]) == {BROKER: {"url": "one"}, FLAGS: {}}
    cluster.objects[BROKER] = {"data": {"url": "two"}}
    cluster.now += KEEP_SECONDS * 0.7
    assert await reader.read([BROKER]) == {BROKER: {"url": "one"}}
    assert cluster.gets == 2
    cluster.now += KEEP_SECONDS * 0.3
    assert await reader.read([BROKER]) == {BROKER: {"url": "two"}}


async def test_values_are_read_at_once_where_new_pods_start_with_them(cluster: Cluster) -> None:
    reader = cluster.reader()
    await reader.read([BROKER])
    cluster.objects[BROKER] = {"data": {"url": "two"}}
    assert await reader.read([BROKER], at_once=True) == {BROKER: {"url": "two"}}
    assert await reader.read([BROKER]) == {BROKER: {"url": "two"}}
    assert cluster.gets == 2


async def test_those_who_need_one_object_share_its_reads(cluster: Cluster) -> None:
    reader = cluster.reader()
    await asyncio.gather(reader.read([BROKER]), reader.get(BROKER), reader.get(BROKER))
    assert cluster.gets == 1


async def test_a_change_is_noticed_and_reported_without_a_question(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "KEEP_SECONDS", 0.05)
    async with running(cluster) as reader:
        await reader.read([BROKER])
        await until_reads(cluster, 3)
        assert cluster.changes == 0
        cluster.objects[BROKER] = {"data": {"url": "two"}}
        await until_reads(cluster, 2)
        assert cluster.changes == 1
        del cluster.objects[BROKER]
        await until_reads(cluster, 2)
        assert cluster.changes == 2


async def test_a_failing_read_ends_no_later_one(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "KEEP_SECONDS", 0.05)
    async with running(cluster) as reader:
        await reader.read([BROKER])
        cluster.error = ValueError("an unexpected error")
        await until_reads(cluster, 3)


async def test_an_object_that_no_reconcile_needs_is_read_no_more(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "KEEP_SECONDS", 0.05)
    monkeypatch.setattr(configuration, "FORGET_SECONDS", 0.2)
    async with running(cluster) as reader:
        await reader.read([BROKER])

        async def is_forgotten() -> bool:
            await reader.read([FLAGS])
            return cluster.reads[-10:] == ["flags"] * 10

        await wait_for_async(is_forgotten, describe="the Secret forgotten")


async def test_an_object_that_is_gone_is_known_to_be_gone(cluster: Cluster) -> None:
    del cluster.objects[BROKER]
    assert await cluster.reader().read([BROKER]) == {BROKER: None}


async def test_an_object_that_may_not_be_read_keeps_its_values_and_costs_few_requests(
    cluster: Cluster,
) -> None:
    reader = cluster.reader()
    await reader.read([BROKER])
    cluster.error = RefusedError("forbidden", 403)
    cluster.now += KEEP_SECONDS
    assert await reader.read([BROKER, FLAGS]) == {BROKER: {"url": "one"}}
    gets = cluster.gets
    assert await reader.read([BROKER, FLAGS]) == {BROKER: {"url": "one"}}
    assert cluster.gets == gets
    with pytest.raises(RefusedError):
        await reader.get(BROKER)


async def test_an_api_server_that_is_away_takes_no_value_and_is_asked_again_soon(cluster: Cluster) -> None:
    reader = cluster.reader()
    await reader.get(BROKER)
    cluster.error = UnreachableError("away")
    cluster.now += KEEP_SECONDS
    assert await reader.get(BROKER) == {"url": "one"}
    with pytest.raises(KubeError):
        await reader.get(FLAGS)
    cluster.error = None
    cluster.now += 1.0
    assert await reader.get(FLAGS) == {}


async def test_only_a_limited_number_of_objects_is_read_for_a_resource(cluster: Cluster) -> None:
    await cluster.reader().read([(SECRET, f"s{number}") for number in range(MOST + 50)])
    assert cluster.gets == MOST


async def test_many_objects_cost_as_many_requests_as_ten(cluster: Cluster) -> None:
    reader = cluster.reader()
    for second in range(600):
        cluster.now = second
        await reader.read([(SECRET, f"s{number}") for number in range(MOST)])
    assert cluster.gets - MOST <= 600 * MANY / (KEEP_SECONDS * 0.75)
