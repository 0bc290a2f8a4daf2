"""Started tasks that run far too long, and tasks whose worker is gone."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from celery_monitor.clocks import passed
from celery_monitor.history.errors import HistoryUnavailableError
from celery_monitor.history.filters import TaskFilter, Term
from celery_monitor.history.history import History
from celery_monitor.history.views import Sort, SortKey
from celery_monitor.live.why.tasks import Percentile
from celery_monitor.metrics.labels import UNKNOWN
from celery_monitor.records.states import LOST, STARTED
from celery_monitor.records.tasks import TaskRecord

LEAST_SECONDS = 300.0
"""A task that runs for a shorter time is never stuck."""
FACTOR = 3.0
"""How many times its 99th percentile a task may run."""
GRACE_SECONDS = 60.0
"""How long after its time limit a task may end."""
LOST_SECONDS = 3_600.0
"""How long a lost task counts."""
MOST_TASKS = 5_000
"""Tasks of each kind that are checked: the started ones that were sent first, the lost ones sent last."""
_ASK_AGAIN_SECONDS = 600.0

_LOST = TaskFilter((Term(field="state", value=LOST),))
_OLDEST_FIRST = Sort(SortKey.TIME, descending=False)

Runtime = Callable[[str], Awaitable[Percentile | None]]


def time_limits(app: Any) -> Callable[[str], float | None]:
    """The hard time limit of a task by its name, as the application has it. ``app`` may be None."""
    if app is None:
        return lambda _name: None

    def limit(name: str) -> float | None:
        own = getattr(app.tasks.get(name), "time_limit", None)
        found = own if own is not None else app.conf.task_time_limit
        return float(found) if found else None  # 0: no limit

    return limit


class StuckTasks:
    """``runtime``: the 99th percentile of a name; ``limit``: its time limit."""

    def __init__(
        self,
        history: History,
        runtime: Runtime,
        limit: Callable[[str], float | None],
        clock: Callable[[], float],
    ) -> None:
        self._history = history
        self._runtime = runtime
        self._limit = limit
        self._clock = clock
        self._known: dict[str, tuple[float, Percentile | None]] = {}

    async def find(self) -> Mapping[str, int] | None:
        """How many tasks are stuck, by name. None while the history does not answer."""
        now = self._clock()
        long_ago = Term(field="before", value=LEAST_SECONDS, comparison="ago")
        started = TaskFilter((Term(field="state", value=STARTED), long_ago))
        found = Counter[str]()
        try:
            async for record in self._tasks(_LOST, Sort()):
                found[record.name or UNKNOWN] += now - record.state_time < LOST_SECONDS
            async for record in self._tasks(started, _OLDEST_FIRST):
                found[record.name or UNKNOWN] += await self._runs_too_long(record, now)
        except HistoryUnavailableError:
            return None
        return +found

    async def _tasks(self, wanted: TaskFilter, sort: Sort) -> AsyncIterator[TaskRecord]:
        """The first tasks in an order, a page at a time."""
        left = MOST_TASKS
        async for record in self._history.stream(wanted, sort):
            yield record
            left -= 1
            if not left:
                return

    async def _runs_too_long(self, record: TaskRecord, now: float) -> bool:
        if record.started is None or record.name is None or now - record.started < LEAST_SECONDS:
            return False
        seconds = now - record.started
        limit = self._limit(record.name)
        if limit is not None and seconds > limit + GRACE_SECONDS:
            return True
        usual = await self._usual(record.name, now)
        return usual is not None and seconds > FACTOR * usual.p99

    async def _usual(self, name: str, now: float) -> Percentile | None:
        at, percentile = self._known.get(name, (0.0, None))
        if passed(at, _ASK_AGAIN_SECONDS, now):
            if len(self._known) >= MOST_TASKS:
                self._known.clear()
            percentile = await self._runtime(name)
            self._known[name] = now, percentile
        return percentile
