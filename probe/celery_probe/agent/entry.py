"""``python /celery-probe ARGS``: the ``celery`` command, with the agent inside a worker and inside beat."""

from __future__ import annotations

import os
import sys
from typing import Any

# First: Celery patches for gevent and eventlet later, and the reporters need the originals.
from celery_probe.agent import cgroup, natives  # noqa: F401
from celery_probe.agent.beat.reporter import BeatReporter
from celery_probe.agent.beat.state import Beat
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.command import subcommand
from celery_probe.agent.contract import BEAT_REPORT_FILE, DIRECTORY, DIRECTORY_VARIABLE
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.report_thread import ReportThread
from celery_probe.agent.worker.container import ContainerUse
from celery_probe.agent.worker.reporter import WorkerReporter
from celery_probe.agent.worker.state import Worker


class Agent:
    """The agent of a command that is not observed: it does nothing. Its methods never raise."""

    def start(self) -> None:
        """Begin to report, before Celery is imported."""

    def install(self) -> None:
        """Have Celery call the agent; Celery's patching for gevent and eventlet is done."""

    def finish(self) -> None:
        """Write the last report: Celery has ended."""


class ReportingAgent(Agent):
    """The agent of a worker or of beat."""

    def __init__(self, reporter: ReportThread, errors: ErrorLog) -> None:
        self._reporter = reporter
        self._errors = errors

    def start(self) -> None:
        """Start to write reports."""
        with self._errors.caught("thread"):
            self._reporter.start()

    def finish(self) -> None:
        """Write the last report."""
        self._reporter.finish()


class WorkerAgent(ReportingAgent):
    """Reports on ``celery worker``."""

    def __init__(self, directory: str) -> None:
        errors = ErrorLog()
        self._worker = Worker()
        self._directory = ReportDirectory(directory)
        self._cgroup = cgroup.find()
        container = ContainerUse(self._cgroup, cgroup.find_cpu())
        super().__init__(WorkerReporter(self._worker, self._directory, errors, container), errors)

    def start(self) -> None:
        """Withdraw a stop request of an earlier process, and start to write reports."""
        with self._errors.caught("stop"):
            self._directory.cancel_stop()
        super().start()

    def install(self) -> None:
        """Have the step added to the consumers of the worker as soon as Celery makes the worker."""
        with self._errors.caught("install"):
            from celery import signals  # noqa: PLC0415 - only after the patching

            step = self._step()

            def add_step(instance: Any, **_: Any) -> None:
                with self._errors.caught("celeryd_init"):
                    self._add(step, instance)

            signals.celeryd_init.connect(add_step, weak=False)

    def attach(self, instance: Any) -> None:
        """Add the step to the consumers of a worker that Celery is making."""
        with self._errors.caught("attach"):
            self._add(self._step(), instance)

    def _step(self) -> Any:
        # Not before the patching; and the reporter's thread may not import.
        from celery_probe.agent.worker import consumer_step, tasks  # noqa: F401, PLC0415
        from celery_probe.agent.worker.deaths import lost_children  # noqa: PLC0415

        children = lost_children.LostChildren(
            self._worker, self._cgroup, self._errors, self._reporter.notify_soon
        )
        heartbeat = consumer_step.Heartbeat(
            self._worker, self._directory, self._errors, self._reporter, children
        )
        return consumer_step.step_class(heartbeat, self._errors)

    def _add(self, step: Any, instance: Any) -> None:
        self._worker.controller = instance
        self._worker.hostname = instance.hostname
        instance.app.steps["consumer"].add(step)


class BeatAgent(ReportingAgent):
    """Reports on ``celery beat``."""

    def __init__(self, directory: str) -> None:
        errors = ErrorLog()
        self._beat = Beat()
        shared = ReportDirectory(directory, BEAT_REPORT_FILE)
        super().__init__(BeatReporter(self._beat, shared, errors), errors)

    def install(self) -> None:
        """Watch the ticks of the scheduler."""
        try:
            from celery_probe.agent.beat import ticks  # noqa: PLC0415 - only after the patching

            ticks.install(self._beat, self._errors)
        except Exception as error:
            self._errors.add("install", error)
            self._beat.blind = True


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


def directory() -> str:
    """The directory that this process shares with its sidecar."""
    return os.environ.get(DIRECTORY_VARIABLE) or DIRECTORY


def _agent() -> Agent:
    command = subcommand(sys.argv[1:])
    if command == "worker":
        return WorkerAgent(directory())
    return BeatAgent(directory()) if command == "beat" else Agent()


def _patch_concurrency() -> None:
    """Patch for gevent or eventlet if the arguments name that pool, as Celery's own entry does first."""
    if "multi" in sys.argv:
        return
    from celery import maybe_patch_concurrency  # noqa: PLC0415 - imports Celery, which natives must precede

    maybe_patch_concurrency()
