"""The kind, size and processes of a worker's pool."""

from __future__ import annotations

from typing import Any

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
    """The child processes of a prefork pool; none for the others."""
    children = getattr(getattr(pool, "_pool", None), "_pool", None)
    if kind(pool) != "prefork" or children is None:
        return []
    return [child.pid for child in list(children) if child.pid]
