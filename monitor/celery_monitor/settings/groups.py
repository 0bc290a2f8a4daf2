"""The settings of one monitor, in groups. No secret is in the text of any of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address
from types import MappingProxyType
from typing import Literal

from celery_health.survey.app_connection import AppConnection
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS
from celery_monitor.settings.access import AccessSettings
from celery_monitor.settings.alerts.channels import AlertSettings
from celery_monitor.settings.alerts.rules import AlertRuleSettings
from celery_monitor.settings.start import Start
from celery_monitor.settings.values import DEFAULT_PORT

DEFAULT_SCHEMA = "automation"
DEFAULT_RETENTION_DAYS = 30
DEFAULT_RETENTION_TASKS = 1_000_000


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """Where the history is, and how much of it is kept.

    ``url`` is as SQLAlchemy writes it, for SQLite or PostgreSQL, without a driver. ``schema`` is for
    PostgreSQL alone. Of ``retention_days`` and ``retention_tasks`` the one that keeps less counts; None: no
    such limit.
    """

    url: str = field(repr=False)
    schema: str = DEFAULT_SCHEMA
    retention_days: float | None = DEFAULT_RETENTION_DAYS
    retention_tasks: int | None = DEFAULT_RETENTION_TASKS


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the monitor listens, and how a browser reaches it."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    """0 takes any free port."""
    url_prefix: str = ""
    """The path below which everything is served: empty, or ``/celery`` without a slash at the end."""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Only these addresses may say in X-Forwarded-* headers who the client is."""
    flower_api: bool = False
    """Serve the routes of Flower's API too."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the program was started with."""

    connection: AppConnection = field(repr=False)
    """The broker, the result backend and, with ``--app``, the application and its naming of keys."""
    history: HistorySettings
    server: ServerSettings = ServerSettings()
    access: AccessSettings = AccessSettings()  # noqa: RUF009 (frozen)
    alerts: AlertSettings = AlertSettings()  # noqa: RUF009 (frozen)
    alert_rules: AlertRuleSettings = AlertRuleSettings()  # noqa: RUF009 (frozen)
    management_url: str | None = field(default=None, repr=False)
    """RabbitMQ's management API. None: the queues are read over AMQP, which shows less of them."""
    backlog_threshold: int = DEFAULT_FLEET_THRESHOLDS.backlog
    """Ready messages in one queue above which the application is degraded."""
    ignored_queues: tuple[str, ...] = ()
    """Patterns of queues that are unread by design, which no verdict counts."""
    worker_patterns: tuple[str, ...] = ()
    """Workers whose names match one of these belong to the application; empty means all."""
    submit_tasks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The tasks that may be sent over REST: from the name in the request to the name of the task."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "text"
    start: Start = Start()  # noqa: RUF009 (frozen)
    """How each of them was given."""

    def is_ours(self, worker: str) -> bool:
        """Whether a worker of this name belongs to the application."""
        return not self.worker_patterns or any(fnmatchcase(worker, one) for one in self.worker_patterns)
