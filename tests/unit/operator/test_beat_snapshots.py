"""Beat's pods and what their sidecars say, read into snapshots."""

from datetime import UTC, datetime
from typing import Any

import pytest

from celery_health.catalogue.beat import BeatReason
from celery_health.verdicts.beat import BeatSnapshot
from celery_operator.api import names
from celery_operator.observe.beat import BeatReading, as_of_now, beat_snapshots, reading_of
from celery_operator.observe.reports import PodReadings, Reports
from celery_operator.observe.sidecars import SidecarError, Sidecars
from tests.unit.wire.documents import beat_answer, encoded

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NONE: PodReadings[BeatReading] = PodReadings({}, {})


def pod(name: str = "shop-beat-1", component: str = names.COMPONENT_BEAT, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": {names.LABEL_COMPONENT: component}},
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
            **status,
        },
    }


class Source:
    """Gives each pod its answer; a pod without one does not answer."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def fetch(self, pod: dict[str, Any], token: str) -> bytes:
        """The answer of that pod."""
        name = pod["metadata"]["name"]
        self.asked.append(name)
        if name not in self.answers:
            raise SidecarError("no answer")
        return self.answers[name]


async def read_beats(source: Source, pods: list[dict[str, Any]]) -> PodReadings[BeatReading]:
    return await Reports(Sidecars(source), reading_of, as_of_now, clock=lambda: 0.0).refresh(pods, "s3cret")


async def test_a_beat_snapshot_has_what_its_sidecar_says() -> None:
    one = pod("beat")
    readings = await read_beats(Source(beat=encoded(beat_answer())), [one])
    assert beat_snapshots([one], readings, NOW) == (
        BeatSnapshot(
            pod="beat",
            uid="uid-beat",
            deleting=False,
            ready=True,
            reason=BeatReason.TICKING,
            message="Beat ticks and has sent 5 tasks.",
            live=True,
            tick_age=2.5,
            report_present=True,
        ),
    )


def test_a_restart_hold_of_beat_is_read() -> None:
    with_hold, without_hold = beat_answer(restart_hold_seconds_left=12.5), beat_answer()
    assert reading_of(encoded(with_hold)).restart_hold_left == 12.5
    assert reading_of(encoded(without_hold)).restart_hold_left is None


async def test_only_running_pods_are_asked() -> None:
    source = Source()
    others = [pod("pending", phase="Pending"), pod("no-address", podIP="")]
    found = await read_beats(source, [pod("silent"), *others])
    assert found == PodReadings({}, {"uid-silent": "no answer"})
    assert source.asked == ["silent"]
    assert [snapshot.pod for snapshot in beat_snapshots(others, NONE, NOW)] == ["pending", "no-address"]


def test_a_silent_beat_has_no_reason() -> None:
    (snapshot,) = beat_snapshots([pod()], NONE, NOW)
    assert (snapshot.reason, snapshot.live, snapshot.ready, snapshot.report_present) == (
        None,
        None,
        True,
        False,
    )


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_finished_beat_is_leaving(phase: str) -> None:
    assert beat_snapshots([pod(phase=phase)], NONE, NOW)[0].deleting


def test_a_deleted_beat_is_leaving() -> None:
    one = pod()
    one["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    assert beat_snapshots([one], NONE, NOW)[0].deleting


def test_why_a_container_does_not_run_is_reported_in_one_line() -> None:
    ended = {"exitCode": 1, "reason": "Error", "message": "Traceback:\n  ...\nImportError: no shop\n"}
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}
    status = {"name": "beat", "restartCount": 3, "state": state, "lastState": {"terminated": ended}}
    (snapshot,) = beat_snapshots([pod(containerStatuses=[status])], NONE, NOW)
    assert snapshot.container_failure == "container beat: Error: ImportError: no shop"


def test_a_pod_without_a_node_is_reported() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    (snapshot,) = beat_snapshots([pod(phase="Pending", conditions=[condition])], NONE, NOW)
    assert snapshot.container_failure == "the pod: Unschedulable: 0/1 nodes"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"verdict": None}, "in field verdict"),
        ({"verdict": {**beat_answer()["verdict"], "reason": "Dancing"}}, "an unknown reason"),
        ({"tick_age": "long"}, "in field tick_age"),
        ({"verdict": {"reason": "Ticking"}}, "missing required field"),
        ({"role": "worker"}, "in field role"),
    ],
)
async def test_an_answer_that_is_not_beats_is_an_error_with_its_cause(
    change: dict[str, Any], cause: str
) -> None:
    body = encoded(beat_answer(**change))
    with pytest.raises(SidecarError, match=cause):
        reading_of(body)
    one = pod("beat")
    found = await read_beats(Source(beat=body), [one])
    assert found.readings == {}
    (snapshot,) = beat_snapshots([one], found, NOW)
    assert cause in snapshot.sidecar_error


def test_no_credentials_reach_a_snapshot() -> None:
    verdict = {**beat_answer()["verdict"], "message": "redis://:hunter2@redis is away."}
    assert "hunter2" not in reading_of(encoded(beat_answer(verdict=verdict))).message


@pytest.mark.parametrize(
    ("timestamp", "overdue_for"),
    [(None, 0.0), ("2026-01-02T03:04:15Z", 0.0), ("2026-01-02T03:03:05Z", 60.0)],
    ids=["stays", "has time", "should have ended"],
)
def test_a_pod_that_should_have_ended_says_for_how_long(timestamp: str | None, overdue_for: float) -> None:
    one = pod()
    if timestamp:
        one["metadata"]["deletionTimestamp"] = timestamp
    assert beat_snapshots([one], NONE, NOW)[0].overdue_for == overdue_for
    one["status"]["phase"] = "Failed"
    assert beat_snapshots([one], NONE, NOW)[0].overdue_for == 0.0
