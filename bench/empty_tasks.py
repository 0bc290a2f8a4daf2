# mypy: disable-error-code="untyped-decorator, misc"
# Celery ships no types, so its decorators are untyped.
"""An application whose one task does nothing: all that is left to measure is the worker itself.

kombu's loop calls its hooks in the order of a set, which is that of their addresses in memory. There are
two: one asks Redis for messages, one gives tasks to the pool. Their order changes the CPU of a task by some
percent, and any module that a worker imports may change it. Here the order is always the same.
"""

from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.worker import components
from kombu.asynchronous.hub import Hub


class _OrderedHooks(dict[Callable[[], None], None]):
    """The part of a set that the hub uses."""

    def add(self, hook: Callable[[], None]) -> None:
        self[hook] = None

    def remove(self, hook: Callable[[], None]) -> None:
        del self[hook]


class _OrderedHub(Hub):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.on_tick = _OrderedHooks()


components._Hub = _OrderedHub

app = Celery("empty")
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(name="empty.nothing")
def nothing() -> None:
    """Do nothing."""
