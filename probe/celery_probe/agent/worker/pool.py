"""The kind, size and processes of a worker's pool."""

from __future__ import annotations

from typing import Any, Sequence

from celery_probe.agent import natives

# A child that lived this long is well, and at least this much longer than Celery waits for its first word.
SURVIVAL_SECONDS = 15.0
LATE_SECONDS = 5.0

# Celery's modules are named in the singular where the option is not.
KINDS = {"thread": "threads"}


def kind(pool: Any) -> str:
    """The pool as ``celery worker --pool`` names it."""
    module = type(pool).__module__.rsplit(".", 1)[-1]
    return KINDS.get(module, module)


def size(pool: Any) -> int:
    """How many tasks the pool runs at a time."""
    # gevent's own num_processes counts the tasks that run, in Celery before 5.6.
    return int(getattr(getattr(pool, "_pool", None), "_processes", None) or pool.limit or 0)


def pids(pool: Any) -> list[int]:
    """The processes of a prefork pool; of other pools there are none."""
    return [child.pid for child in _children(pool) if child.pid]


class PoolWatch:
    """Follows the children of a prefork pool; of other pools there are none.

    ``pids`` are those that live. ``births`` counts the children started since a task last began or ended, or
    since one of them last survived a while. ``alive_mono`` is the last moment at which one lived.
    """

    def __init__(self) -> None:
        self.pids: list[int] = []
        self.births = 0
        self.alive_mono: float | None = None
        self._first_seen: dict[int, float] = {}
        self._progress: float | None = None
        self._counted_from: int | None = None

    def note(self, pool: Any, progress: float | None, now: float) -> None:
        """Observe the pool at the moment ``now``; ``progress`` is when a task last began or ended."""
        children = _children(pool)
        self.pids = [child.pid for child in children if child.pid and lives(child.pid)]
        if self.pids:
            self.alive_mono = now
        self._first_seen = {pid: self._first_seen.get(pid, now) for pid in self.pids}
        oldest = min(self._first_seen.values(), default=now)
        survived = now - oldest >= _survival(pool)
        started = max((child._identity[-1] for child in children), default=self._counted_from or 0)
        if survived or progress != self._progress or self._counted_from is None:
            self._counted_from = started
        self._progress = progress
        self.births = max(0, started - self._counted_from)


def lives(pid: int) -> bool:
    """Whether that process runs: one that ended and was not yet waited for does not."""
    try:
        # The built-in open() is a green one under eventlet.
        descriptor = natives.open_descriptor(f"/proc/{pid}/stat", natives.O_RDONLY)
    except OSError:
        return False
    try:
        # The name before the state is in parentheses, and may have some itself.
        return not natives.read(descriptor, 512).rpartition(b")")[2].lstrip().startswith((b"Z", b"X"))
    except OSError:
        return False
    finally:
        natives.close_descriptor(descriptor)


def _children(pool: Any) -> Sequence[Any]:
    children = getattr(getattr(pool, "_pool", None), "_pool", None)
    return list(children) if kind(pool) == "prefork" and children is not None else []


def _survival(pool: Any) -> float:
    """How long a child has to live to be well: Celery kills one that says nothing for a while."""
    patience = getattr(getattr(pool, "_pool", None), "_proc_alive_timeout", None) or 0.0
    return max(SURVIVAL_SECONDS, float(patience) + LATE_SECONDS)
