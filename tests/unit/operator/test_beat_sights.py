"""Beat's pods and what their sidecars say, read into sights."""

from typing import Any

import pytest

from celery_health.catalogue.beat import BeatReason
from celery_health.verdicts.beat import BeatSight
from celery_operator.api import names
from celery_operator.observe.beat import BeatReading, as_of_now, beat_sights, reading_of
from celery_operator.observe.reports import Reports
from celery_operator.observe.sidecars import SidecarError, Sidecars

BODY: dict[str, Any] = {
    "version": 1,
    "role": "beat",
    "process": "running",
    "written_age": 0.4,
    "tick_age": 2.5,
    "report": {"kind": "beat"},
    "report_error": "",
    "verdict": {
        "reason": "Ticking",
        "message": "Beat ticks and has sent 5 tasks.",
        "started": True,
        "live": True,
        "ready": True,
    },
    "broker": {"reachable": True, "reason": "Reachable", "message": "", "checked_age": 1.0},
}


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

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def fetch(self, pod: dict[str, Any]) -> dict[str, Any]:
        """The answer of that pod."""
        name = pod["metadata"]["name"]
        self.asked.append(name)
        if name not in self.answers:
            raise SidecarError("no answer")
        return self.answers[name]


async def read_beats(source: Source, pods: list[dict[str, Any]]) -> dict[str, BeatReading]:
    return await Reports(Sidecars(source), reading_of, as_of_now, clock=lambda: 0.0).look(pods)


async def test_beat_is_told_with_what_its_sidecar_says() -> None:
    one = pod("beat")
    readings = await read_beats(Source(beat=BODY), [one])
    assert beat_sights([one], readings) == (
        BeatSight(
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


def test_a_hold_of_beat_is_read_and_absent_where_the_sidecar_is_older() -> None:
    assert reading_of({**BODY, "held_for": 12.5}).held_for == 12.5
    assert reading_of({**BODY, "held_for": None}).held_for is None
    assert reading_of(BODY).held_for is None


async def test_only_running_pods_are_asked() -> None:
    source = Source()
    others = [pod("pending", phase="Pending"), pod("no-address", podIP="")]
    assert await read_beats(source, [pod("silent"), *others]) == {}
    assert source.asked == ["silent"]
    assert [sight.pod for sight in beat_sights(others, {})] == ["pending", "no-address"]


def test_a_silent_beat_has_no_reason() -> None:
    (sight,) = beat_sights([pod()], {})
    assert (sight.reason, sight.live, sight.ready, sight.report_present) == (None, None, True, False)


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_finished_beat_is_leaving(phase: str) -> None:
    assert beat_sights([pod(phase=phase)], {})[0].deleting


def test_a_deleted_beat_is_leaving() -> None:
    one = pod()
    one["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    assert beat_sights([one], {})[0].deleting


def test_why_a_container_does_not_run_is_told_in_one_line() -> None:
    ended = {"exitCode": 1, "reason": "Error", "message": "Traceback:\n  ...\nImportError: no shop\n"}
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}
    status = {"name": "beat", "restartCount": 3, "state": state, "lastState": {"terminated": ended}}
    (sight,) = beat_sights([pod(containerStatuses=[status])], {})
    assert sight.trouble == "container beat: Error: ImportError: no shop"


def test_a_pod_without_a_node_is_told() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    (sight,) = beat_sights([pod(phase="Pending", conditions=[condition])], {})
    assert sight.trouble == "the pod: Unschedulable: 0/1 nodes"


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": None},
        {"verdict": {**BODY["verdict"], "reason": "Dancing"}},
        {"tick_age": "long"},
        {"verdict": {"reason": "Ticking"}},
    ],
)
async def test_an_answer_that_is_none_of_beats_counts_as_silence(change: dict[str, Any]) -> None:
    body = {**BODY, **change}
    with pytest.raises(SidecarError, match="not a report of beat"):
        reading_of(body)
    assert await read_beats(Source(beat=body), [pod("beat")]) == {}


def test_no_credentials_reach_a_sight() -> None:
    verdict = {**BODY["verdict"], "message": "redis://:hunter2@redis is away."}
    assert "hunter2" not in reading_of({**BODY, "verdict": verdict}).message
