"""The receiver of Redis against real servers, with events that kombu publishes."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from celery_health.urls import parse
from celery_monitor.events.receivers.opening import open_receiver
from tests.integration.monitor.events.conftest import running, send, send_batch, until
from tests.integration.readers.test_redis_failover import ask_sentinel, replicas_known, sentinel_url


async def test_events_of_one_database_arrive_alone_and_in_batches(redis: RedisServer) -> None:
    async with running(open_receiver(redis.database(1))) as inbox:
        await inbox.until_connected()
        send(redis.database(2), "other")
        send(redis.database(1), "a", "b")
        send_batch(redis.database(1), "c", "d")
        await inbox.until_received("a", "b", "c", "d")
        assert inbox.uuids == ["a", "b", "c", "d"]
        assert inbox.receiver.last_received


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({"global_keyprefix": "shop[1]:"}, {"key_prefix": "shop[1]:"}),
        ({"fanout_prefix": False}, {"fanout_prefix": False}),
        ({"fanout_prefix": "ev.{db}."}, {"fanout_prefix": "ev.{db}."}),
        ({"fanout_patterns": False}, {}),
        ({"fanout_patterns": False, "fanout_prefix": False}, {"fanout_prefix": False}),
    ],
)
async def test_events_arrive_with_the_transport_options_of_kombu(
    redis: RedisServer, options: dict[str, Any], arguments: dict[str, Any]
) -> None:
    async with running(open_receiver(redis.database(3), **arguments)) as inbox:
        await inbox.until_connected()
        send(redis.database(3), "a", "b", options=options)
        await inbox.until_received("a", "b")
        assert inbox.uuids == ["a", "b"]


async def test_events_arrive_over_tls(tmp_path: Path, certificate: Path) -> None:
    key = certificate.with_suffix(".key")
    with redis_server(tmp_path / "redis") as server:
        tls: Any = Redis(port=server.port)
        tls.config_set("tls-cert-file", str(certificate), "tls-key-file", str(key), "tls-auth-clients", "no")
        tls.config_set("port", 0, "tls-port", server.port)
        url = f"rediss://localhost:{server.port}/0?ssl_ca_certs={certificate}&ssl_cert_reqs=required"
        async with running(open_receiver(url)) as inbox:
            await inbox.until_connected()
            send(url, "a")
            await inbox.until_received("a")


async def test_events_arrive_over_a_unix_socket(tmp_path: Path) -> None:
    socket = tmp_path / "redis.sock"
    with redis_server(tmp_path / "redis", arguments=["--unixsocket", str(socket)]) as server:
        async with running(open_receiver(f"redis+socket://{socket}?virtual_host=2")) as inbox:
            await inbox.until_connected()
            send(server.database(2), "a")
            await inbox.until_received("a")


async def test_events_arrive_again_after_a_failover_of_the_sentinels(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(redis_server(tmp_path / "first", "secret"))
        replication = ["--replicaof", "127.0.0.1", str(first.port), "--masterauth", "secret"]
        replication += ["--repl-diskless-sync-delay", "0"]
        second = stack.enter_context(redis_server(tmp_path / "second", "secret", replication))
        url = stack.enter_context(sentinel_url(tmp_path / "sentinel", first))
        async with running(open_receiver(url)) as inbox:
            await inbox.until_connected()
            send(first.url, "a")
            await inbox.until_received("a")
            watcher = Redis(port=second.port, password="secret")
            wait_for(lambda: watcher.info("replication")["master_link_status"] == "up")  # type: ignore[index]
            wait_for(lambda: replicas_known(parse(url).port), describe="the Sentinel knows the replica")
            first.kill()
            ask_sentinel(parse(url).port, "set", "shop", "down-after-milliseconds", "2000")
            # A Sentinel that stood still for two seconds does nothing for the next thirty.
            wait_for(lambda: watcher.info("replication")["role"] == "master", 120)  # type: ignore[index]

            def subscribed() -> bool:
                return bool(watcher.pubsub_channels("*celeryev*"))

            await until(subscribed)
            send(second.url, "b")
            await inbox.until_received("b")


async def test_a_restarted_server_is_subscribed_again(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis", "secret") as server:
        async with running(open_receiver(server.url)) as inbox:
            await inbox.until_connected()
            server.kill()
            await until(lambda: not inbox.receiver.connected)
            server.start()
            await inbox.until_connected()
            send(server.url, "a")
            await inbox.until_received("a")


async def test_a_killed_connection_is_made_again(redis: RedisServer) -> None:
    watcher: Any = Redis(port=redis.port, password="secret")
    async with running(open_receiver(redis.database(5))) as inbox:
        await inbox.until_connected()
        watcher.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await until(lambda: not inbox.receiver.connected)
        await inbox.until_connected()
        send(redis.database(5), "a")
        await inbox.until_received("a")


async def test_a_server_that_answers_no_more_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celery_monitor.events.receivers.redis.CHECK_SECONDS", 0.5)
    with redis_server(tmp_path / "redis") as server:
        async with running(open_receiver(server.url)) as inbox:
            await inbox.until_connected()
            server.pause()
            await until(lambda: not inbox.receiver.connected)
            server.resume()
            await inbox.until_connected()


async def test_an_idle_connection_stays(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery_monitor.events.receivers.redis.CHECK_SECONDS", 0.2)
    watcher: Any = Redis(port=redis.port, password="secret")
    async with running(open_receiver(redis.database(6))) as inbox:
        await inbox.until_connected()

        def pings() -> int:
            return int(watcher.info("commandstats").get("cmdstat_ping", {}).get("calls", 0))

        began: dict[str, int] = {}

        def outlives_pings() -> bool:
            # A server on a busy machine may miss a check: the connection that follows has to outlive five.
            now, found = pings(), watcher.client_list(_type="pubsub")
            ids = [client["id"] for client in found if client["name"].endswith("/6.celeryev")]
            if any(now > began.get(one, now) + 5 for one in ids):
                return True
            now = pings()
            for one in ids:
                began.setdefault(one, now)
            return False

        await until(outlives_pings)
        await inbox.until_connected()


async def test_the_first_address_that_answers_is_used(redis: RedisServer) -> None:
    async with running(open_receiver(f"redis://127.0.0.1:1/0;{redis.database(7)}")) as inbox:
        await inbox.until_connected()
        send(redis.database(7), "a")
        await inbox.until_received("a")


async def test_a_wrong_password_is_a_sentence_without_it(redis: RedisServer) -> None:
    async with running(open_receiver(f"redis://:geheim@127.0.0.1:{redis.port}/0")) as inbox:
        await until(lambda: "refuses the login" in str(inbox.receiver.error))
        assert "geheim" not in str(inbox.receiver.error)


async def test_a_user_who_may_not_subscribe_is_named_the_right(redis: RedisServer) -> None:
    admin: Any = Redis(port=redis.port, password="secret")
    admin.execute_command("ACL", "SETUSER", "viewer", "on", ">viewer", "+@all", "~*", "resetchannels")
    async with running(open_receiver(f"redis://viewer:viewer@127.0.0.1:{redis.port}/0")) as inbox:
        await until(lambda: "&/0.celeryev*" in str(inbox.receiver.error))
