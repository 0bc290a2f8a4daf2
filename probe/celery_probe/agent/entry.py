"""``python /celery-probe ARGS``: the ``celery`` command, with the agent inside if it is ``celery worker``."""

from __future__ import annotations

import os
import sys
from typing import Any

# First of all: Celery patches for gevent and eventlet later, and the reporter needs what is there now.
from celery_probe.agent import natives  # noqa: F401
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.command import subcommand
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.reporter import Reporter
from celery_probe.agent.worker import Worker

DIRECTORY_VARIABLE = "CELERY_PROBE_DIRECTORY"
DEFAULT_DIRECTORY = "/celery-probe"


def main() -> None:
    """Run Celery with the arguments of this process, and exit with its status."""
    worker = Worker()
    errors = ErrorLog()
    directory = ReportDirectory(os.environ.get(DIRECTORY_VARIABLE) or DEFAULT_DIRECTORY)
    reporter = Reporter(worker, directory, errors)
    is_worker = subcommand(sys.argv[1:]) == "worker"
    if is_worker:
        with errors.caught("thread"):
            reporter.start()
    _patch_concurrency()
    if is_worker:
        with errors.caught("install"):
            _install(worker, directory, errors, reporter)
    from celery.bin.celery import main as celery_main  # noqa: PLC0415 - only after the patching

    try:
        sys.exit(celery_main())
    finally:
        if is_worker:
            reporter.finish()


def _patch_concurrency() -> None:
    """What Celery's own entry does first: patch for gevent or eventlet if the arguments name that pool."""
    if "multi" in sys.argv:
        return
    from celery import maybe_patch_concurrency  # noqa: PLC0415 - imports Celery, which natives must precede

    maybe_patch_concurrency()


def _install(worker: Worker, directory: ReportDirectory, errors: ErrorLog, reporter: Reporter) -> None:
    """Have the step added to the application's consumer as soon as Celery makes the worker."""
    from celery import signals  # noqa: PLC0415 - only after the patching

    from celery_probe.agent import tasks  # noqa: F401, PLC0415 - the reporter's thread may not import
    from celery_probe.agent.step import Pulse, consumer_step  # noqa: PLC0415 - only after the patching

    step = consumer_step(Pulse(worker, directory, errors, reporter.notify), errors)

    def add_step(instance: Any, **_: Any) -> None:
        with errors.caught("celeryd_init"):
            worker.controller = instance
            worker.hostname = instance.hostname
            instance.app.steps["consumer"].add(step)

    signals.celeryd_init.connect(add_step, weak=False)
