"""Looks, once or again and again, and how a program that is interrupted or piped to ``head`` ends."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from celery_health.broker import BrokerReading
from celery_health.cli.exit_codes import ExitCode
from celery_health.cli.survey import Questions, Survey, take
from celery_health.cli.target import ConfigurationError, Target, load_app, resolve
from celery_health.cli.verdict import Verdict, judge
from celery_health.urls import UrlError, parse_management

Show = Callable[[Survey, Verdict], None]


def target_of(app: Any, options: Mapping[str, Any]) -> Target:
    """What the options and the application name.

    Raises:
        ConfigurationError: nothing can be looked at.
    """
    name = options.get("app_name") or getattr(app, "main", None)
    if app is None and options.get("app_name"):
        app = load_app(options["app_name"])
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


class Waiting:
    """For how long each queue has held messages, over the looks of one run."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look(self, broker: BrokerReading, now: float) -> dict[str, float]:
        """Seconds without interruption by queue, with this look."""
        held = {queue.name for queue in (*broker.queues, *broker.other_queues) if queue.ready}
        self._since = {name: self._since.get(name, now) for name in held}
        return {name: now - since for name, since in self._since.items()}


def looks(
    target: Target, questions: Questions, backlog: int, interval: float | None
) -> Iterator[tuple[Survey, Verdict]]:
    """One look, or with an interval one after the other for ever."""
    waiting = Waiting()
    while True:
        survey = asyncio.run(take(target, questions))
        lasting = waiting.look(survey.broker, time.monotonic())
        yield survey, judge(survey, target, backlog, lasting)
        if interval is None:
            return
        time.sleep(interval)


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
