"""Whether a Redis server shows its clients as verdicts need it: servers compatible with Redis may not.

Without that proof a count of zero is no evidence: it may only mean that the server does not count.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

from celery_health.broker import RedisNaming
from celery_health.readers.redis.keys import BINDING
from celery_health.readers.timeouts import READ_SECONDS
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.evidence.broker_clients import CHECK_CLIENT, BrokerClients, topic_of, waits
from celery_health.survey.evidence.listeners import redis_command

_KEY = "celery-operator.waits"
# How long one proof may take: either side may stand still for a while.
_SHARE, _LEAST_SECONDS = 0.2, 1.0
_POLL_SECONDS = 0.02
_SCANNED_AT_ONCE = 10_000
_READINGS = 50
"""Lists of clients that are read before the server is known not to show ours. They take a second at least."""


async def with_proven_listeners(
    connection: AppConnection, clients: BrokerClients, budget: Budget
) -> BrokerClients:
    """Without a listener no worker is asked, so Redis has to show first that it counts listeners."""
    if clients.listeners != 0 or await _counts_listeners(connection, _seconds(budget)):
        return clients
    return replace(clients, listeners=None)


async def with_proven_waiting(
    connection: AppConnection, clients: BrokerClients, expected: int, budget: Budget
) -> BrokerClients:
    """Where fewer clients wait than expected, Redis has to show first that it shows those that wait."""
    if clients.waiting is None or clients.waiting >= expected:
        return clients
    if await _shows_waiting_clients(connection, _seconds(budget)):
        return clients
    return replace(clients, waiting=None)


async def other_listeners(connection: AppConnection, budget: Budget) -> int | None:
    """How many listen to the remote control of other applications: under another prefix or exchange.

    Redis shows who waits in a database, and not for which queue: applications may share the database. Never
    raises: None if Redis does not answer all of it in time. A server that does not say it has none.
    """
    from redis.exceptions import TimeoutError as RedisTimeoutError  # noqa: PLC0415

    asking, _ = _connections(connection, _seconds(budget))
    own, others = topic_of(connection), 0
    try:
        async with asyncio.timeout(_seconds(budget)):
            async for key in asking.client().scan_iter(match=f"*{BINDING}*.pidbox", count=_SCANNED_AT_ONCE):
                prefix, _, exchange = key.decode(errors="replace").partition(BINDING)
                naming, exchange = RedisNaming(key_prefix=prefix), exchange.removesuffix(".pidbox")
                topic = topic_of(replace(connection, naming=naming, exchange=exchange))
                if topic != own and not exchange.startswith("reply."):
                    others += int(await asking.client().publish(topic, redis_command(exchange)))
    except (TimeoutError, RedisTimeoutError):
        return None
    except Exception:  # others that are not known explain nothing
        return 0
    finally:
        await asking.close()
    return others


def _seconds(budget: Budget) -> float:
    return min(max(_LEAST_SECONDS, budget.seconds * _SHARE), budget.left)


async def _shows_waiting_clients(connection: AppConnection, seconds: float) -> bool:
    """Whether CLIENT LIST shows a client of our own that waits as a worker does. Never raises.

    The client waits for a second, and again where it was not seen: either side may have stood still.
    """
    waiting, asking = _connections(connection, seconds)
    waiter: asyncio.Task[Any] | None = None
    try:
        async with asyncio.timeout(seconds):
            await waiting.client().client_setname(CHECK_CLIENT)
            own = str(await waiting.client().client_id())
            key = connection.naming.key_prefix + _KEY
            for _ in range(_READINGS):
                if waiter is not None and waiter.done():
                    waiter.result()  # raises what Redis refuses
                    waiter = None
                if waiter is None:
                    blocked = waiting.client().execute_command("BRPOP", key, 1)
                    waiter = asyncio.create_task(blocked)
                clients = await asking.client().client_list()
                if any(client.get("id") == own and waits(client) for client in clients):
                    return True
                await asyncio.sleep(_POLL_SECONDS)
    except Exception:  # no answer of any server is a proof
        return False
    finally:
        if waiter is not None:
            waiter.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await waiter
        await waiting.close()
        await asking.close()
    return False


async def _counts_listeners(connection: AppConnection, seconds: float) -> bool:
    """Whether PUBLISH counts a listener of our own on the channel of remote control. Never raises."""
    from redis.exceptions import RedisError  # noqa: PLC0415

    listening, asking = _connections(connection, seconds)
    topic = topic_of(connection)
    try:
        async with asyncio.timeout(seconds), listening.client().pubsub() as subscription:
            with suppress(RedisError):  # a proxy may have no such command
                await listening.client().client_setname(CHECK_CLIENT)
            await subscription.psubscribe(topic)
            await subscription.get_message(timeout=seconds)
            received = await asking.client().publish(topic, redis_command(connection.exchange))
            return isinstance(received, int) and received > 0
    except Exception:  # no answer of any server is a proof
        return False
    finally:
        await listening.close()
        await asking.close()


def _connections(connection: AppConnection, seconds: float) -> tuple[Any, Any]:
    # Imported only here: the redis package takes 20 MB, and RabbitMQ needs none of it.
    from celery_health.readers.redis.connection import RedisConnection  # noqa: PLC0415

    broker, limit = connection.broker, max(READ_SECONDS, seconds)
    return RedisConnection(broker, seconds=limit), RedisConnection(broker, seconds=limit)
