"""kopf watches, and every event goes to the loops. kopf decides nothing and stores nothing on an object."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import kopf
from kubernetes.aio.client.configuration import Configuration

from celery_operator.backoff import Backoff
from celery_operator.cache import WATCHED
from celery_operator.kinds import CELERY_DEPLOYMENT, OWNED_SELECTOR, Json, Kind
from celery_operator.kube import ssl_context
from celery_operator.loops import ResourceLoops
from celery_operator.process.settings import Settings

WATCH_BACKOFF = Backoff(first=1.0, limit=4.0)
WATCH_RETRIES = 7
"""After this number of failures in a row, a watch has ended for good: only a new process starts it again."""


def registry(
    loops: ResourceLoops, configuration: Configuration, relisted: Callable[[], None]
) -> kopf.OperatorRegistry:
    """Handlers that hand every event to the loops.

    ``relisted`` is called when a watch starts over with a LIST: whatever went meanwhile left no event.
    """
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    async def login(**_: Any) -> Connection:
        return await credentials(configuration)

    def on_event(kind: Kind) -> None:
        @kopf.on.event(*_selector(kind), registry=handlers, id=kind.plural)
        async def changed(event: kopf.RawEvent, **_: Any) -> None:
            body: Json = dict(event["object"])
            if event["type"] == "DELETED":
                loops.lost(kind, body)
                return
            if event["type"] is None:
                relisted()
            loops.seen(kind, body)

    for kind in WATCHED:
        on_event(kind)
    return handlers


def kopf_settings(request_timeout_seconds: float) -> kopf.OperatorSettings:
    """kopf without its Events, peering and scanning of the cluster, and with watches that never hang."""
    ours = kopf.OperatorSettings()
    ours.posting.enabled = False
    ours.peering.standalone = True
    ours.scanning.disabled = True
    ours.watching.server_timeout = 300
    ours.watching.client_timeout = 330
    ours.watching.connect_timeout = request_timeout_seconds
    ours.networking.request_timeout = 30
    ours.networking.connect_timeout = request_timeout_seconds
    ours.networking.error_backoffs = WATCH_BACKOFF.pauses(WATCH_RETRIES)
    ours.queueing.exit_timeout = 0.5
    for kind in WATCHED:
        if kind is not CELERY_DEPLOYMENT:
            ours.watching.label_selectors[_selector(kind)] = OWNED_SELECTOR
    return ours


class WatchEndedError(Exception):
    """kopf gave up a watch, as after a permission was taken away: a new process has to start over."""


async def watch(handlers: kopf.OperatorRegistry, settings: Settings, started: Callable[[], None]) -> None:
    """Watch until cancelled. Raises WatchEndedError when a watch cannot go on."""
    others = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=handlers,
        settings=kopf_settings(settings.request_timeout_seconds),
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
    )
    started()
    try:
        await kopf.run_tasks(tasks, ignored=others)
    except Exception as error:
        raise WatchEndedError(f"a watch ended for good: {error or type(error).__name__}") from error
    raise WatchEndedError("the watches ended")


@dataclass(frozen=True, kw_only=True)
class Connection(kopf.ConnectionInfo):
    """kopf's connection to the API server, with the SSL context of our own client.

    kopf also accepts a whole session (``kopf.AiohttpSession``), but compares sessions by identity: it would
    log in again without end where the API server rejects the token. It tries equal credentials only once.
    """

    configuration: Configuration = field(compare=False, repr=False)

    def as_ssl_context(self) -> ssl.SSLContext:
        """kopf calls it once for each login."""
        return ssl_context(self.configuration)


async def credentials(configuration: Configuration) -> Connection:
    """The same server and identity as our own client's, with a token as fresh as the file it stands in."""
    authorization = (await configuration.auth_settings()).get("BearerToken", {}).get("value") or ""
    return Connection(
        server=configuration.host,
        token=authorization.partition(" ")[2] or None,
        proxy_url=configuration.proxy,
        configuration=configuration,
    )


def _selector(kind: Kind) -> tuple[str, str, str]:
    group, _, version = kind.api_version.rpartition("/")
    return group, version, kind.plural
