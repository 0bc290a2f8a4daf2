"""What a reading keeps of a sidecar's ``/report`` besides the verdict, and which request waits for which."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from celery_operator.kinds import Json
from celery_operator.observe import latest
from celery_operator.observe.reports import PodReadings, Reports
from celery_operator.observe.sidecars import SidecarError, Sidecars, as_of_now, reading_of
from celery_operator.sidecar_address import AT_ONCE_OF_ONE
from celery_operator.snapshot import SidecarReading
from tests.unit.wire.documents import encoded, worker_answer

TOKEN = "s3cret"


def body(**changes: Any) -> bytes:
    """The answer of the sidecar of a deaf worker."""
    verdict = {
        "reason": "Deaf",
        "message": "The worker's main loop turns, but fetches no messages.",
        "started": True,
        "live": False,
        "ready": False,
        "consuming": False,
    }
    return encoded(worker_answer(verdict=verdict, **changes))


def test_the_age_of_the_report_and_a_restart_hold_are_read() -> None:
    reading = reading_of(body(written_age=1.5, restart_hold_seconds_left=12))
    assert (reading.age, reading.restart_hold_left) == (1.5, 12.0)
    assert not reading.verdict.live


def test_a_sidecar_without_a_report_or_a_restart_hold_has_no_age_and_no_hold() -> None:
    reading = reading_of(body(written_age=None, restart_hold_seconds_left=None))
    assert (reading.age, reading.restart_hold_left) == (0.0, None)


@pytest.mark.parametrize("key", ["written_age", "restart_hold_seconds_left"])
def test_words_in_place_of_seconds_are_no_report(key: str) -> None:
    with pytest.raises(SidecarError, match=f"invalid in field {key}"):
        reading_of(body(**{key: "soon"}))


class Sidecar:
    """The sidecars of some pods, by pod uid; those of ``hanging`` never answer."""

    def __init__(self) -> None:
        self.hanging: set[str] = set()

    async def fetch(self, pod: Json, token: str) -> bytes:
        if pod["metadata"]["uid"] in self.hanging:
            await asyncio.Event().wait()
        return body(
            written_age=1.0,
            restart_hold_seconds_left=9.0,
            drain_requested=True,
            drain_requested_for=4.0,
        )


def pods(*uids: str) -> list[Json]:
    return [
        {"metadata": {"uid": uid, "name": uid}, "status": {"phase": "Running", "podIP": "10.0.0.1"}}
        for uid in uids
    ]


Scene = tuple[Sidecar, Reports[SidecarReading], list[float]]


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 0.01)
    sidecar, now = Sidecar(), [100.0]
    reports = Reports(Sidecars(sidecar), reading_of, as_of_now, lambda: now[0])
    yield sidecar, reports, now
    reports.close()


async def test_a_sidecar_that_hangs_delays_no_snapshot_and_its_last_reading_grows_older(scene: Scene) -> None:
    sidecar, reports, now = scene
    await reports.refresh(pods("a", "b"), TOKEN)
    sidecar.hanging = {"a"}
    now[0] += 2.0
    seen = (await reports.refresh(pods("a", "b"), TOKEN)).readings
    assert (seen["a"].late, seen["b"].late) == (True, False)
    assert (seen["a"].age, seen["a"].restart_hold_left, seen["a"].drain_requested_for) == (3.0, 7.0, 6.0)
    assert (seen["b"].age, seen["b"].restart_hold_left, seen["b"].drain_requested_for) == (1.0, 9.0, 4.0)


async def test_a_new_pod_whose_sidecar_hangs_has_no_reading_yet(scene: Scene) -> None:
    sidecar, reports, _ = scene
    sidecar.hanging = {"a"}
    found = await reports.refresh(pods("a", "b"), TOKEN)
    assert found.readings.keys() == {"b"}
    assert found.errors == {"a": "no answer yet"}


async def test_a_pod_that_is_gone_is_forgotten_with_its_open_question(scene: Scene) -> None:
    sidecar, reports, _ = scene
    await reports.refresh(pods("a"), TOKEN)
    sidecar.hanging = {"a"}
    await reports.refresh(pods("a"), TOKEN)
    assert await reports.refresh([], TOKEN) == PodReadings({}, {})
    sidecar.hanging.clear()
    assert not (await reports.refresh(pods("a"), TOKEN)).readings["a"].late


async def test_many_silent_pods_keep_none_from_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = [f"lost-{number}" for number in range(3 * AT_ONCE_OF_ONE)]
    asked_twice: set[str] = set()

    class LostNode(Sidecar):
        async def fetch(self, pod: Json, token: str) -> bytes:
            uid = pod["metadata"]["uid"]
            if uid in lost and uid not in asked_twice:
                asked_twice.add(uid)
                raise SidecarError("no answer")
            return await super().fetch(pod, token)

    sidecar = LostNode()
    reports = Reports(Sidecars(sidecar), reading_of, as_of_now)
    found = await reports.refresh(pods(*lost, "a"), TOKEN)
    assert found.readings.keys() == {"a"}
    assert found.errors == dict.fromkeys(lost, "no answer")
    sidecar.hanging = set(lost)
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 0.1)
    assert not (await reports.refresh(pods(*lost, "a"), TOKEN)).readings["a"].late
    reports.close()


async def test_an_answer_that_the_operator_fails_to_read_is_an_error_of_that_pod_alone() -> None:
    def read(body: bytes) -> SidecarReading:
        if bodies.pop():
            raise OverflowError("hunter2")
        return reading_of(body)

    bodies = [False, True]
    reports = Reports(Sidecars(Sidecar()), read, as_of_now)
    found = await reports.refresh(pods("a", "b"), TOKEN)
    assert len(found.readings) == 1
    assert list(found.errors.values()) == ["the operator failed to read the answer (OverflowError)"]
    reports.close()
