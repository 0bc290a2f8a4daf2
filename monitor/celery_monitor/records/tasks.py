"""One task and its runs, as merged from events.

Times are Unix time in seconds of the monitor's clock: the clock skew of a worker is corrected before. None
means unknown, never zero. Texts are capped and redacted before they get here.
"""

import msgspec

from celery_monitor.records.states import PENDING


class Run(msgspec.Struct, kw_only=True, gc=False):
    """One execution of a task by one worker. A task that is retried or delivered again has several.

    ``outcome``: the state that ended the run, ``LOST`` if its worker is gone, ``UNREPORTED`` if the worker
    has ended it and no event of the end came, None while it lasts. ``reason``: why it was revoked, in words:
    it expired, or was terminated. ``runtime`` in seconds as the worker measured it. ``retries``: how many
    retries came before this run.
    """

    number: int
    worker: str
    received: float | None = None
    started: float | None = None
    finished: float | None = None
    outcome: str | None = None
    reason: str | None = None
    runtime: float | None = None
    retries: int = 0
    exception: str | None = None
    traceback: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has started and not ended."""
        return self.started is not None and self.outcome is None


class TaskRecord(msgspec.Struct, kw_only=True, gc=False):
    """One task id. ``state`` is Celery's, a custom one, ``LOST`` or ``UNREPORTED``. ``reason``: of its run.

    ``queue``, ``exchange``, ``routing_key``, ``priority`` and ``group_id`` are None unless a source names
    them: the event task-sent, the agent's report, or a result with ``result_extended``. ``args`` and
    ``kwargs`` are the worker's shortened representations; ``arguments_truncated`` says whether something is
    missing in them. ``progress`` is the JSON text of the meta of a custom state. ``run_twice``: a second run
    began after a success, or while another worker was running the task. ``updated``: when the monitor last
    received something about the task. ``at``: when the task was sent, or else first seen; the history sets it
    in the records that it reads.
    """

    id: str
    name: str | None = None
    state: str = PENDING
    args: str | None = None
    kwargs: str | None = None
    arguments_truncated: bool = False
    result: str | None = None
    exception: str | None = None
    traceback: str | None = None
    retries: int = 0
    worker: str | None = None
    sender: str | None = None
    queue: str | None = None
    exchange: str | None = None
    routing_key: str | None = None
    priority: int | None = None
    eta: float | None = None
    expires: float | None = None
    root_id: str | None = None
    parent_id: str | None = None
    group_id: str | None = None
    sent: float | None = None
    received: float | None = None
    started: float | None = None
    finished: float | None = None
    reason: str | None = None
    runtime: float | None = None
    progress: str | None = None
    run_twice: bool = False
    state_time: float = 0.0
    clock: int = 0
    updated: float = 0.0
    at: float | None = None
    runs: list[Run] = []
