"""The sidecar's answers: to probes, to ``GET /report`` and to orders."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from celery_health.wire.beat_report import BeatReport
from celery_health.wire.bounds import ANSWER_BYTES, ENDS_LENGTH, Name, Seconds, Sentence, Version
from celery_health.wire.deaths import ProcessEnd
from celery_health.wire.documents import Format
from celery_health.wire.orders import QuarantineBody
from celery_health.wire.worker_report import WorkerReport


class ProcessState(StrEnum):
    """What the sidecar knows of the main process, from the lock that the process holds."""

    UNSEEN = "unseen"
    RUNNING = "running"
    ENDED = "ended"


class VerdictAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on the process. ``started``, ``live`` and ``ready`` are the answers to the three probes."""

    reason: Name
    message: Sentence
    started: bool
    live: bool
    ready: bool


class WorkerVerdictAnswer(VerdictAnswer, frozen=True, kw_only=True):
    """The verdict on a worker. ``consuming`` is None where the transport does not show it."""

    consuming: bool | None


class BrokerCheckAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The last broker check of the sidecar. ``reachable`` is None where it is not known.

    ``checked_age``: seconds since the check ended, None before the first.
    """

    reachable: bool | None
    reason: Name
    message: Sentence
    checked_age: Seconds | None = None


class ProcessAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of every answer to ``GET /report``. Ages are seconds, None where there is nothing to be old.

    ``report_error`` says why the agent's report cannot be read; empty if it can, or if there is none.
    ``restart_hold_seconds_left``: None without a restart hold.
    """

    version: Version
    process: ProcessState
    written_age: Seconds | None
    report_error: Sentence
    broker: BrokerCheckAnswer
    restart_hold_seconds_left: Seconds | None


class WorkerAnswer(ProcessAnswer, frozen=True, kw_only=True):
    """The answer about a worker. ``drain_requested_for``: seconds, None where no drain is requested.
    ``drain_expires_in``: seconds until the drain ends by itself, None where it does not.

    ``ends`` are the deaths of earlier worker processes of this pod that the sidecar saw, the newest last.
    ``quarantine`` is the order in force, None if there has been none. ``task_events_requested`` is None where
    the sidecar does not take that order.
    """

    role: Literal["worker"]
    hostname: Name
    verdict: WorkerVerdictAnswer
    report: WorkerReport | None
    loop_age: Seconds | None
    drain_requested: bool
    drain_requested_for: Seconds | None
    drain_expires_in: Seconds | None = None
    ends: Annotated[tuple[ProcessEnd, ...], Meta(max_length=ENDS_LENGTH)] = ()
    quarantine: QuarantineBody | None = None
    task_events_requested: bool | None = None


class BeatAnswer(ProcessAnswer, frozen=True, kw_only=True):
    """The answer about beat."""

    role: Literal["beat"]
    verdict: VerdictAnswer
    report: BeatReport | None
    tick_age: Seconds | None


WORKER_ANSWER = Format("answer of the sidecar", WorkerAnswer, ANSWER_BYTES)
BEAT_ANSWER = Format("answer of the sidecar", BeatAnswer, ANSWER_BYTES)


class ReasonAnswer(msgspec.Struct, frozen=True):
    """The answer to a probe, and to an order that is refused."""

    reason: Name
    message: Sentence


class DrainAnswer(msgspec.Struct, frozen=True):
    """The answer to the orders drain and undrain."""

    drain_requested: bool


class RestartHoldAnswer(msgspec.Struct, frozen=True):
    """The answer to the order restart hold. None: no restart hold is in force."""

    restart_hold_seconds_left: Seconds | None
