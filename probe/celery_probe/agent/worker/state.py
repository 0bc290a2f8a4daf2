"""What the agent knows of its worker: the consumer's loop writes it, the reporter reads it."""

from __future__ import annotations

from typing import Any

from celery_probe.agent import contract
from celery_probe.agent.worker.death_log import DeathLog

STARTING = "starting"
CONNECTING = "connecting"
CONSUMING = "consuming"
DRAINING = "draining"
STOPPING = "stopping"

# celery.bootsteps.CLOSE and TERMINATE; this module is there before Celery is.
STOP_STATES = (2, 3)

# The transport of a worker that has not connected yet, and what a transport leaves unknown.
NO_EVIDENCE: dict[str, Any] = {
    "kind": "",
    "consumer_tags": None,
    "poller": None,
    "polling": None,
    "can_consume": None,
    "priority_steps": None,
    "separator": None,
    "key_prefix": None,
    "visibility_timeout": None,
    "pop_timeout": None,
}


class Worker:
    """Shared without a lock: the loop sets each attribute in one step, and the reporter only reads.

    ``drained``: a drain is requested, and no more message can arrive from the broker. ``quarantined_total``:
    messages moved to a dead-letter queue; ``quarantine_waiting``: messages that are still to be moved;
    ``quarantine_problem``: why the last attempt failed, in a sentence.
    ``task_events``: whether the worker sends task events. ``ended_by``: the task because of which the whole
    worker is about to end, as the report has it.
    """

    def __init__(self) -> None:
        self.hostname = ""
        self.controller: Any = None
        self.consumer: Any = None
        self.consumer_starts = 0
        self.connected = False
        self.ended = False
        self.drained = False
        self.loop_mono: float | None = None
        self.loop_due_mono: float | None = None
        self.loop_thread = 0
        self.loop_greenlet: Any = None
        self.fetching: bool | None = None
        self.fetched_mono: float | None = None
        self.answered_mono: float | None = None
        self.evidence: dict[str, Any] = dict(NO_EVIDENCE)
        self.queues: list[str] = []
        self.prefetch: int | None = None
        self.initial_prefetch: int | None = None
        self.deaths = DeathLog()
        self.quarantined_total = 0
        self.quarantine_waiting = 0
        self.quarantine_problem = ""
        self.task_events: bool | None = None
        self.ended_by: dict[str, Any] | None = None

    def quarantine_stats(self, queue: str, listed: list[dict[str, Any]]) -> dict[str, Any]:
        """The entry of an answer to ``inspect stats``. ``listed``: the tasks in quarantine, where known."""
        kept = {"waiting": self.quarantine_waiting, "problem": self.quarantine_problem}
        return {contract.QUARANTINE_STAT: contract.bounded({"queue": queue, "tasks": listed, **kept})}


def phase(worker: Worker, celery_state: Any) -> str:
    """The worker's phase; ``celery_state`` is ``celery.worker.state``, None before its import."""
    if worker.ended or _stop_requested(celery_state) or _stops(worker.controller):
        return STOPPING
    # Celery counts its consumer's starts from -1; the first may wait for the broker for any time.
    consumer = getattr(worker.controller, "consumer", None)
    if consumer is None or consumer.restart_count < 0:
        return STARTING
    if not worker.connected:
        return CONNECTING
    return DRAINING if worker.drained else CONSUMING


def _stop_requested(celery_state: Any) -> bool:
    """Whether a signal requested the end: Celery sets one of these to the exit status, which may be 0."""
    requests = (getattr(celery_state, "should_stop", None), getattr(celery_state, "should_terminate", None))
    return any(request is not None and request is not False for request in requests)


def _stops(controller: Any) -> bool:
    return getattr(getattr(controller, "blueprint", None), "state", None) in STOP_STATES
