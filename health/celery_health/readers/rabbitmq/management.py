"""The reader of RabbitMQ's management API: unacknowledged messages, other queues, and resource alarms."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.rabbitmq.http_json import HttpError, HttpJson
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import TOTAL_SECONDS
from celery_health.threads import SingleThread
from celery_health.urls import BrokerUrl

_COLUMNS = (
    "name,messages_ready,messages_unacknowledged,consumers,exclusive,auto_delete,"
    "message_stats.publish_details.rate,message_stats.deliver_get_details.rate"
)
# Queues that belong to one process (remote control, events), and those that hold messages until their ETA.
_NOT_TASK_QUEUES = re.compile(r".*\.pidbox\Z|celeryev\.|celery_delayed_\d+\Z|amq\.gen-")


class RabbitManagementReader:
    """Reads all queues of the broker's virtual host with two requests, in a thread of its own."""

    def __init__(self, management: BrokerUrl, broker: BrokerUrl) -> None:
        self._url = management
        self._broker = broker
        self._http = HttpJson(
            management,
            management.username or broker.username or "guest",
            (management.password if management.username else broker.password) or "guest",
        )
        self._thread: SingleThread[BrokerReading] = SingleThread(TOTAL_SECONDS)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """The named queues, other queues that have ready messages, and a resource alarm."""
        names = tuple(dict.fromkeys(queues))
        try:
            return await self._thread.run(lambda: self._request(names))
        except TimeoutError:
            return self._reading(reachability.timed_out(self._url), names)

    async def close(self) -> None:
        """Nothing to close: no connection is kept."""

    def _request(self, names: tuple[str, ...]) -> BrokerReading:
        vhost = quote(self._broker.vhost or "/", safe="")
        try:
            with self._http as http:
                queues = http.get(f"/api/queues/{vhost}?columns={_COLUMNS}")
                alarm = _alarm(http, self._url)
        except Exception as error:  # any answer of any server is a reading, never the end of the reader
            return self._reading(_meaning(error, self._url), names)
        if not isinstance(queues, list):
            return self._reading(reachability.other_error(self._url, "not a list of queues"), names)
        known = {queue["name"]: queue for queue in queues if _is_queue(queue)}
        return replace(
            self._reading(alarm or reachability.reachable(self._url)),
            queues=tuple(_queue(name, known.get(name)) for name in names),
            other_queues=_others(known.values(), names),
        )

    def _reading(self, result: Reachability, names: tuple[str, ...] = ()) -> BrokerReading:
        return replace(result.reading(self._broker, names), address=self._url.address)


def _is_queue(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)


def _queue(name: str, entry: dict[str, Any] | None) -> QueueReading:
    if entry is None:
        return QueueReading(name, 0, exists=False, consumers=0, unacked=0)
    return QueueReading(
        name,
        _number(entry, "messages_ready"),
        exists=True,
        consumers=_number(entry, "consumers"),
        unacked=_number(entry, "messages_unacknowledged"),
        in_rate=_rate(entry, "publish_details"),
        out_rate=_rate(entry, "deliver_get_details"),
    )


def _others(entries: Iterable[dict[str, Any]], names: tuple[str, ...]) -> tuple[QueueReading, ...]:
    """Task queues with ready messages that were not asked for."""
    found = (
        _queue(entry["name"], entry)
        for entry in entries
        if entry["name"] not in names
        and not entry.get("exclusive")
        and not entry.get("auto_delete")
        and not _NOT_TASK_QUEUES.match(entry["name"])
    )
    return tuple(sorted((queue for queue in found if queue.ready), key=lambda queue: queue.name))


def _number(entry: dict[str, Any], name: str) -> int | None:
    # A queue that was created a moment ago has no numbers yet.
    value = entry.get(name)
    return value if isinstance(value, int) else None


def _rate(entry: dict[str, Any], name: str) -> float | None:
    """A rate of ``message_stats``, which is missing until the first message."""
    stats = entry.get("message_stats")
    details = stats.get(name) if isinstance(stats, dict) else None
    value = details.get("rate") if isinstance(details, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


def _alarm(http: HttpJson, url: BrokerUrl) -> Reachability | None:
    """The memory or disk alarm in effect. None also where the user may not ask, or the server is too old."""
    try:
        http.get("/api/health/checks/alarms")
    except HttpError as error:
        if error.status != 503 or not isinstance(error.body, dict):
            return None
        alarms = error.body.get("alarms")
        entries = [one for one in alarms if isinstance(one, dict)] if isinstance(alarms, list) else []
        kinds = sorted({str(one.get("resource")) for one in entries})
        alarm = reachability.quoted(" and ".join(kinds) or "resource")
        return Reachability(
            BrokerReason.ALARM,
            f"{url.address} reports a {alarm} alarm and blocks all publishers: give the server more "
            "memory or disk space, or empty its queues.",
        )
    return None


def _meaning(error: Exception, url: BrokerUrl) -> Reachability:
    if isinstance(error, HttpError):
        if error.status == 401:
            return Reachability(
                BrokerReason.AUTHENTICATION_FAILED,
                f"{url.address} refuses the login: correct the user and password, and give the user the "
                "management tag.",
            )
        if error.status in {403, 404}:
            return reachability.no_such_virtual_host(url, "the broker's URL")
        return reachability.other_error(url, f"HTTP {error.status}")
    if meaning := reachability.connection_error(error, url):
        return meaning
    return reachability.other_error(url, f"not an answer of a management API, {error}")
