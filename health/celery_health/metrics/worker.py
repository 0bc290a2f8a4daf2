"""The metrics of this worker: they begin when Celery sets up the worker's main process."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celery import Task, signals
from celery.local import Proxy
from celery.utils.imports import symbol_by_name

from celery_health.metrics.arguments import Argument, argument_of
from celery_health.metrics.options import BUCKETS, Options, checked, chosen_folder
from celery_health.metrics.recorder import Recorder
from celery_health.metrics.writer import keep_in

log = logging.getLogger(__name__)

REQUEST = "celery_health.metrics.request:MonitoredRequest"
"""The request class of a task that is counted, as Celery imports it. Only workers import it."""

MARK = "_celery_health_monitored"
"""The attribute of functions that ``monitor_task`` has marked; decorators with functools.wraps pass it on."""


class WorkerMetrics:
    """The counters, what the application chose for them, and the tasks that it wants counted."""

    def __init__(self) -> None:
        self.options = Options()
        self.recorder = Recorder(self.options)
        self.shown: Callable[[], bytes] = self.recorder.encode
        """The document for scrapers."""
        self.is_worker = False
        self._monitored: list[Any] = []
        self._arguments: dict[str, Argument] = {}
        self._when_begun: list[Callable[[], None]] = []

    def choose(self, options: Options) -> None:
        """Count by these options: from zero, so they come before any task."""
        self.options = options
        self.recorder.use(options)
        self._arguments.clear()

    def monitor(self, task: Any) -> None:
        """Have a task counted, given as its function, as itself, or as the proxy of ``shared_task``."""
        # `isinstance` would resolve a proxy, and so finalize the application while it is being imported.
        if issubclass(type(task), (Proxy, Task)):
            self._monitored.append(task)
        else:
            setattr(task, MARK, True)

    def when_begun(self, call: Callable[[], None]) -> None:
        """Call this in the worker's main process, now or later; in other processes never."""
        if self.is_worker:
            call()
        else:
            self._when_begun.append(call)

    def begin(self, app: Any) -> None:
        """This is a worker's main process, with all tasks imported and none begun."""
        if self.is_worker:
            return
        self.is_worker = True
        for task in self._monitored:
            # The process may import the tasks of another application too.
            if task.name in app.tasks:
                _count(app.tasks[task.name])
        for task in app.tasks.values():
            if getattr(task.run, MARK, False):
                _count(task)
        if folder := chosen_folder():
            self.shown = keep_in(folder, self.recorder) or self.shown
        for call in self._when_begun:
            call()

    def label_value(self, task: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """The value of the label for a run with these arguments; empty without one."""
        if not self.options.label:
            return ""
        argument = self._arguments.get(task.name)
        if argument is None:
            argument = self._arguments[task.name] = argument_of(task.run, self.options.label)
        return argument.value(args, kwargs)


METRICS = WorkerMetrics()


def configure(
    *,
    prefix: str = "celery",
    label: str | None = "customer_id",
    values: int = 100,
    buckets: Sequence[float] = BUCKETS,
) -> None:
    """Choose how this application's tasks are counted. Call it once, where the application is made.

    Args:
        prefix: the metrics' names begin with it: ``PREFIX_background_job_started_total``.
        label: the name of the argument whose value becomes a label of the same name; None for no label.
        values: how many values of the label one worker keeps. Further ones are ``other``.
        buckets: the upper bounds of the histogram of durations, in seconds.

    Raises:
        MetricsError: a value cannot be used.
    """
    METRICS.choose(checked(prefix, label, values, buckets))


def _count(task: Any) -> None:
    """Have Celery make the requests of this task by our class, joined with the task's own."""
    counting = symbol_by_name(REQUEST)
    own = symbol_by_name(task.Request)
    if not issubclass(own, counting):
        task.Request = counting if issubclass(counting, own) else type(own.__name__, (counting, own), {})


@signals.worker_init.connect(weak=False, dispatch_uid="celery_health.metrics")  # type: ignore[untyped-decorator]
def _begin(sender: Any, **_: Any) -> None:
    try:
        METRICS.begin(sender.app)
    except Exception:
        log.exception("Task metrics: off, because they could not begin.")
