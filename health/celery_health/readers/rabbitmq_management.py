"""RabbitMQ's management API: what AMQP does not tell of queues, and alarms that hold publishers back."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from celery_health.broker import BrokerReading, BrokerReason, QueueReading
from celery_health.readers import failures
from celery_health.readers.failures import Failure
from celery_health.readers.http_json import HttpError, HttpJson
from celery_health.readers.one_thread import OneThread
from celery_health.urls import BrokerUrl

_COLUMNS = "name,messages_ready,messages_unacknowledged,consumers,exclusive,auto_delete"
# Queues of one process each (remote control, events), and those in which messages wait for their ETA.
_NOT_FOR_WORKERS = re.compile(r".*\.pidbox\Z|celeryev\.|celery_delayed_\d+\Z|amq\.gen-")


class RabbitManagementReader:
    """Reads all queues of the broker's virtual host with two requests a look, in a thread of its own."""

    def __init__(self, management: BrokerUrl, broker: BrokerUrl) -> None:
        self._url = management
        self._broker = broker
        self._http = HttpJson(
            management,
            management.username or broker.username or "guest",
            (management.password if management.username else broker.password) or "guest",
        )
        self._thread: OneThread[BrokerReading] = OneThread()

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """The queues asked for, others with messages, and any alarm."""
        names = tuple(dict.fromkeys(queues))
        try:
            return await self._thread.run(lambda: self._look(names))
        except TimeoutError:
            return self._failed(failures.timed_out(self._url), names)

    async def close(self) -> None:
        """Nothing is kept between looks."""

    def _look(self, names: tuple[str, ...]) -> BrokerReading:
        vhost = quote(self._broker.vhost or "/", safe="")
        try:
            with self._http as http:
                queues = http.get(f"/api/queues/{vhost}?columns={_COLUMNS}")
                alarm = _alarm(http, self._url)
        except Exception as error:  # whatever answers there must not end the reader
            return self._failed(_failure(error, self._url), names)
        if not isinstance(queues, list):
            return self._failed(failures.other(self._url, "no list of queues"), names)
        known = {queue["name"]: queue for queue in queues if _is_queue(queue)}
        failure = alarm or Failure(BrokerReason.REACHABLE, f"{self._url.address} answers.", reachable=True)
        reading = failure.reading(self._broker, ())
        return replace(
            reading,
            address=self._url.address,
            queues=tuple(_queue(name, known.get(name)) for name in names),
            other_queues=_others(known.values(), names),
        )

    def _failed(self, failure: Failure, names: tuple[str, ...]) -> BrokerReading:
        return replace(failure.reading(self._broker, names), address=self._url.address)


def _is_queue(told: Any) -> bool:
    return isinstance(told, dict) and isinstance(told.get("name"), str)


def _queue(name: str, told: dict[str, Any] | None) -> QueueReading:
    if told is None:
        return QueueReading(name, 0, exists=False, consumers=0, unacked=0)
    return QueueReading(
        name,
        _number(told, "messages_ready"),
        exists=True,
        consumers=_number(told, "consumers"),
        unacked=_number(told, "messages_unacknowledged"),
    )


def _others(told: Iterable[dict[str, Any]], names: tuple[str, ...]) -> tuple[QueueReading, ...]:
    """Queues with messages that belong to no single process."""
    found = (
        _queue(one["name"], one)
        for one in told
        if one["name"] not in names
        and not one.get("exclusive")
        and not one.get("auto_delete")
        and not _NOT_FOR_WORKERS.match(one["name"])
    )
    return tuple(sorted((queue for queue in found if queue.ready), key=lambda queue: queue.name))


def _number(told: dict[str, Any], name: str) -> int | None:
    # A queue of a moment ago has no numbers yet.
    value = told.get(name)
    return value if isinstance(value, int) else None


def _alarm(http: HttpJson, url: BrokerUrl) -> Failure | None:
    """The memory or disk alarm in effect; None also where the server does not let us ask, or is too old."""
    try:
        http.get("/api/health/checks/alarms")
    except HttpError as error:
        if error.status != 503 or not isinstance(error.body, dict):
            return None
        alarms = error.body.get("alarms")
        told = [one for one in alarms if isinstance(one, dict)] if isinstance(alarms, list) else []
        kinds = sorted({str(one.get("resource")) for one in told})
        return Failure(
            BrokerReason.ALARM,
            f"{url.address} tells of a {failures.quoted(' and '.join(kinds) or 'resource')} alarm: whoever "
            "publishes is held back until the server has more room or its queues are drained.",
        )
    return None


def _failure(error: Exception, url: BrokerUrl) -> Failure:
    if isinstance(error, HttpError):
        if error.status == 401:
            return Failure(
                BrokerReason.AUTHENTICATION_FAILED,
                f"{url.address} refuses the login: correct the user and password, and give the user the tag "
                "management.",
            )
        if error.status in {403, 404}:
            return Failure(
                BrokerReason.NOT_PERMITTED,
                f"{url.address} shows this user no such virtual host: correct the broker's URL or the user's "
                "permissions.",
            )
        return failures.other(url, f"HTTP {error.status}")
    if failure := failures.of_connection(error, url):
        return failure
    return failures.other(url, f"no answer of a management API, {error}")
