"""Beat's pods and the answers of their sidecars, read into BeatSnapshots: pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from celery_health.catalogue.beat import BeatReason
from celery_health.redaction import redact
from celery_health.verdicts.beat import BeatSnapshot
from celery_health.wire.answers import BEAT_ANSWER
from celery_health.wire.documents import UnreadableError
from celery_operator.api import names
from celery_operator.decide.evidence.container_failures import last_line
from celery_operator.kinds import Json
from celery_operator.observe.latest import Answer
from celery_operator.observe.pods import container_failure
from celery_operator.observe.reports import PodReadings
from celery_operator.observe.sidecars import SidecarError


@dataclass(frozen=True, slots=True)
class BeatReading:
    """The answer of the sidecar of one beat. ``tick_age`` and ``restart_hold_left`` are in seconds."""

    reason: BeatReason
    message: str
    live: bool
    tick_age: float | None
    report_present: bool
    restart_hold_left: float | None


def beat_snapshots(
    pods: Iterable[Json], beats: PodReadings[BeatReading], now: datetime
) -> tuple[BeatSnapshot, ...]:
    """The beats among these pods."""
    return tuple(_beat_snapshot(pod, beats, now) for pod in pods if is_beat(pod))


def is_beat(pod: Json) -> bool:
    """Whether this pod is beat's."""
    labels = pod["metadata"].get("labels", {})
    return bool(labels.get(names.LABEL_COMPONENT) == names.COMPONENT_BEAT)


def _beat_snapshot(pod: Json, beats: PodReadings[BeatReading], now: datetime) -> BeatSnapshot:
    """One beat pod. A pod that has finished counts as leaving: it sends nothing more."""
    reading = beats.readings.get(pod["metadata"]["uid"])
    metadata, status = pod["metadata"], pod["status"]
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    over = status.get("phase") in {"Succeeded", "Failed"}
    return BeatSnapshot(
        pod=metadata["name"],
        uid=metadata["uid"],
        deleting=over or "deletionTimestamp" in metadata,
        ready=conditions.get("Ready", {}).get("status") == "True",
        reason=reading.reason if reading else None,
        message=reading.message if reading else "",
        live=reading.live if reading else None,
        tick_age=reading.tick_age if reading else None,
        report_present=reading.report_present if reading else False,
        restart_hold_left=reading.restart_hold_left if reading else None,
        container_failure=_container_failure(pod),
        sidecar_error=beats.errors.get(metadata["uid"], ""),
        overdue_for=0.0 if over else _overdue_for(metadata, now),
    )


def _overdue_for(metadata: Json, now: datetime) -> float:
    """A deletion's timestamp is when its grace period ends."""
    if "deletionTimestamp" not in metadata:
        return 0.0
    return max(0.0, (now - datetime.fromisoformat(metadata["deletionTimestamp"])).total_seconds())


def reading_of(body: bytes) -> BeatReading:
    """A reading from the body of beat's ``/report``. Raises SidecarError for one that is unreadable."""
    try:
        answer = BEAT_ANSWER.decode(body)
        return BeatReading(
            reason=BeatReason.named(answer.verdict.reason),
            message=redact(answer.verdict.message),
            live=answer.verdict.live,
            tick_age=answer.tick_age,
            report_present=answer.report is not None,
            restart_hold_left=answer.restart_hold_seconds_left,
        )
    except UnreadableError as error:
        raise SidecarError(str(error)) from error
    except ValueError as error:
        raise SidecarError("The answer of the sidecar has an unknown reason.") from error


def as_of_now(answer: Answer[BeatReading]) -> BeatReading:
    """The reading, aged by the time since its answer."""
    age, restart_hold_left = answer.value.tick_age, answer.value.restart_hold_left
    return replace(
        answer.value,
        tick_age=None if age is None else age + answer.seconds_ago,
        restart_hold_left=None
        if restart_hold_left is None
        else max(0.0, restart_hold_left - answer.seconds_ago),
    )


def _container_failure(pod: Json) -> str:
    """Why a container does not run, in one line; empty if nothing is wrong."""
    found = container_failure(pod)
    if found is None:
        return ""
    where = f"container {found.container}" if found.container else "the pod"
    return f"{where}: {found.reason}: {last_line(found)}"
