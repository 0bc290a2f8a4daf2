"""What the routes need. The program makes it once; tests put parts of their own in."""

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from celery_health.urls import BrokerUrl
from celery_health.why.answer import Answer
from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.control.actions import Actions
from celery_monitor.control.application import CeleryApplication
from celery_monitor.history import History
from celery_monitor.live.views import LiveViews
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.settings import AccessSettings, ServerSettings
from celery_monitor.settings.own import OwnSettings
from celery_monitor.web.admission import Admission
from celery_monitor.web.identity.assemble import authentication
from celery_monitor.web.identity.kubernetes_tokens import Review
from celery_monitor.web.identity.login_links import LoginLinks
from celery_monitor.web.identity.session_file import SessionFile
from celery_monitor.web.identity.sessions import Sessions, session_key
from celery_monitor.web.limits import Counters, Limiter
from celery_monitor.web.push import PushReceiver
from celery_monitor.web.updates.hub import Hub


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that the monitor needs in order to be of use.

    ``problem`` returns None, or the cause in one sentence. It may name hosts and users: only callers with a
    role see it. The log names it too.
    ``restart_helps``: whether /healthz fails too, so that the kubelet restarts the monitor.
    """

    name: str
    problem: Callable[[], str | None]
    restart_helps: bool = False


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may use the monitor, and how often."""

    settings: AccessSettings
    admission: Admission
    sessions: Sessions
    links: LoginLinks


@dataclass(frozen=True, kw_only=True)
class Services:
    """All parts of the monitor that routes read from or act on.

    ``why`` answers why the task with an id is not running. ``recent_task``: a task that is in memory, for the
    time in which the history cannot be read. ``updates`` serves WebSockets while its ``run`` runs.
    ``metrics`` returns the text of /metrics in blocks; without it there is no such route. ``clock`` is Unix
    time in seconds.
    """

    server: ServerSettings
    access: Access
    history: History
    live: LiveViews
    application: CeleryApplication
    actions: Actions
    alerts: AlertKeeper
    why: Callable[[str], Awaitable[Answer]]
    recent_task: Callable[[str], TaskRecord | None]
    updates: Hub
    settings: OwnSettings
    checks: tuple[Check, ...] = ()
    metrics: Callable[[], Iterable[bytes]] | None = None
    push: PushReceiver | None = None
    """Takes what the operator knows; None outside a cluster."""
    clock: Callable[[], float] = time.time


def open_access(
    settings: AccessSettings,
    *,
    redis: BrokerUrl | None,
    review: Review | None = None,
    session_file: SessionFile | None = None,
    clock: Callable[[], float] = time.time,
) -> Access:
    """Access by the settings. Nothing connects yet: the application connects when it starts.

    ``redis``: where rate limits are counted; None counts in memory. ``review``: has the API server of
    Kubernetes check a token, such as ``ApiServer().review``. ``session_file``: keeps sessions over a restart.
    """
    sessions = Sessions(session_key(settings, session_file), clock, session_file)
    limiter = Limiter(settings.rate_limit, Counters(redis))
    return Access(
        settings=settings,
        admission=Admission(authentication(settings, sessions, review, clock), limiter, clock),
        sessions=sessions,
        links=LoginLinks(clock),
    )
