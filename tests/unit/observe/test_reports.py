"""What a reading keeps of a sidecar's ``/report`` besides the verdict, and who waits for whom."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from celery_operator.kinds import Json
from celery_operator.observe import latest
from celery_operator.observe.reports import Reports
from celery_operator.observe.sidecars import SidecarError, Sidecars, as_of_now, reading_of
from celery_operator.sidecar_address import AT_ONCE
from celery_operator.snapshot import SidecarReading

BODY: dict[str, Any] = {
    "report": None,
    "verdict": {
        "reason": "Deaf",
        "message": "The worker's main loop turns, but fetches no messages.",
        "started": True,
        "live": False,
        "ready": False,
        "consuming": False,
    },
    "broker": {"reachable": True, "message": ""},
}


def test_the_age_of_the_report_and_a_hold_are_read() -> None:
    reading = reading_of({**BODY, "written_age": 1.5, "held_for": 12})
    assert (reading.age, reading.held_for) == (1.5, 12.0)
    assert not reading.verdict.live


@pytest.mark.parametrize("body", [BODY, {**BODY, "written_age": None, "held_for": None}])
def test_a_sidecar_that_tells_neither_holds_nothing(body: dict[str, Any]) -> None:
    reading = reading_of(body)
    assert (reading.age, reading.held_for) == (0.0, None)


@pytest.mark.parametrize("key", ["written_age", "held_for"])
def test_words_in_place_of_seconds_are_no_report(key: str) -> None:
    with pytest.raises(SidecarError):
        reading_of({**BODY, key: "soon"})


class Sidecar:
    """The sidecars of some pods, by pod uid; those of ``hanging`` never answer."""

    def __init__(self) -> None:
        self.hanging: set[str] = set()

    async def fetch(self, pod: Json) -> Json:
        if pod["metadata"]["uid"] in self.hanging:
            await asyncio.Event().wait()
        return {**BODY, "written_age": 1.0, "held_for": 9.0, "drain_wanted": True, "draining_for": 4.0}


def pods(*uids: str) -> list[Json]:
    return [{"metadata": {"uid": uid}, "status": {"phase": "Running", "podIP": "10.0.0.1"}} for uid in uids]


Scene = tuple[Sidecar, Reports[SidecarReading], list[float]]


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 0.01)
    sidecar, now = Sidecar(), [100.0]
    reports = Reports(Sidecars(sidecar), reading_of, as_of_now, lambda: now[0])
    yield sidecar, reports, now
    reports.close()


async def test_a_sidecar_that_hangs_holds_up_no_look_and_its_last_reading_grows_older(scene: Scene) -> None:
    sidecar, reports, now = scene
    await reports.look(pods("a", "b"))
    sidecar.hanging = {"a"}
    now[0] += 2.0
    seen = await reports.look(pods("a", "b"))
    assert (seen["a"].late, seen["b"].late) == (True, False)
    assert (seen["a"].age, seen["a"].held_for, seen["a"].draining_for) == (3.0, 7.0, 6.0)
    assert (seen["b"].age, seen["b"].held_for, seen["b"].draining_for) == (1.0, 9.0, 4.0)


async def test_a_new_pod_whose_sidecar_hangs_has_no_reading_yet(scene: Scene) -> None:
    sidecar, reports, _ = scene
    sidecar.hanging = {"a"}
    assert (await reports.look(pods("a", "b"))).keys() == {"b"}


async def test_a_pod_that_is_gone_is_forgotten_with_its_open_question(scene: Scene) -> None:
    sidecar, reports, _ = scene
    await reports.look(pods("a"))
    sidecar.hanging = {"a"}
    await reports.look(pods("a"))
    assert await reports.look([]) == {}
    sidecar.hanging.clear()
    assert not (await reports.look(pods("a")))["a"].late


async def test_many_silent_pods_keep_none_from_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = [f"lost-{number}" for number in range(3 * AT_ONCE)]
    asked_twice: set[str] = set()

    class LostNode(Sidecar):
        async def fetch(self, pod: Json) -> Json:
            uid = pod["metadata"]["uid"]
            if uid in lost and uid not in asked_twice:
                asked_twice.add(uid)
                raise SidecarError("no answer")
            return await super().fetch(pod)

    sidecar = LostNode()
    reports = Reports(Sidecars(sidecar), reading_of, as_of_now)
    assert (await reports.look(pods(*lost, "a"))).keys() == {"a"}
    sidecar.hanging = set(lost)
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 0.1)
    assert not (await reports.look(pods(*lost, "a")))["a"].late
    reports.close()
