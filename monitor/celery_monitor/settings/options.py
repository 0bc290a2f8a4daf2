"""The options of ``celery-monitor``, each declared once. docs/reference/monitor/options.md lists them.

Every option has an environment variable, ``CELERY_MONITOR_`` and its name.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import click

from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS
from celery_monitor.settings import values
from celery_monitor.settings.access import Role, parse_rate_limit
from celery_monitor.settings.alerts.options import ALERTS
from celery_monitor.settings.alerts.rules import ALERT_RULES
from celery_monitor.settings.groups import (
    DEFAULT_RETENTION_DAYS,
    DEFAULT_RETENTION_TASKS,
    DEFAULT_SCHEMA,
)
from celery_monitor.settings.saved import load_saved
from celery_monitor.settings.setting import Checked, Setting

BROKER: tuple[Setting, ...] = (
    Setting("-A", "--app", "app", metavar="APP", help="The application, as for celery -A. Optional."),
    Setting(
        "--broker",
        saved=True,
        url=True,
        common=("CELERY_BROKER_URL", "REDIS_URL", "REDIS_HOST"),
        field="broker.url",
        metavar="URL",
        help="Broker URL.  [default: the application's, BROKER_URL, CELERY_BROKER, CELERY_BROKER_URL, "
        "REDIS_URL or REDIS_HOST]",
    ),
    Setting(
        "--result-backend",
        saved=True,
        url=True,
        common=("CELERY_RESULT_BACKEND",),
        field="resultBackend.url",
        metavar="URL",
        help="Result backend URL.  [default: the application's, RESULT_BACKEND or CELERY_RESULT_BACKEND]",
    ),
    Setting(
        "--management-url",
        saved=True,
        url=True,
        field="broker.managementUrl",
        metavar="URL",
        type=Checked("url", values.management_url),
        help="RabbitMQ's management API, such as http://HOST:15672.",
    ),
    Setting(
        "--backlog-threshold",
        saved=True,
        field="health.backlogThreshold",
        type=Checked("messages", values.backlog_threshold),
        default=str(DEFAULT_FLEET_THRESHOLDS.backlog),
        show_default=True,
        help="A queue with more ready messages than this is degraded.",
    ),
    Setting(
        "--ignore-queue",
        saved=True,
        multiple=True,
        field="health.ignoreQueues",
        type=Checked("pattern", values.queue_pattern),
        help="A queue that is unread by design, such as '*.dead'. Can be given more than once.  "
        "[default: none]",
    ),
    Setting(
        "--master-name",
        saved=True,
        field="broker.masterName",
        type=Checked("name", values.master_name),
        help="The master of Sentinels.  [default: the application's, or master_name of the URL]",
    ),
    Setting(
        "--workers-pattern",
        saved=True,
        multiple=True,
        type=Checked("pattern", values.pattern),
        help="Only workers with this name, such as 'shop-*@*'. Can be given more than once.  [default: all]",
    ),
    Setting(
        "--submit-task",
        multiple=True,
        type=Checked("[alias=]name", values.submit_task),
        help="A task that clients may send over REST. Can be given more than once.  [default: none]",
    ),
)
HISTORY: tuple[Setting, ...] = (
    Setting(
        "--database",
        saved=True,
        url=True,
        common=("DATABASE_URL",),
        field="monitor.database",
        metavar="URL",
        help="Where the history is kept: postgresql://USER:PASSWORD@HOST/NAME or sqlite:////PATH.  "
        "[default: DATABASE_URL, or a file in the data folder of the user]",
    ),
    Setting(
        "--database-schema",
        saved=True,
        field="monitor.database.schemaName",
        type=Checked("name", values.schema),
        default=DEFAULT_SCHEMA,
        show_default=True,
        help="The schema of the tables in PostgreSQL.",
    ),
    Setting(
        "--retention-days",
        saved=True,
        field="monitor.retention.days",
        type=Checked("days", values.limit),
        default=str(DEFAULT_RETENTION_DAYS),
        show_default=True,
        help="Delete finished tasks after this time; none keeps them.",
    ),
    Setting(
        "--retention-tasks",
        saved=True,
        field="monitor.retention.tasks",
        type=Checked("count", values.count),
        default=str(DEFAULT_RETENTION_TASKS),
        show_default=True,
        help="Keep at most this number of tasks; none sets no limit.",
    ),
)
SERVER: tuple[Setting, ...] = (
    Setting(
        "--host",
        type=Checked("address", values.host),
        default="127.0.0.1",
        show_default=True,
        help="The address to listen on. Any other than a loopback address needs a way to log in.",
    ),
    Setting(
        "--port",
        type=Checked("port", values.port),
        default=str(values.DEFAULT_PORT),
        show_default=True,
        help="The port to listen on; 0 takes any free port.",
    ),
    Setting(
        "--url-prefix",
        field="monitor.urlPrefix",
        type=Checked("path", values.url_prefix),
        default="",
        help="Serve everything below this path, such as /celery.",
    ),
    Setting(
        "--proxy",
        field="monitor.access.trustedProxies",
        multiple=True,
        type=Checked("network", values.network),
        help="Trust the X-Forwarded headers of this address or network. Can be given more than once.",
    ),
    Setting("--flower-api", saved=True, is_flag=True, help="Serve the read routes of Flower's API too."),
)
ACCESS: tuple[Setting, ...] = (
    Setting(
        "--token",
        secret=True,
        metavar="TOKEN",
        help="A bearer token with the role admin. Use the variable: arguments are visible to all users.",
    ),
    Setting(
        "--token-file",
        field="monitor.access.tokensFrom",
        type=click.Path(path_type=Path),
        help="A file of tokens, one NAME ROLE TOKEN a line; the roles are viewer, operator and admin.",
    ),
    Setting(
        "--jwt-secret",
        secret=True,
        field="monitor.access.jwt.secretFrom",
        metavar="SECRET",
        help="Accept JSON Web Tokens signed with this secret (HS256).",
    ),
    Setting(
        "--jwt-jwks-url",
        field="monitor.access.jwt.jwksUrl",
        metavar="URL",
        help="Accept those signed with these keys (RS256, ES256).",
    ),
    Setting(
        "--jwt-issuer",
        field="monitor.access.jwt.issuer",
        metavar="TEXT",
        help="The issuer that they must have.",
    ),
    Setting(
        "--jwt-audience",
        field="monitor.access.jwt.audience",
        metavar="TEXT",
        help="The audience that they must have.",
    ),
    Setting(
        "--jwt-role-claim",
        field="monitor.access.jwt.roleClaim",
        metavar="NAME",
        default="role",
        show_default=True,
        help="The claim with the role.",
    ),
    Setting("--kubernetes-tokens", is_flag=True, help="Accept tokens of Kubernetes, checked by TokenReview."),
    Setting(
        "--proxy-identity-header",
        metavar="NAME",
        type=Checked("header", values.header),
        help="The header in which a --proxy names its user, such as X-Auth-Request-Email.",
    ),
    Setting(
        "--proxy-identity-role",
        type=click.Choice([role.value for role in Role]),
        default=Role.VIEWER.value,
        show_default=True,
        help="The role of the users that --proxy-identity-header names.",
    ),
    Setting(
        "--session-secret",
        secret=True,
        metavar="SECRET",
        help="Signs the sessions of browsers.  [default: kept beside an SQLite file; random with PostgreSQL]",
    ),
    Setting(
        "--push-token",
        secret=True,
        metavar="TOKEN",
        help="The token with which the operator sends what it knows.",
    ),
    Setting(
        "--login-link",
        is_flag=True,
        help="Print a login link that works once. Without any other way to log in one is printed anyway.",
    ),
    Setting(
        "--metrics-public",
        field="monitor.access.publicMetrics",
        is_flag=True,
        help="Serve /metrics without a token.",
    ),
    Setting(
        "--rate-limit",
        type=Checked("rate", parse_rate_limit),
        default="600/minute",
        show_default=True,
        help="Requests of each identity, or of an address without one: N/second, N/minute, N/hour or none.",
    ),
)
LOG: tuple[Setting, ...] = (
    Setting(
        "--log-level",
        saved=True,
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="Lowest level that is logged.",
    ),
    Setting(
        "--log-format",
        saved=True,
        type=click.Choice(["json", "text"]),
        default="text",
        show_default=True,
        help="Format of the log.",
    ),
)
FILE: tuple[Setting, ...] = (
    Setting(
        "--settings-file",
        type=click.Path(path_type=Path),
        is_eager=True,
        callback=load_saved,
        help="The file of the settings that the page saves.  "
        "[default: settings.env in the data folder of the user]",
    ),
)
GROUPS: Mapping[str, tuple[Setting, ...]] = MappingProxyType(
    {
        "broker": BROKER,
        "history": HISTORY,
        "server": SERVER,
        "access": ACCESS,
        "alerts": (*ALERTS, *ALERT_RULES),
        "log": LOG,
        "file": FILE,
    }
)
OPTIONS: tuple[Setting, ...] = tuple(one for group in GROUPS.values() for one in group)
