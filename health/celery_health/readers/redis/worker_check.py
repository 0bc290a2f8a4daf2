"""Whether a Redis lets its user do what a worker does, found out without changing anything.

Redis checks the permissions of each command when it takes it into a transaction, and the transaction is
discarded.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from redis import exceptions
from redis.lock import Lock

from celery_health.broker import RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.reachability import Reachability
from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.keys import BINDING, list_keys
from celery_health.readers.redis.reachability import cluster, is_cluster_error, is_missing_command
from celery_health.urls import BrokerUrl

# Without one of these a worker ends at its start or at its first task.
_NEEDED = (
    *("PING", "MULTI", "EXEC", "LLEN", "BRPOP", "SET", "GET", "DEL", "EVALSHA", "SCRIPT"),
    *("SADD", "ZADD", "HSET", "ZREM", "HDEL", "ZREVRANGEBYSCORE"),
)
_NO_COMMAND = re.compile(r"no permissions? to run the '(\w+)", re.IGNORECASE)
# The script with which a worker releases its lock. Only a worker that does not find it needs SCRIPT.
_RELEASE = hashlib.sha1(Lock.LUA_RELEASE_SCRIPT.encode(), usedforsecurity=False).hexdigest()
# As the queues of one worker begin.
_WORKER, _UUID = "worker@host", "00000000-0000-0000-0000-000000000000"

_Command = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """A command of a worker, and the rules of an ACL that allow its keys or channels."""

    command: _Command
    rules: str = ""

    @property
    def name(self) -> str:
        return str(self.command[0])


async def worker_refusal(url: BrokerUrl, connection: RedisConnection) -> Reachability | None:
    """Why a worker cannot use the server with the default names of keys; None if nothing is known against it.

    Raises:
        exceptions.RedisError, OSError: the connection fails.
    """
    async with connection.client().client() as single:
        link: Any = single.connection
        try:
            errors = await _errors(link, url.database or 0)
        finally:
            # What it was in the middle of ends with the connection.
            await link.disconnect()
    return _meaning(errors, url)


async def cluster_refusal(
    url: BrokerUrl, connection: RedisConnection, naming: RedisNaming
) -> Reachability | None:
    """Why workers with these keys end at the server, if it is a Redis Cluster.

    Raises:
        exceptions.RedisError, OSError: the connection fails, or the user may not ask.
    """
    keys = (naming.key_prefix + key for key in (naming.unacked_key, naming.unacked_index_key))
    try:
        await connection.client().exists(*keys)
    except exceptions.ResponseError as error:
        if is_cluster_error(error):
            return cluster(url)
        raise
    return None


def _transaction(database: int) -> list[_Step]:
    """Commands of a worker with their keys. The first has no effect, also where it is not taken in."""
    naming = RedisNaming()
    pidbox, events = f"/{database}.celery.pidbox", f"/{database}.celeryev/worker."
    event_rules = f"&{events}* &/{database}.celeryev/task.*"
    replies = f"{_UUID}.reply.celery.pidbox"
    return [
        _Step(("LLEN", "celery"), "~celery*"),
        _Step(("BRPOP", *list_keys("celery", naming), 1), "~celery*"),
        _Step(("SET", "unacked_mutex", "", "NX"), "~unacked*"),
        _Step(("GET", "unacked_mutex"), "~unacked*"),
        _Step(("DEL", "unacked_mutex"), "~unacked*"),
        _Step(("EVALSHA", _RELEASE, 0)),
        _Step(("SCRIPT", "LOAD", Lock.LUA_RELEASE_SCRIPT)),
        _Step(("ZADD", naming.unacked_index_key, 0, ""), "~unacked*"),
        _Step(("HSET", naming.unacked_key, "", ""), "~unacked*"),
        _Step(("ZREM", naming.unacked_index_key, ""), "~unacked*"),
        _Step(("HDEL", naming.unacked_key, ""), "~unacked*"),
        _Step(("ZREVRANGEBYSCORE", naming.unacked_index_key, 0, 0), "~unacked*"),
        # A worker asks the others at its start and waits for their replies, takes orders, and hears events.
        _Step(("BRPOP", *list_keys(replies, naming), 1), "~*.celery.pidbox*"),
        *(
            _Step(("LLEN", key), "~*.celery.pidbox*")
            for queue in (replies, f"{_WORKER}.celery.pidbox")
            for key in list_keys(queue, naming)
        ),
        *(_Step(("LLEN", key), "~celeryev.*") for key in list_keys(f"celeryev.{_UUID}", naming)),
        *(
            _Step((name, f"{BINDING}{exchange}", ""), f"~{BINDING}*")
            for exchange in ("celery", "reply.celery.pidbox", "celery.pidbox", "celeryev")
            for name in ("SADD", "SREM")
        ),
        _Step(("PUBLISH", pidbox, ""), f"&{pidbox}"),
        _Step(("PUBLISH", f"{events}online", ""), event_rules),
        # Redis compares a pattern with those of the rules letter by letter.
        _Step(("PSUBSCRIBE", pidbox), f"&{pidbox}"),
        _Step(("PSUBSCRIBE", f"{events}*"), event_rules),
    ]


async def _errors(link: Any, database: int) -> list[tuple[_Step, Exception]]:
    """The steps that have an error. Nothing more is sent where a transaction does not begin."""
    errors: list[tuple[_Step, Exception]] = []

    async def answer_to(step: _Step) -> Any:
        answer = await _answer(link)
        if isinstance(answer, Exception):
            errors.append((step, answer))
        return answer

    first, *others = _transaction(database)
    await link.send_command("EVALSHA", _RELEASE, 1, "unacked_mutex", "")
    if not isinstance(await _answer(link), Exception):
        others = [step for step in others if step.name != "SCRIPT"]
    for step in (_Step(("PING",)), _Step(("EXEC",)), _Step(("MULTI",)), first):
        await link.send_command(*step.command)
        answer = await answer_to(step)
        if isinstance(answer, Exception):
            if step.name == "MULTI":
                return errors
        elif step is first and answer not in (b"QUEUED", "QUEUED"):
            return errors
    # In one round trip: each takes long to a server that is far away.
    await link.send_packed_command(link.pack_commands([step.command for step in others]))
    for step in others:
        await answer_to(step)
    return errors


async def _answer(link: Any) -> Any:
    """The server's next answer, or its error."""
    try:
        return await link.read_response()
    except exceptions.ResponseError as error:
        return error


def _meaning(errors: list[tuple[_Step, Exception]], url: BrokerUrl) -> Reachability | None:
    if any(is_cluster_error(error) for _, error in errors):
        return Reachability(
            BrokerReason.UNSUPPORTED_KIND,
            f"{url.address} is a Redis Cluster. Workers end there, unless global_keyprefix in "
            "broker_transport_options has a hash tag, such as {shop}: use a Redis without cluster mode.",
            reachable=None,
        )

    def steps_with(is_meant: Callable[[Exception], Any]) -> list[_Step]:
        return [step for step, error in errors if is_meant(error)]

    missing = _distinct(step.name for step in steps_with(is_missing_command))
    refused = _distinct(step.name for step in steps_with(lambda error: _NO_COMMAND.search(str(error))))
    if needed := [name for name in missing if name in _NEEDED]:
        return Reachability(BrokerReason.ERROR, _lacks(needed, url))
    if needed := [name for name in _NEEDED if name in refused]:
        return Reachability(
            BrokerReason.NOT_PERMITTED,
            f"{url.address} accepts the login but does not let the user do what workers do: "
            f"allow {_allowed(needed)}.",
        )
    # The application may have other names, or may not use remote control.
    unless = "workers end there, unless the application has other settings"
    if missing:
        return Reachability(
            BrokerReason.UNSUPPORTED_KIND, f"{_lacks(missing, url)} Otherwise {unless}.", reachable=None
        )
    closed = steps_with(lambda error: "permissions to access" in str(error))
    rules = _distinct(rule for step in closed for rule in step.rules.split())
    if refused or rules:
        allowed = " ".join(filter(None, [_allowed(refused), *rules]))
        return Reachability(
            BrokerReason.UNSUPPORTED_KIND,
            f"{url.address} accepts the login but does not let the user use all commands, keys and channels "
            f"of workers with Celery's default settings: {unless}. Allow {allowed}.",
            reachable=None,
        )
    return None


def _lacks(commands: list[str], url: BrokerUrl) -> str:
    lines = ", ".join(f"rename-command {name}" for name in commands)
    return (
        f"{url.address} does not know {', '.join(commands)}, which workers use: remove {lines} from the "
        "configuration of the server, or use another server."
    )


def _allowed(commands: list[str]) -> str:
    return " ".join(f"+{name.lower()}" for name in commands)


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
