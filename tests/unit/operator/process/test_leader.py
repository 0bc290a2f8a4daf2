"""The Lease: who may take it, when a leader has to give up. The API server and the clock are the test's."""

import asyncio
from typing import Any

import pytest
from tools.testbed.waiting import wait_for_async

from celery_operator.kinds import Json, Kind
from celery_operator.kube import ConflictError, UnreachableError
from celery_operator.process.leader import Leader, LeaseLostError
from celery_operator.process.settings import LeaseSettings


class LeaseServer:
    """One Lease, as an API server keeps it."""

    def __init__(self) -> None:
        self.lease: Json | None = None
        self.version = 0
        self.is_down = False
        self.faster: list[Json] = []
        """Specs that other requests write just before the next ones of a candidate."""

    async def get(self, kind: Kind, namespace: str, name: str) -> Json | None:
        if self.is_down:
            raise UnreachableError("down")
        return self.lease

    async def create(self, kind: Kind, namespace: str, body: Json) -> Json:
        self._write_faster({"metadata": {}})
        if self.lease is not None:
            raise ConflictError("exists", 409)
        return self._store(body)

    async def replace(self, kind: Kind, namespace: str, name: str, body: Json) -> Json:
        self._write_faster(body)
        if body["metadata"].get("resourceVersion") != str(self.version):
            raise ConflictError("changed", 409)
        return self._store(body)

    def _write_faster(self, body: Json) -> None:
        if self.faster:
            self._store({**body, "spec": self.faster.pop(0)})

    def _store(self, body: Json) -> Json:
        self.version += 1
        self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        return self.lease

    @property
    def spec(self) -> Json:
        assert self.lease is not None
        spec: Json = self.lease["spec"]
        return spec


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def candidate(server: LeaseServer, clock: Clock, identity: str, **settings: Any) -> Leader:
    lease = LeaseSettings("ns", "lease", identity, **{"retry_seconds": 0.001, **settings})
    return Leader(server, lease, clock)  # type: ignore[arg-type]


async def test_a_free_lease_is_taken() -> None:
    server = LeaseServer()

    await candidate(server, Clock(), "a").acquire()

    assert server.spec["holderIdentity"] == "a"
    assert server.spec["leaseTransitions"] == 1


async def test_a_follower_waits_out_the_whole_lease_by_its_own_clock() -> None:
    server, clock = LeaseServer(), Clock()
    await candidate(server, clock, "a").acquire()
    waiting = asyncio.create_task(candidate(server, clock, "b", retry_seconds=0).acquire())

    clock.now += 19.9
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    clock.now += 20.1
    await asyncio.wait_for(waiting, 5)

    assert server.spec["holderIdentity"] == "b"


async def test_the_same_identity_takes_its_lease_back_at_once() -> None:
    server, clock = LeaseServer(), Clock()
    await candidate(server, clock, "a").acquire()

    await asyncio.wait_for(candidate(server, clock, "a").acquire(), 5)

    assert server.spec["leaseTransitions"] == 1


async def test_a_released_lease_is_free_for_the_next() -> None:
    server, clock = LeaseServer(), Clock()
    first = candidate(server, clock, "a")
    await first.acquire()
    await first.release()

    await asyncio.wait_for(candidate(server, clock, "b").acquire(), 5)

    assert server.spec["holderIdentity"] == "b"


async def test_a_follower_that_never_led_does_not_release_what_another_holds() -> None:
    server, clock = LeaseServer(), Clock()
    await candidate(server, clock, "a").acquire()

    await candidate(server, clock, "b").release()

    assert server.spec["holderIdentity"] == "a"


async def test_a_leader_that_sees_another_in_the_lease_gives_up() -> None:
    server, clock = LeaseServer(), Clock()
    leader = candidate(server, clock, "a")
    await leader.acquire()
    server.spec["holderIdentity"] = "b"

    with pytest.raises(LeaseLostError, match="b has taken the Lease"):
        await asyncio.wait_for(leader.keep(), 5)
    assert not leader.is_leading


async def test_a_leader_that_cannot_renew_gives_up_at_its_deadline_and_not_before() -> None:
    server, clock = LeaseServer(), Clock()
    leader = candidate(server, clock, "a")
    await leader.acquire()
    keeping = asyncio.create_task(leader.keep())
    await asyncio.sleep(0)

    server.is_down = True
    clock.now += 14
    done, _ = await asyncio.wait({keeping}, timeout=0.1)
    assert not done
    clock.now += 1.1

    with pytest.raises(LeaseLostError, match="could not be renewed for 15 s"):
        await asyncio.wait_for(keeping, 5)


def held_by(identity: str) -> Json:
    return {
        "holderIdentity": identity,
        "leaseDurationSeconds": 20,
        "renewTime": "2026-01-02T00:00:00.000000Z",
    }


async def test_a_follower_that_is_too_late_names_the_leader(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    server = LeaseServer()
    server.faster = [held_by("b")]
    late = asyncio.create_task(candidate(server, Clock(), "a").acquire())

    async def is_reported() -> bool:
        return "standing by" in caplog.text

    await wait_for_async(is_reported)
    late.cancel()

    assert caplog.messages == ["standing by: b leads"]


async def test_a_leader_whose_lease_is_taken_while_it_renews_names_the_other() -> None:
    server = LeaseServer()
    leader = candidate(server, Clock(), "a")
    await leader.acquire()
    server.faster = [held_by("b")]

    with pytest.raises(LeaseLostError, match="b has taken the Lease"):
        await asyncio.wait_for(leader.keep(), 5)


async def test_a_leader_keeps_a_lease_that_another_request_changed_but_did_not_take() -> None:
    server = LeaseServer()
    leader = candidate(server, Clock(), "a")
    await leader.acquire()
    server.faster = [held_by("a")]
    keeping = asyncio.create_task(leader.keep())

    async def is_renewed() -> bool:
        assert not keeping.done()
        return server.version > 3

    await wait_for_async(is_renewed)
    keeping.cancel()

    assert server.spec["holderIdentity"] == "a"
    assert server.spec["renewTime"] != held_by("a")["renewTime"]


async def test_a_lease_is_released_although_a_renewal_came_between() -> None:
    server = LeaseServer()
    leader = candidate(server, Clock(), "a")
    await leader.acquire()
    server.faster = [held_by("a")]

    await leader.release()

    assert server.spec["holderIdentity"] == ""
