"""The reader of RabbitMQ's management API: unacknowledged messages, other queues, and resource alarms."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote

import msgspec

from celery_health.broker import BrokerReading, Found, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import numbers, reachability
from celery_health.readers.access import ANYWHERE, Access
from celery_health.readers.budget import TooMuchError, UnreadableAnswerError
from celery_health.readers.connection_errors import connection_error
from celery_health.readers.rabbitmq.http_json import HttpError, HttpJson
from celery_health.readers.rabbitmq.unread_queues import (
    Binding,
    ListedQueue,
    names_an_exchange,
    unread_by_design,
)
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import TOTAL_SECONDS
from celery_health.threads import SingleThread
from celery_health.urls import BrokerUrl

_COLUMNS = (
    "name,messages_ready,messages_unacknowledged,consumers,exclusive,auto_delete,"
    "message_stats.publish_details.rate,message_stats.deliver_get_details.rate,"
    "arguments,effective_policy_definition"
)
_BINDING_COLUMNS = "source,destination,destination_type"
# Queues that belong to one process (remote control, events), and those that hold messages until their ETA.
_NOT_TASK_QUEUES = re.compile(r".*\.pidbox\Z|celeryev\.|celery_delayed_\d+\Z|amq\.gen-")

_Entry = TypeVar("_Entry")

_KINDS = frozenset({"disk space", "memory"})
_MAX_NAME = 255

MAX_OTHERS = 200
"""The queues that were not asked for in one reading."""


class RabbitManagementReader:
    """Reads all queues of the broker's virtual host with two requests, in a thread of its own.

    A third one follows while some queue has a named exchange for its dead letters.
    """

    def __init__(self, management: BrokerUrl, broker: BrokerUrl, access: Access = ANYWHERE) -> None:
        self._url = management
        self._broker = broker
        self._http = HttpJson(
            management,
            management.username or broker.username or "guest",
            (management.password if management.username else broker.password) or "guest",
            access,
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
                queues = _queues(http.get(f"/api/queues/{vhost}?columns={_COLUMNS}"))
                alarm = _alarm(http, self._url)
                unread = _unread(http, vhost, queues)
        except Exception as error:  # any answer of any server is a reading, never the end of the reader
            return self._reading(_meaning(error, self._url), names)
        asked = frozenset(names)
        known = {queue.name: _reading_of(queue) for queue in queues if queue.name in asked}
        others = _others(queues, asked | unread)
        return replace(
            self._reading(alarm or reachability.reachable(self._url)),
            queues=tuple(known.get(name) or _missing(name) for name in names),
            other_queues=others[:MAX_OTHERS],
            found=Found.ALL if len(others) <= MAX_OTHERS else Found.SOME,
        )

    def _reading(self, result: Reachability, names: tuple[str, ...] = ()) -> BrokerReading:
        return replace(result.reading(self._broker, names), address=self._url.address)


class _Rate(msgspec.Struct):
    """``rate``: per second."""

    rate: float | None = None


class _Stats(msgspec.Struct):
    """Missing until the first message."""

    publish_details: _Rate | None = None
    deliver_get_details: _Rate | None = None


class _Queue(ListedQueue):
    """An entry of the list. A queue that was created a moment ago has no numbers yet."""

    messages_ready: int | None = None
    messages_unacknowledged: int | None = None
    consumers: int | None = None
    exclusive: bool = False
    auto_delete: bool = False
    message_stats: _Stats | None = None


class _Alarm(msgspec.Struct):
    resource: str


class _Alarms(msgspec.Struct):
    alarms: msgspec.Raw


_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_QUEUE = msgspec.json.Decoder(_Queue)
_BINDING = msgspec.json.Decoder(Binding)
_ALARMS = msgspec.json.Decoder(_Alarms)
_LIST_OF_ALARMS = msgspec.json.Decoder(list[_Alarm])


def _missing(name: str) -> QueueReading:
    return QueueReading(name, 0, exists=False, consumers=0, unacked=0)


def _queues(body: bytes) -> list[_Queue]:
    """The entries that are queues."""
    found = (_decoded(_QUEUE, entry) for entry in _entries(body))
    return [queue for queue in found if queue and len(queue.name) <= _MAX_NAME]


def _entries(body: bytes) -> list[msgspec.Raw]:
    try:
        return _LIST.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswerError from error


def _decoded(decoder: msgspec.json.Decoder[_Entry], entry: msgspec.Raw) -> _Entry | None:
    """Each entry is decoded by itself: only one of them may be strange."""
    try:
        return decoder.decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _reading_of(queue: _Queue) -> QueueReading:
    stats = queue.message_stats or _Stats()
    return QueueReading(
        queue.name,
        numbers.count(queue.messages_ready),
        exists=True,
        consumers=numbers.count(queue.consumers),
        unacked=numbers.count(queue.messages_unacknowledged),
        in_rate=numbers.rate(stats.publish_details and stats.publish_details.rate),
        out_rate=numbers.rate(stats.deliver_get_details and stats.deliver_get_details.rate),
    )


def _unread(http: HttpJson, vhost: str, queues: Sequence[_Queue]) -> frozenset[str]:
    """The queues that no worker reads by design."""
    bindings: list[msgspec.Raw] = []
    if names_an_exchange(queues):
        # A user may be allowed to list the queues alone, and the bindings may be too many.
        with suppress(HttpError, TooMuchError, UnreadableAnswerError):
            bindings = _entries(http.get(f"/api/bindings/{vhost}?columns={_BINDING_COLUMNS}"))
    return unread_by_design(queues, (one for entry in bindings if (one := _decoded(_BINDING, entry))))


def _others(queues: Iterable[_Queue], names: frozenset[str]) -> tuple[QueueReading, ...]:
    """Task queues with ready messages, but those of these names."""
    found = (
        _reading_of(queue)
        for queue in queues
        if queue.messages_ready
        and queue.name not in names
        and not (queue.exclusive or queue.auto_delete)
        and not _NOT_TASK_QUEUES.match(queue.name)
    )
    return tuple(sorted((queue for queue in found if queue.ready), key=lambda queue: queue.name))


def _alarm(http: HttpJson, url: BrokerUrl) -> Reachability | None:
    """The memory or disk alarm in effect. None also where the user may not ask, or the server is too old."""
    try:
        http.get("/api/health/checks/alarms")
    except HttpError as error:
        kinds = _alarm_kinds(error.body) if error.status == 503 else None
        if kinds is None:
            return None
        alarm = " and ".join(kinds) or "resource"
        return Reachability(
            BrokerReason.ALARM,
            f"{url.address} reports a {alarm} alarm and blocks all publishers: give the server more "
            "memory or disk space, or empty its queues.",
        )
    return None


def _alarm_kinds(body: bytes) -> list[str] | None:
    """What the alarms are about, as far as it is known; None for an answer without alarms."""
    try:
        alarms = _ALARMS.decode(body).alarms
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    try:
        return sorted(_KINDS & {alarm.resource for alarm in _LIST_OF_ALARMS.decode(alarms)})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


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
    return connection_error(error, url) or reachability.not_understood(url)
