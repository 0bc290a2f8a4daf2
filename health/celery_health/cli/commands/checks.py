"""Looks, once or again and again, and how a program that is interrupted or piped to ``head`` ends."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from celery_health.broker import BrokerReading
from celery_health.cli.exit_codes import ExitCode
from celery_health.cli.survey.app_connection import Target, resolve
from celery_health.cli.survey.app_loading import ConfigurationError, load_app
from celery_health.cli.survey.collect import take
from celery_health.cli.survey.snapshot import Questions, Survey
from celery_health.cli.verdicts import Verdict, judge
from celery_health.threads import start_in_thread
from celery_health.urls import UrlError, parse_management
from celery_health.verdicts.thresholds import FleetThresholds

Show = Callable[[Survey, Verdict], None]


def target_of(app: Any, options: Mapping[str, Any]) -> Target:
    """What the options and the application name.

    Raises:
        ConfigurationError: nothing can be looked at.
    """
    name = options.get("app_name") or getattr(app, "main", None)
    if app is None and options.get("app_name"):
        app = load_app(options["app_name"], options["timeout"])
    if options.get("management_url"):
        try:
            parse_management(options["management_url"])
        except UrlError as error:
            raise ConfigurationError(f"--management-url cannot be used: {error}") from error
    return resolve(app, name, options.get("broker"), options.get("result_backend"), os.environ)


def questions_of(options: Mapping[str, Any], target: Target) -> Questions:
    """What the options ask for.

    Raises:
        ConfigurationError: a test task could not bring a result back.
    """
    if options.get("task") and not options.get("test_tasks"):
        raise ConfigurationError("--task names the task of --test-tasks: write both.")
    if options.get("test_tasks") and not target.store_url:
        raise ConfigurationError(
            "--test-tasks waits for results, and no result store is known: write --result-backend URL, "
            "the one of the workers."
        )
    return Questions(
        timeout=options["timeout"],
        queues=tuple(options["queues"]),
        management_url=options.get("management_url"),
        test_tasks=bool(options.get("test_tasks")),
        task=options.get("task"),
        check_redis=bool(options.get("check_redis")),
    )


class History:
    """What only several looks show: since when queues hold messages, and workers have begun nothing."""

    def __init__(self) -> None:
        self._waiting: dict[str, float] = {}
        self._progress: dict[str, tuple[int, int, float]] = {}

    def waiting(self, broker: BrokerReading, now: float) -> dict[str, float]:
        """For how many seconds each queue has held messages without interruption, with this look."""
        held = {queue.name for queue in (*broker.queues, *broker.other_queues) if queue.ready}
        self._waiting = {name: self._waiting.get(name, now) for name in held}
        return {name: now - since for name, since in self._waiting.items()}

    def with_progress(self, survey: Survey, now: float) -> Survey:
        """The survey whose workers tell for how long they have begun and ended no task."""
        kept: dict[str, tuple[int, int, float]] = {}
        for worker in survey.workers:
            if (begun := survey.begun.get(worker.name)) is not None:
                *marks, since = self._progress.get(worker.name, (-1, -1, now))
                same = marks == [begun, worker.active_count]
                kept[worker.name] = (begun, worker.active_count, since if same else now)
        # A worker seen for the first time may have been idle for ever, or have just begun.
        idle = {name: now - since for name, (*_, since) in kept.items() if name in self._progress}
        self._progress = kept
        workers = tuple(replace(worker, idle_for=idle.get(worker.name)) for worker in survey.workers)
        return replace(survey, workers=workers)


def looks(
    target: Target, questions: Questions, thresholds: FleetThresholds, interval: float | None
) -> Iterator[tuple[Survey, Verdict]]:
    """One look, or with an interval one after the other for ever."""
    history = History()
    while True:
        # In the main thread Ctrl-C would cancel the look, and a client that takes that for its own timeout
        # would go on with the next one.
        survey = start_in_thread(lambda: asyncio.run(take(target, questions))).result()
        now = time.monotonic()
        survey = history.with_progress(survey, now)
        yield survey, judge(survey, target, thresholds, history.waiting(survey.broker, now))
        if interval is None:
            return
        time.sleep(interval)


def thresholds_of(options: Mapping[str, Any]) -> FleetThresholds:
    """From when on something counts as wrong, as the options say."""
    return FleetThresholds(backlog=options["backlog_threshold"], hung_after=options["hung_after"])


def ending(work: Callable[[], ExitCode], *, watched: bool) -> ExitCode:
    """Do ``work``. Ctrl-C is the usual end of what is watched; a reader that has left is no error."""
    try:
        code = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return ExitCode.HEALTHY if watched else ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit: that must have somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.HEALTHY
    return code
