"""What the routes need. The program makes it once; tests put parts of their own in."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from celery_monitor.live.views import LiveViews
from celery_monitor.settings import AccessSettings, ServerSettings
from celery_monitor.web.identity.authentication import Authentication


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that the monitor needs in order to be of use.

    ``problem`` returns None, or one sentence for /readyz, without secrets: the route is open.
    ``restart_helps``: whether /healthz fails too, so that the kubelet restarts the monitor.
    """

    name: str
    problem: Callable[[], str | None]
    restart_helps: bool = False


@dataclass(frozen=True, kw_only=True)
class Services:
    """All parts of the monitor that routes read from or act on.

    ``metrics`` returns the text of /metrics; without it there is no such route. ``clock`` is Unix time in
    seconds.
    """

    server: ServerSettings
    access: AccessSettings
    authentication: Authentication
    live: LiveViews
    checks: tuple[Check, ...] = ()
    metrics: Callable[[], bytes] | None = None
    clock: Callable[[], float] = time.time
