"""Secrets and ConfigMaps are read seldom, and what cannot be read keeps its values."""

from typing import Any

from celery_operator.kinds import CONFIG_MAP, SECRET, Kind
from celery_operator.kube import RefusedError
from celery_operator.observe.configuration import KEEP_SECONDS, MOST, ConfigurationReader

BROKER, FLAGS = (SECRET, "broker"), (CONFIG_MAP, "flags")


class Cluster:
    """Objects and a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.objects: dict[tuple[Kind, str], dict[str, Any]] = {BROKER: {"data": {"url": "one"}}, FLAGS: {}}
        self.refused = False
        self.gets = 0

    async def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        self.gets += 1
        if self.refused:
            raise RefusedError("forbidden", 403)
        return self.objects.get((kind, name))

    def reader(self) -> ConfigurationReader:
        return ConfigurationReader(self.get, lambda: self.now)


async def test_values_are_kept_for_a_while_and_then_read_again() -> None:
    cluster = Cluster()
    reader = cluster.reader()
    assert await reader.read([BROKER, FLAGS, BROKER]) == {BROKER: {"url": "one"}, FLAGS: {}}
    cluster.objects[BROKER] = {"data": {"url": "two"}}
    cluster.now += KEEP_SECONDS - 1
    assert await reader.read([BROKER]) == {BROKER: {"url": "one"}}
    assert cluster.gets == 2
    cluster.now += 1
    assert await reader.read([BROKER]) == {BROKER: {"url": "two"}}


async def test_an_object_that_is_gone_is_known_to_be_gone() -> None:
    cluster = Cluster()
    reader = cluster.reader()
    del cluster.objects[BROKER]
    assert await reader.read([BROKER]) == {BROKER: None}


async def test_an_object_that_may_not_be_read_keeps_its_values_and_costs_one_request_a_time() -> None:
    cluster = Cluster()
    reader = cluster.reader()
    await reader.read([BROKER])
    cluster.refused = True
    cluster.now += KEEP_SECONDS
    assert await reader.read([BROKER, FLAGS]) == {BROKER: {"url": "one"}}
    gets = cluster.gets
    assert await reader.read([BROKER, FLAGS]) == {BROKER: {"url": "one"}}
    assert cluster.gets == gets


async def test_only_a_limited_number_of_objects_is_read_for_a_resource() -> None:
    cluster = Cluster()
    await cluster.reader().read([(SECRET, f"s{number}") for number in range(MOST + 50)])
    assert cluster.gets == MOST
