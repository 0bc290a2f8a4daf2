"""The options of ``celery-monitor``, each declared once. docs/reference/monitor/options.md lists them.

Every option has an environment variable, ``CELERY_MONITOR_`` and its name.
"""

import math
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import click

from celery_health.cli.usage import Decorator
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS
from celery_monitor.settings.access import Role, parse_rate_limit
from celery_monitor.settings.groups import (
    DEFAULT_PORT,
    DEFAULT_RETENTION_DAYS,
    DEFAULT_RETENTION_TASKS,
    DEFAULT_SCHEMA,
)
from celery_monitor.settings.values import (
    backlog_threshold,
    header,
    host,
    management_url,
    pattern,
    port,
    schema,
    submit_task,
    url_prefix,
)

PREFIX = "CELERY_MONITOR"


class _Checked(click.ParamType[Any]):
    """A value that a function converts. The ValueError of the function says what to write instead."""

    def __init__(self, name: str, convert: Callable[[str], object]) -> None:
        self.name = name
        self._convert = convert

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The converted value, or a usage error."""
        if not isinstance(value, str):
            return value
        try:
            return self._convert(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def split_envvar_value(self, rv: str) -> list[str]:
        """A variable gives several values with commas or blanks in between."""
        return rv.replace(",", " ").split()


def _limit(text: str) -> float | None:
    """A number above 0, or None for ``none``."""
    if text == "none":
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"{text!r} is not a number above 0, nor none")
    return number


def _count(text: str) -> int | None:
    number = _limit(text)
    if number is None:
        return None
    if number != int(number):
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an address or network: write 10.0.0.5 or 10.0.0.0/24") from None


def _option(*names: str, **arguments: Any) -> Decorator:
    return click.option(*names, show_envvar=True, **arguments)


BROKER: tuple[Decorator, ...] = (
    _option("-A", "--app", "app", metavar="APP", help="The application, as for `celery -A`. Not required."),
    _option(
        "--broker",
        metavar="URL",
        help="Broker URL.  [default: the application's, CELERY_BROKER_URL or REDIS_URL]",
    ),
    _option(
        "--result-backend",
        metavar="URL",
        help="Result backend URL.  [default: the application's or CELERY_RESULT_BACKEND]",
    ),
    _option(
        "--management-url",
        metavar="URL",
        type=_Checked("url", management_url),
        help="RabbitMQ's management API, such as http://HOST:15672.",
    ),
    _option(
        "--backlog-threshold",
        type=_Checked("messages", backlog_threshold),
        default=str(DEFAULT_FLEET_THRESHOLDS.backlog),
        show_default=True,
        help="A queue with more ready messages than this is degraded.",
    ),
    _option(
        "--workers-pattern",
        multiple=True,
        type=_Checked("pattern", pattern),
        help="Only workers with this name, such as 'shop-*@*'. Can be given more than once.  [default: all]",
    ),
    _option(
        "--submit-task",
        multiple=True,
        type=_Checked("[alias=]name", submit_task),
        help="A task that clients may send over REST. Can be given more than once.  [default: none]",
    ),
)
HISTORY: tuple[Decorator, ...] = (
    _option(
        "--database",
        metavar="URL",
        help="Where the history is kept: postgresql://USER:PASSWORD@HOST/NAME or sqlite:////PATH.  "
        "[default: DATABASE_URL, or a file in the data folder of the user]",
    ),
    _option(
        "--database-schema",
        type=_Checked("name", schema),
        default=DEFAULT_SCHEMA,
        show_default=True,
        help="The schema of the tables in PostgreSQL.",
    ),
    _option(
        "--retention-days",
        type=_Checked("days", _limit),
        default=str(DEFAULT_RETENTION_DAYS),
        show_default=True,
        help="Delete finished tasks after this time; none keeps them.",
    ),
    _option(
        "--retention-tasks",
        type=_Checked("count", _count),
        default=str(DEFAULT_RETENTION_TASKS),
        show_default=True,
        help="Keep at most this number of tasks; none sets no limit.",
    ),
)
SERVER: tuple[Decorator, ...] = (
    _option(
        "--host",
        type=_Checked("address", host),
        default="127.0.0.1",
        show_default=True,
        help="The address to listen on. Any other than a loopback address needs a way to log in.",
    ),
    _option(
        "--port",
        type=_Checked("port", port),
        default=str(DEFAULT_PORT),
        show_default=True,
        help="The port to listen on; 0 takes any free port.",
    ),
    _option(
        "--url-prefix",
        type=_Checked("path", url_prefix),
        default="",
        help="Serve everything below this path, such as /celery.",
    ),
    _option(
        "--proxy",
        multiple=True,
        type=_Checked("network", _network),
        help="Trust the X-Forwarded headers of this address or network. Can be given more than once.",
    ),
    _option("--flower-api", is_flag=True, help="Serve the read routes of Flower's API too."),
)
ACCESS: tuple[Decorator, ...] = (
    _option(
        "--token",
        metavar="TOKEN",
        help="A bearer token with the role admin. Use the variable: arguments are visible to all users.",
    ),
    _option(
        "--token-file",
        type=click.Path(path_type=Path),
        help="A file of tokens, one NAME ROLE TOKEN a line; the roles are viewer, operator and admin.",
    ),
    _option("--jwt-secret", metavar="SECRET", help="Accept JSON Web Tokens signed with this secret (HS256)."),
    _option("--jwt-jwks-url", metavar="URL", help="Accept those signed with these keys (RS256, ES256)."),
    _option("--jwt-issuer", metavar="TEXT", help="The issuer that they must have."),
    _option("--jwt-audience", metavar="TEXT", help="The audience that they must have."),
    _option(
        "--jwt-role-claim", metavar="NAME", default="role", show_default=True, help="The claim with the role."
    ),
    _option("--kubernetes-tokens", is_flag=True, help="Accept tokens of Kubernetes, checked by TokenReview."),
    _option(
        "--proxy-identity-header",
        metavar="NAME",
        type=_Checked("header", header),
        help="The header in which a --proxy names its user, such as X-Auth-Request-Email.",
    ),
    _option(
        "--proxy-identity-role",
        type=click.Choice([role.value for role in Role]),
        default=Role.VIEWER.value,
        show_default=True,
        help="The role of the users that --proxy-identity-header names.",
    ),
    _option(
        "--session-secret",
        metavar="SECRET",
        help="Signs the sessions of browsers.  [default: random: a restart ends all sessions]",
    ),
    _option("--push-token", metavar="TOKEN", help="The token with which the operator sends what it knows."),
    _option(
        "--login-link",
        is_flag=True,
        help="Print a login link that works once. Without any other way to log in one is printed anyway.",
    ),
    _option("--metrics-public", is_flag=True, help="Serve /metrics without a token."),
    _option(
        "--rate-limit",
        type=_Checked("rate", parse_rate_limit),
        default="600/minute",
        show_default=True,
        help="Requests of each identity, or of an address without one: N/second, N/minute, N/hour or none.",
    ),
)
LOG: tuple[Decorator, ...] = (
    _option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="Lowest level that is logged.",
    ),
    _option(
        "--log-format",
        type=click.Choice(["json", "text"]),
        default="text",
        show_default=True,
        help="Format of the log.",
    ),
)
OPTIONS = (*BROKER, *HISTORY, *SERVER, *ACCESS, *LOG)
