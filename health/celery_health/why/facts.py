"""What is known of one task, for the question why it is not running. None always means unknown, never zero.

Times are Unix time in seconds, durations are seconds. The facts come from the broker, the workers, the result
backend and the history, as far as these can be read; a fact that no source gives stays None.
"""

from dataclasses import dataclass
from enum import Enum

from celery_health.verdicts.verdict import Verdict


class Held(Enum):
    """In which way a worker has a task."""

    ACTIVE = "active"
    RESERVED = "reserved"
    ETA = "ETA"
    UNKNOWN = "unknown"
    """The worker has fetched the task, and nothing says more."""


class Outcome(Enum):
    """How a task ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVOKED = "revoked"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class BlockingTask:
    """A task that keeps a slot of the holder busy."""

    id: str
    name: str
    running_for: float | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """The worker that has the task.

    ``blocking``: its active tasks, the longest first. ``slots``: how many tasks it runs at one time.
    ``rate_limit``: the task's rate limit there, as Celery writes it (``10/m``). ``fault``: what is wrong with
    the worker, such as ``deaf``; ``restarting``: whether it is being restarted because of that.
    """

    worker: str
    held: Held
    since: float | None = None
    slots: int | None = None
    blocking: tuple[BlockingTask, ...] = ()
    rate_limit: str | None = None
    fault: str | None = None
    restarting: bool = False
    online: bool | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue in which the task waits, or into which it was sent.

    ``ahead``: ready messages that are delivered before this one. ``at_least``: the search ended before the
    task was found, and at least this number is ahead. ``found``: whether its message was seen in the queue.
    ``consumers``: by the broker; ``workers``: names of workers that consume the queue; ``deaf``: those of
    them that fetch nothing. ``slots``: of all of them together. ``rate``: tasks that they finish a second.
    """

    name: str
    ready: int | None = None
    ahead: int | None = None
    at_least: bool = False
    found: bool | None = None
    consumers: int | None = None
    workers: tuple[str, ...] | None = None
    deaf: tuple[str, ...] = ()
    slots: int | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The worker group that consumes the queue, as the operator knows it.

    ``reason_for_zero``: why it has no replicas, as a sentence. ``pending``: why a pod of it cannot start, as
    a sentence; ``pending_pod``: its name.
    """

    name: str
    desired: int | None = None
    ready: int | None = None
    reason_for_zero: str | None = None
    pending: str | None = None
    pending_pod: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person acts. ``app``: the value of ``celery -A``, empty if Celery needs none.

    In a cluster the other two are set.
    """

    app: str = "APP"
    namespace: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """How far the sources reach.

    ``broker``: its address. ``broker_error``: why the broker cannot be read, as a sentence.
    ``workers_known``: every worker has answered. ``worker_count``: how many. ``task_events``: whether workers
    send task events to the one that asks; ``sent_events``: whether producers send task-sent. ``history``:
    whether a history was asked. ``backend``: whether a result backend was asked. ``not_searched``: sentences
    about what could not be searched. ``events_since``: since when events are received; ``delay``: after how
    many seconds a task that was sent shows everywhere.
    """

    broker: str = ""
    broker_error: str | None = None
    workers_known: bool | None = None
    worker_count: int | None = None
    task_events: bool | None = None
    sent_events: bool | None = None
    history: bool = False
    backend: bool | None = None
    not_searched: tuple[str, ...] = ()
    events_since: float | None = None
    delay: float | None = None


EXPIRED = "expired"
"""The reason of a worker that revoked a task because its time had passed."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """Everything that is known of one task.

    ``outcome`` of its last run, ``error`` its exception in one line. ``result_kept``: whether the result
    backend still has the result. ``lost_with``: the worker that is gone with the task. ``end_missing``: its
    worker has ended it, and nothing says how. ``p99``: the runtime that 99 % of the runs of this name stay
    below, over ``p99_runs`` runs. ``revoke_ordered``: a revoke waits for the task; ``revoked_by``: who asked,
    at ``revoke_asked``; ``revoke_sends``: how often workers were ordered; ``revoke_reason``: ``expired``, or
    how the worker terminated it. ``quarantined``: its id is in quarantine; ``not_moved``: why its message is
    not in the dead-letter queue yet, as a sentence; ``dead_letter_queue``: where its message is now.
    ``deaths``: how many processes died while they ran it; ``poison``: the verdict on that, if they are
    enough. ``left_by``: the worker that has begun it, and does not have it any more.
    ``unacknowledged``: whether the broker has its message as delivered; ``redelivery``: after how many
    seconds the broker delivers it again.
    ``retries``: how many retries came before; ``awaits_retry``: it failed and is to run again.
    ``succeeded_as``: the id of a task that a person sent again for this one, and that succeeded.
    """

    id: str
    now: float
    name: str | None = None
    sent: float | None = None
    received: float | None = None
    started: float | None = None
    finished: float | None = None
    eta: float | None = None
    expires: float | None = None
    outcome: Outcome | None = None
    error: str | None = None
    worker: str | None = None
    result_kept: bool | None = None
    lost_with: str | None = None
    end_missing: bool = False
    p99: float | None = None
    p99_runs: int = 0
    revoke_ordered: bool = False
    revoked_by: str | None = None
    revoke_asked: float | None = None
    revoke_sends: int | None = None
    revoke_reason: str | None = None
    quarantined: bool = False
    not_moved: str = ""
    dead_letter_queue: str | None = None
    deaths: int = 0
    poison: Verdict | None = None
    left_by: str | None = None
    unacknowledged: bool | None = None
    redelivery: float | None = None
    retries: int = 0
    awaits_retry: bool = False
    succeeded_as: str | None = None
    run_twice: bool = False
    holder: Holder | None = None
    queue: Queue | None = None
    group: Group | None = None
    place: Place = Place()
    sources: Sources = Sources()
