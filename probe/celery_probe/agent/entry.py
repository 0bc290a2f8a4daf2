"""``python /celery-probe ARGS``: the ``celery`` command, with the agent inside a worker and inside beat."""

from __future__ import annotations

import os
import sys
from typing import Any

# First of all: Celery patches for gevent and eventlet later, and the reporters need what is there now.
from celery_probe.agent import natives  # noqa: F401
from celery_probe.agent.beat_reporter import REPORT_FILE as BEAT_REPORT_FILE
from celery_probe.agent.beat_reporter import BeatReporter
from celery_probe.agent.beat_state import Beat
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.command import subcommand
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.reporter import Reporter
from celery_probe.agent.worker import Worker

DIRECTORY_VARIABLE = "CELERY_PROBE_DIRECTORY"
DEFAULT_DIRECTORY = "/celery-probe"


class Agent:
    """The agent of a command that is not watched: it does nothing. Its methods never raise."""

    def start(self) -> None:
        """Begin to report, before Celery is imported."""

    def install(self) -> None:
        """Have Celery call the agent; Celery's patching for gevent and eventlet is done."""

    def finish(self) -> None:
        """Write the last report: Celery is done."""


class WorkerAgent(Agent):
    """Reports on ``celery worker``."""

    def __init__(self, directory: str) -> None:
        self._errors = ErrorLog()
        self._worker = Worker()
        self._directory = ReportDirectory(directory)
        self._reporter = Reporter(self._worker, self._directory, self._errors)

    def start(self) -> None:
        with self._errors.caught("stop"):
            self._directory.forget_stop()
        with self._errors.caught("thread"):
            self._reporter.start()

    def install(self) -> None:
        with self._errors.caught("install"):
            # Not before the patching; and the reporter's thread may not import.
            from celery_probe.agent import step, tasks  # noqa: F401, PLC0415

            pulse = step.Pulse(self._worker, self._directory, self._errors, self._reporter.notify)
            _add_to_consumers(step.consumer_step(pulse, self._errors), self._worker, self._errors)

    def finish(self) -> None:
        self._reporter.finish()


class BeatAgent(Agent):
    """Reports on ``celery beat``."""

    def __init__(self, directory: str) -> None:
        self._errors = ErrorLog()
        self._beat = Beat()
        shared = ReportDirectory(directory, BEAT_REPORT_FILE)
        self._reporter = BeatReporter(self._beat, shared, self._errors)

    def start(self) -> None:
        with self._errors.caught("thread"):
            self._reporter.start()

    def install(self) -> None:
        try:
            from celery_probe.agent import beat_ticks  # noqa: PLC0415 - only after the patching

            beat_ticks.install(self._beat, self._errors)
        except Exception as error:
            self._errors.add("install", error)
            self._beat.blind = True

    def finish(self) -> None:
        self._reporter.finish()


def main() -> None:
    """Run Celery with the arguments of this process, and exit with its status."""
    agent = _agent()
    agent.start()
    _patch_concurrency()
    agent.install()
    from celery.bin.celery import main as celery_main  # noqa: PLC0415 - only after the patching

    try:
        sys.exit(celery_main())
    finally:
        agent.finish()


def _agent() -> Agent:
    directory = os.environ.get(DIRECTORY_VARIABLE) or DEFAULT_DIRECTORY
    command = subcommand(sys.argv[1:])
    if command == "worker":
        return WorkerAgent(directory)
    return BeatAgent(directory) if command == "beat" else Agent()


def _patch_concurrency() -> None:
    """What Celery's own entry does first: patch for gevent or eventlet if the arguments name that pool."""
    if "multi" in sys.argv:
        return
    from celery import maybe_patch_concurrency  # noqa: PLC0415 - imports Celery, which natives must precede

    maybe_patch_concurrency()


def _add_to_consumers(step: type, worker: Worker, errors: ErrorLog) -> None:
    """Have the step added to the application's consumer as soon as Celery makes the worker."""
    from celery import signals  # noqa: PLC0415 - only after the patching

    def add_step(instance: Any, **_: Any) -> None:
        with errors.caught("celeryd_init"):
            worker.controller = instance
            worker.hostname = instance.hostname
            instance.app.steps["consumer"].add(step)

    signals.celeryd_init.connect(add_step, weak=False)
