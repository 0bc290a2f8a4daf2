"""The base of all feeds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from celery_monitor.history import History
from celery_monitor.live.views import LiveViews
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.updates.feeds.stored import Stored
from celery_monitor.web.updates.versions import VersionedDocuments


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where feeds read from. ``recent_task``: a task in memory. ``clock``: Unix time in seconds."""

    history: History
    live: LiveViews
    recent_task: Callable[[str], TaskRecord | None]
    clock: Callable[[], float]


class Feed:
    """The documents of one subscription, shared by all clients that have an equal one.

    ``ready``: the documents are complete, so that clients can get a snapshot. ``problem``: why the history
    cannot be read now, as a sentence. ``read_at``: when the last reading began, Unix time in seconds; None
    before the first.
    """

    weight = 100
    """How many documents it may have, about."""
    reads = True
    """Whether it reads the history. Other feeds are ready after ``refresh``."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.documents = VersionedDocuments()
        self.ready = False
        self.problem: str | None = None
        self.read_at: float | None = None

    def refresh(self) -> None:
        """Take over what is in memory. Called often, and never waits."""

    @property
    def pause(self) -> float:
        """Seconds from the begin of one reading to the next. Infinite: it is read once."""
        return math.inf

    async def read(self) -> None:
        """Read the history.

        Raises:
            HistoryUnavailableError: the history cannot be read now.
        """

    def take(self, stored: Sequence[Stored]) -> None:
        """Take in tasks that were stored just now."""
