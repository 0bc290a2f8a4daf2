"""The options of the commands. Little is imported here: ``celery`` loads this module each time."""

import math
import os
from typing import Any

import click

from celery_health.cli.usage import Decorator
from celery_health.survey.task.states import SIGNALS

_MOST_SECONDS = 10_000_000
"""About 100 days. Python cannot wait for much longer."""


class Seconds(click.ParamType[float]):
    """A positive number of seconds, which clocks can wait for. click's own range would accept "nan"."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= _MOST_SECONDS:
            self.fail(f"{value!r} is not a number of seconds above 0 and up to {_MOST_SECONDS:,}", param, ctx)
        return seconds


class Url(click.ParamType[str]):
    """A URL that is not empty: an empty variable of a script must not leave a server out."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, or a usage error."""
        if not str(value).strip():
            self.fail("the URL is empty: leave the option out, or write a URL", param, ctx)
        return str(value)


_SECONDS, _URL = Seconds(), Url()
HEALTH_HELP = """Show whether the workers of a Celery application run its tasks, and what to do if not.

\b
Exit codes:
  0  healthy
  1  degraded, or unknown while at least one worker is consuming
  2  unhealthy, or unknown
  3  wrong options, or the application cannot be loaded
"""
MONITOR_HELP = "Show workers, queues and running tasks, once or repeatedly."

WHY_HELP = """Show why the task TASK_ID is not running, or what became of it.

\b
Exit codes:
  0  the task ran, runs, or runs without further action
  1  it ended without success, was revoked, or is held up
  2  it does not run until someone acts, or nothing is known of it
  3  wrong options, or the application cannot be loaded
"""

CANCEL_HELP = """Cancel the task TASK_ID: order all workers to revoke it, and to end the process that runs it.

\b
Exit codes:
  0  the workers that answered revoked it
  1  a worker answered with an error
  2  no worker answered, or a server cannot be used
  3  the task has ended, or wrong options
"""

RETRY_HELP = """Send the task TASK_ID again under a new id, as the monitor or the result backend keeps it.

\b
Exit codes:
  0  it was sent
  2  a server cannot be used
  3  the task cannot be retried, its arguments are not known, or wrong options
"""

APP: tuple[Decorator, ...] = (
    click.option("-A", "--app", "app_name", metavar="APP", help="The application, as for `celery -A`."),
)
_BROKER: Decorator = click.option(
    "--broker",
    metavar="URL",
    type=_URL,
    help="Broker URL.  [default: the application's, BROKER_URL, "
    "CELERY_BROKER, CELERY_BROKER_URL, REDIS_URL or REDIS_HOST]",
)
_RESULT_BACKEND: Decorator = click.option(
    "--result-backend",
    metavar="URL",
    type=_URL,
    help="Result backend URL.  [default: the application's, RESULT_BACKEND or CELERY_RESULT_BACKEND]",
)
_TIMEOUT: Decorator = click.option(
    "--timeout", type=_SECONDS, default=5.0, show_default=True, help="Time limit for one check."
)
_MANAGEMENT: Decorator = click.option(
    "--management-url", metavar="URL", type=_URL, help="RabbitMQ's management API, such as http://HOST:15672."
)


def _broker_of_environment() -> str | None:
    from celery_health.environment import broker_url  # noqa: PLC0415

    return broker_url(os.environ) or None


def _queues(what: str, default: str) -> Decorator:
    return click.option(
        "--queue",
        "queues",
        multiple=True,
        metavar="NAME",
        help=f"{what} this queue. Can be given more than once.  [default: {default}]",
    )


_COMMON: tuple[Decorator, ...] = (
    _BROKER,
    _RESULT_BACKEND,
    _queues("Check", "the queues of the application"),
    click.option(
        "--ignore-queue",
        "ignored_queues",
        multiple=True,
        metavar="PATTERN",
        help="Leave this queue out, such as a dead-letter queue that is unread by design. Can be given more "
        "than once; * stands for any characters.",
    ),
    _TIMEOUT,
    click.option(
        "--backlog-threshold",
        type=click.IntRange(min=0),
        default=1000,
        show_default=True,
        metavar="MESSAGES",
        help="A queue with more ready messages than this is degraded.",
    ),
    click.option(
        "--hung-after",
        type=_SECONDS,
        help="A task that runs longer than this is degraded.  [default: no limit]",
    ),
    _MANAGEMENT,
    click.option("--watch", is_flag=True, help="Repeat the check until Ctrl-C."),
)


def _format(*choices: str) -> Decorator:
    return click.option(
        "--format",
        "form",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        help="Output format.",
    )


def _interval(seconds: float) -> Decorator:
    return click.option(
        "--interval",
        type=_SECONDS,
        default=seconds,
        show_default=True,
        help="Time between two checks with --watch.",
    )


HEALTH: tuple[Decorator, ...] = (
    *_COMMON,
    _format("table", "json", "summary"),
    _interval(5.0),
    click.option(
        "--test-tasks", is_flag=True, help="Send a task through each queue and wait for its result."
    ),
    click.option("--task", metavar="NAME", help="The task for --test-tasks. It is called without arguments."),
    click.option("--check-redis", is_flag=True, help="Show details of the Redis server."),
    click.option("--verbose", is_flag=True, help="Show the active tasks too."),
)
MONITOR: tuple[Decorator, ...] = (*_COMMON, _format("table", "json"), _interval(2.0))
WHY: tuple[Decorator, ...] = (
    click.argument("task_id", metavar="TASK_ID"),
    _BROKER,
    _RESULT_BACKEND,
    _queues("Search", "all queues that are found"),
    _TIMEOUT,
    _MANAGEMENT,
    _format("table", "json"),
)
_MONITOR: Decorator = click.option(
    "--monitor",
    metavar="URL",
    envvar="CELERY_MONITOR_URL",
    help="Have this monitor do it, with the token in CELERY_MONITOR_TOKEN.  [default: CELERY_MONITOR_URL]",
)
CANCEL: tuple[Decorator, ...] = (
    click.argument("task_id", metavar="TASK_ID"),
    _MONITOR,
    _BROKER,
    _RESULT_BACKEND,
    _TIMEOUT,
    click.option(
        "--terminate/--no-terminate",
        default=True,
        show_default=True,
        help="End the process that runs the task, or let it run to its end.",
    ),
    click.option(
        "--signal",
        type=click.Choice(SIGNALS),
        default="SIGTERM",
        show_default=True,
        help="The signal for that process.",
    ),
)
RETRY: tuple[Decorator, ...] = (
    click.argument("task_id", metavar="TASK_ID"),
    _MONITOR,
    _BROKER,
    _RESULT_BACKEND,
    _TIMEOUT,
    click.option("--args", metavar="JSON", help="Other positional arguments: a list, such as '[7]'."),
    click.option("--kwargs", metavar="JSON", help="Other keyword arguments: an object."),
    click.option("--queue", metavar="NAME", help="Another queue."),
    click.option("--name", metavar="NAME", help="The name of the task, where the result backend has none."),
)


def _dead_letter_queue(_ctx: click.Context, _param: click.Parameter, name: str | None) -> str | None:
    """Refuse every other queue: its messages are tasks that wait for a worker, and drop deletes messages."""
    from celery_health.wire.names import DEAD_LETTER_SUFFIX, is_dead_letter_queue  # noqa: PLC0415

    if name is None or is_dead_letter_queue(name):
        return name
    if not name:
        raise click.BadParameter("the name is empty. Leave the option out, or name a dead-letter queue.")
    raise click.BadParameter(
        f"{name!r} is no dead-letter queue: their names end in {DEAD_LETTER_SUFFIX}. Its messages "
        "were neither read nor changed."
    )


DEAD_LETTER: tuple[Decorator, ...] = (
    _BROKER,
    click.option(
        "--queue",
        "dead_letter_queue",
        metavar="NAME",
        callback=_dead_letter_queue,
        help="The dead-letter queue.  [default: that of the default queue, such as celery.dead-letter]",
    ),
    click.option(
        "--timeout",
        type=_SECONDS,
        default=30.0,
        show_default=True,
        help="Time limit for loading the application of -A.",
    ),
)
PREFLIGHT: tuple[Decorator, ...] = (
    click.option("--wait", type=_SECONDS, default=60.0, show_default=True, help="How long to wait in all."),
    click.option(
        "--broker",
        metavar="URL",
        type=_URL,
        default=_broker_of_environment,
        help="Broker URL.  [default: BROKER_URL, CELERY_BROKER, CELERY_BROKER_URL, REDIS_URL or REDIS_HOST]",
    ),
    click.option(
        "--result-backend",
        metavar="URL",
        type=_URL,
        envvar=["RESULT_BACKEND", "CELERY_RESULT_BACKEND"],
        help="Result backend URL.  [default: RESULT_BACKEND or CELERY_RESULT_BACKEND]",
    ),
    click.option(
        "--database",
        metavar="URL",
        type=_URL,
        envvar="DATABASE_URL",
        help="URL of the application's database.  [default: DATABASE_URL]",
    ),
    click.option(
        "--interval-max",
        type=_SECONDS,
        default=5.0,
        show_default=True,
        help="Longest pause between two attempts.",
    ),
)
