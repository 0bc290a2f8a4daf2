"""Starts the agent in a worker that another program starts, such as ``airflow celery worker``.

Such a program imports ``celery.apps.worker`` when it makes its worker, and other processes of an application
do not. Until then nothing of Celery is imported, and hardly anything else: every Python process of the
container imports this module.
"""

from __future__ import annotations

import sys

# Before a patching for gevent or eventlet: the reporter needs the originals.
from celery_probe.agent import natives  # noqa: F401

TYPE_CHECKING = False
if TYPE_CHECKING:  # to import typing takes longer than all else here
    from typing import Any, Callable, Sequence

WORKER_MODULE = "celery.apps.worker"


class AfterImport:
    """A finder of modules that calls ``then`` once, when the module of this name has been imported."""

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> Any:
        """The specification that the other finders have of the module; None for other modules."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            # Up to Python 3.11 a finder may have find_module alone.
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None and spec.loader is not None:
                self._follow(spec.loader)
                return spec
        return None

    def _follow(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            self._then()

        loader.exec_module = exec_module


def install() -> None:
    """Have the agent start with the worker of this process, if there will be one."""
    sys.meta_path.insert(0, AfterImport(WORKER_MODULE, _wait_for_worker))


def _wait_for_worker() -> None:
    if "celery_probe.agent.entry" in sys.modules:
        return  # this process was started by `python /celery-probe`
    try:
        from celery import signals  # noqa: PLC0415 - only when the process has a worker

        signals.celeryd_init.connect(_start, weak=False)
    except Exception as error:
        _complain(error)


def _start(instance: Any, **_: Any) -> None:
    try:
        import atexit  # noqa: PLC0415

        from celery_probe.agent.entry import WorkerAgent, directory  # noqa: PLC0415

        agent = WorkerAgent(directory())
        agent.start()
        agent.attach(instance)
        atexit.register(agent.finish)
    except Exception as error:
        _complain(error)


def _complain(error: Exception) -> None:
    """In the log of the container: without an agent the worker counts as one that does not start."""
    print(f"celery-probe: the agent does not start: {type(error).__name__}", file=sys.stderr)  # noqa: T201
