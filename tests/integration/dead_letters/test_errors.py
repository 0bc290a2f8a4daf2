"""What a user can get wrong, and what can be wrong with the queue: one line that says what to do."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import amqp
import pytest
import redis as redis_client
from tools.testbed.servers import RabbitServer, RedisServer, free_port, redis_server

from celery_health.broker import RedisNaming
from celery_health.dead_letters.opening import open_dead_letters
from celery_health.urls import parse
from tests.integration.cli.harness import Outcome, run
from tests.integration.dead_letters.quarantine import QUEUE, amqp_connection, declare, lengths


@pytest.fixture
def client(redis: RedisServer) -> Iterator[Any]:
    with redis_client.Redis(port=redis.port) as connection:
        yield connection


def dead_letter(redis: RedisServer, *arguments: str) -> Outcome:
    return run("--broker", redis.url, "dead-letter", *arguments)


def message(task_id: str, word: str = "") -> str:
    route = {"exchange": "", "routing_key": "mail"}
    document = {
        "body": word,
        "content-type": "application/json",
        "headers": {"task": "shop.hog", "id": task_id},
        "properties": {"delivery_info": route, "priority": 0},
    }
    return json.dumps(document)


def test_an_empty_queue(redis: RedisServer, client: Any) -> None:
    listed = dead_letter(redis, "list")
    assert (listed.code, listed.out) == (0, f"The dead-letter queue {QUEUE} is empty.\n")
    assert dead_letter(redis, "replay", "--all").code == 0
    assert dead_letter(redis, "drop", "--all").code == 0
    unknown = dead_letter(redis, "show", "29a3")
    assert unknown.code == 3
    assert f"The dead-letter queue {QUEUE} is empty" in unknown.err


def test_an_unknown_id_and_the_beginning_of_one(redis: RedisServer, client: Any) -> None:
    client.lpush(QUEUE, message("29a3b4be"), message("29a3ffff"))
    unknown = dead_letter(redis, "replay", "77")
    assert unknown.code == 3
    assert "Its ids are 29a3b4be and 29a3ffff." in unknown.err
    for ref in ("", "29A3", "29a3b4be-and-more", "29a3*", "#2"):
        assert dead_letter(redis, "replay", ref).code == 3
    both = dead_letter(redis, "drop", "29a3", "--yes")
    assert both.code == 3
    assert "is the beginning of 2 ids" in both.err
    assert client.llen(QUEUE) == 2
    assert dead_letter(redis, "replay", "29a3f").code == 0
    assert client.lrange("mail", 0, -1) == [message("29a3ffff").encode()]
    gone = dead_letter(redis, "show", "29a3f")
    assert (gone.code, "Its only id is 29a3b4be." in gone.err) == (3, True)
    twice = dead_letter(redis, "replay", "29", "29a3b4be", "29a3b")
    assert (twice.code, twice.out) == (0, "29a3b4be (shop.hog): put back into mail.\n")


def test_ids_of_a_kilobyte_with_one_beginning(redis: RedisServer, client: Any) -> None:
    one, other = ("x" * 1024 + end for end in "ab")
    client.lpush(QUEUE, message(one), message(other))
    refs = [found["ref"] for found in dead_letter(redis, "list", "--format", "json").document["messages"]]
    assert len(set(refs)) == 2
    assert max(map(len, refs)) < 100
    both = dead_letter(redis, "replay", "xxxx")
    assert (both.code, "is the beginning of 2 ids" in both.err) == (3, True)
    assert dead_letter(redis, "show", other).code == 0
    assert dead_letter(redis, "replay", other, refs[0]).code == 0
    assert client.lrange("mail", 0, -1) == [message(other).encode(), message(one).encode()]


def test_an_id_behind_the_messages_that_are_read(redis: RedisServer, client: Any) -> None:
    client.lpush(QUEUE, *(message(f"{number:05}") for number in range(10_001)))
    behind = dead_letter(redis, "show", "10000")
    assert behind.code == 3
    assert "among the oldest 10000 of 10001 messages" in behind.err


def test_two_messages_with_one_id_are_distinguished(redis: RedisServer, client: Any) -> None:
    client.lpush(QUEUE, message("29a3", "older"), message("29a3", "newer"), message("29a3", "newer"))
    listed = dead_letter(redis, "list", "--format", "json").document
    assert [one["ref"] for one in listed["messages"]] == ["29a3", "29a3#2", "29a3#3"]
    assert dead_letter(redis, "drop", "29a3#2", "--yes").code == 0
    assert dead_letter(redis, "replay", "29a3").code == 0
    assert client.lrange("mail", 0, -1) == [message("29a3", "older").encode()]
    assert client.lrange(QUEUE, 0, -1) == [message("29a3", "newer").encode()]


def test_what_is_no_celery_message_can_be_dropped_and_not_replayed(redis: RedisServer, client: Any) -> None:
    client.lpush(QUEUE, "rubbish \x1b[31m")
    listed = dead_letter(redis, "list")
    assert "It is no Celery message: it is not JSON." in listed.out
    assert "\x1b" not in dead_letter(redis, "show", "no-id").out
    assert dead_letter(redis, "replay", "--all", "--to", "mail").code == 2
    assert not client.exists("mail")
    assert dead_letter(redis, "drop", "no-id", "--yes").code == 0
    assert not client.exists(QUEUE)


def test_nothing_is_dropped_without_a_confirmation(redis: RedisServer, client: Any) -> None:
    client.lpush(QUEUE, message("a"), message("b"))
    refused = dead_letter(redis, "drop", "--all")
    assert refused.code == 3
    assert "Drop 2 messages from celery.dead-letter?" in refused.out
    assert "confirm with y, or use --yes" in refused.err
    assert client.llen(QUEUE) == 2
    dropped = dead_letter(redis, "drop", "--all", "--yes")
    assert (dropped.code, dropped.out) == (
        0,
        "a (shop.hog): dropped.\nb (shop.hog): dropped.\n2 of 2 messages dropped.\n",
    )


def test_a_list_is_bounded(redis: RedisServer, client: Any) -> None:
    client.lpush(QUEUE, *(message(f"{number:04}") for number in range(250)))
    listed = dead_letter(redis, "list")
    assert "0099" in listed.out
    assert "0100" not in listed.out
    assert "150 more messages are in the queue." in listed.out
    replayed = dead_letter(redis, "replay", "--all")
    assert (replayed.code, replayed.out.count("put back into mail.")) == (0, 250)
    assert replayed.out.endswith("\n250 of 250 messages put back.\n")
    # The oldest was put back first: workers take from the tail.
    assert client.lindex("mail", -1) == message("0000").encode()


def test_a_queue_of_another_name_before_or_after_the_command(redis: RedisServer, client: Any) -> None:
    client.lpush("shop.dead-letter", message("29a3"))
    after = run("dead-letter", "list", "--queue", "shop.dead-letter", "--broker", redis.url)
    before = run("--queue", "shop.dead-letter", "--broker", redis.url, "dead-letter", "list")
    assert "29a3" in after.out
    assert before.out == after.out
    as_celery_command = ["-A", "cli_shop", "health", "--queue", "shop.dead-letter", "dead-letter", "list"]
    assert run(*as_celery_command, program="celery", broker=redis.url).out == after.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay",), "Name at least one ID, or use --all, and not both."),
        (("drop", "29a3", "--all"), "Name at least one ID, or use --all, and not both."),
        (("replay", "--all", "--to", ""), "--to is empty: name a queue, or leave it out."),
        (("show",), "Missing argument 'ID'"),
        (("purge",), "No such command 'purge'"),
        (("list", "--format", "xml"), "'xml' is not one of"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], said: str, redis: RedisServer) -> None:
    wrong = dead_letter(redis, *arguments)
    assert wrong.code == 3
    assert said in wrong.err


def test_the_key_is_no_list(redis: RedisServer, client: Any) -> None:
    client.set(QUEUE, "text")
    wrong = dead_letter(redis, "list")
    assert wrong.code == 2
    assert "WRONGTYPE" in wrong.err


def test_the_queue_of_a_message_is_no_list(redis: RedisServer, client: Any) -> None:
    client.set("mail", "text")
    client.lpush(QUEUE, message("29a3"))
    wrong = dead_letter(redis, "replay", "--all")
    assert wrong.code == 2
    assert "The key mail cannot take the message: WRONGTYPE" in wrong.err
    assert client.lrange(QUEUE, 0, -1) == [message("29a3").encode()]


def test_a_redis_that_is_full_keeps_the_message_and_lets_drop_remove_others(
    redis: RedisServer, client: Any
) -> None:
    client.lpush(QUEUE, message("29a3"), message("3fee"))
    client.config_set("maxmemory", "1")
    try:
        full = dead_letter(redis, "replay", "--all")
        listed = dead_letter(redis, "list")
        dropped = dead_letter(redis, "drop", "3fee", "--yes")
    finally:
        client.config_set("maxmemory", "0")
    assert full.code == 2
    assert "error: command not allowed when used memory > 'maxmemory'" in full.err
    assert "pipeline" not in full.err
    assert "29a3" in listed.out
    assert dropped.code == 0, dropped.err
    assert client.lrange(QUEUE, 0, -1) == [message("29a3").encode()]


def test_the_broker_is_away_or_of_another_kind(tmp_path: Path) -> None:
    away = run("--broker", f"redis://:geheim@127.0.0.1:{free_port()}/0", "dead-letter", "list")
    assert away.code == 2
    assert "Nothing listens at" in away.err
    away = run("--broker", f"amqp://guest:geheim@127.0.0.1:{free_port()}//", "dead-letter", "list")
    assert away.code == 2
    sqs = run("--broker", "sqs://key:geheim@", "dead-letter", "list")
    assert sqs.code == 3
    assert "quarantine needs Redis or RabbitMQ" in sqs.err
    none = run("dead-letter", "list")
    assert none.code == 3
    assert "No broker is named" in none.err


def test_a_redis_that_hangs_and_one_with_another_password(redis: RedisServer, tmp_path: Path) -> None:
    with redis_server(tmp_path / "closed", password="geheim") as closed:
        wrong = run("--broker", f"redis://:falsch@127.0.0.1:{closed.port}/0", "dead-letter", "list")
        assert wrong.code == 2
        assert "refuses the login" in wrong.err
    redis.pause()
    try:
        hanging = dead_letter(redis, "list")
    finally:
        redis.resume()
    assert hanging.code == 2
    assert "does not answer in time" in hanging.err


@pytest.mark.parametrize("broker", ["redis", "rabbit"])
def test_a_broker_that_answers_after_seconds(broker: str, request: pytest.FixtureRequest) -> None:
    server: RedisServer | RabbitServer = request.getfixturevalue(broker)

    def read() -> int:
        with closing(open_dead_letters(parse(server.url), RedisNaming(), QUEUE)) as queue:
            return queue.read(0).total

    with ThreadPoolExecutor(1) as pool:
        server.pause()
        try:
            reading = pool.submit(read)
            with pytest.raises(TimeoutError):
                reading.result(timeout=3)
        finally:
            server.resume()
        assert reading.result(timeout=60) == 0


def test_the_first_broker_of_several_that_answers_is_used(redis: RedisServer, client: Any) -> None:
    client.lpush(QUEUE, message("29a3"))
    several = run("--broker", f"redis://127.0.0.1:{free_port()}/0;{redis.url}", "dead-letter", "list")
    assert several.code == 0, several.err
    assert "29a3" in several.out


def test_on_rabbitmq_no_queue_a_strange_message_and_a_wrong_password(rabbit: RabbitServer) -> None:
    without = run("--broker", rabbit.url, "dead-letter", "list")
    assert without.code == 0
    assert f"There is no dead-letter queue {QUEUE}: " in without.out
    assert "Use --queue NAME or -A APP" in without.out
    wrong = run("--broker", f"amqp://guest:falsch@127.0.0.1:{rabbit.port}//", "dead-letter", "list")
    assert wrong.code == 2
    assert "refuses the login" in wrong.err
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        declare(channel)
        channel.basic_publish(amqp.Message(b"\xff"), routing_key=QUEUE)
        assert "It is no Celery message" in run("--broker", rabbit.url, "dead-letter", "list").out
        assert run("--broker", rabbit.url, "dead-letter", "replay", "--all").code == 2
        assert lengths(channel, QUEUE) == [1]
        assert run("--broker", rabbit.url, "dead-letter", "drop", "--all", "--yes").code == 0
        assert lengths(channel, QUEUE) == [0]

        headers = {"x-celery-probe-exchange": "shop", "x-celery-probe-routing-key": "mail"}
        of_exchange = amqp.Message(b"[[], {}, {}]", application_headers={"task": "t", "id": "i", **headers})
        channel.basic_publish(of_exchange, routing_key=QUEUE)
        refused = run("--broker", rabbit.url, "dead-letter", "replay", "i")
        assert refused.code == 2
        assert "does not show which queue it came from: use --to QUEUE" in refused.err
        assert lengths(channel, QUEUE) == [1]
