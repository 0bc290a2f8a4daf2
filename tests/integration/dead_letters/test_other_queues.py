"""No command touches a queue of tasks that wait for a worker, and a wrong name is noticed."""

from contextlib import closing

import kombu
import redis as redis_client
from kombu import Connection
from tools.testbed.servers import RedisServer

from celery_health.broker import RedisNaming
from celery_health.dead_letters.opening import open_dead_letters
from celery_health.urls import parse
from tests.integration.cli.harness import run
from tests.integration.dead_letters.quarantine import QUEUE
from tests.integration.dead_letters.test_errors import message


def test_messages_of_an_ordinary_queue_are_neither_read_nor_dropped(redis: RedisServer) -> None:
    broker = ["--broker", redis.url]
    with redis_client.Redis(port=redis.port) as client:
        client.lpush("celery", message("29a3"))
        for arguments in (
            [*broker, "dead-letter", "list", "--queue", "celery"],
            [*broker, "dead-letter", "replay", "--all", "--to", "mail", "--queue", "celery"],
            [*broker, "dead-letter", "drop", "--all", "--yes", "--queue", "celery"],
            ["--queue", "celery", *broker, "dead-letter", "drop", "--all", "--yes"],
        ):
            refused = run(*arguments)
            assert refused.code == 3
            assert "'celery' is no dead-letter queue: their names end in .dead-letter." in refused.err
            assert "29a3" not in refused.out + refused.err
        assert client.lrange("celery", 0, -1) == [message("29a3").encode()]


def test_an_empty_name_is_refused(redis: RedisServer) -> None:
    refused = run("--broker", redis.url, "dead-letter", "list", "--queue", "")
    assert refused.code == 3
    assert "the name is empty" in refused.err


def test_an_empty_queue_names_the_others_that_have_messages(redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client:
        for queue in ("default.dead-letter", "jobs.dead-letter", "jobs"):
            client.lpush(queue, message("29a3"))
    hint = "There are messages in default.dead-letter and jobs.dead-letter: use --queue NAME or -A APP."
    empty = run("--broker", redis.url, "dead-letter", "list")
    assert (empty.code, empty.out) == (0, f"The dead-letter queue {QUEUE} is empty. {hint}\n")
    assert hint in run("--broker", redis.url, "dead-letter", "replay", "--all").out
    assert hint in run("--broker", redis.url, "dead-letter", "show", "29a3").err


def others(url: str, naming: RedisNaming) -> tuple[str, ...]:
    with closing(open_dead_letters(parse(url), naming, QUEUE)) as queue:
        return queue.read(1).others


def test_others_have_the_key_prefix_of_the_application(redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client:
        client.lpush("other:jobs.dead-letter", message("29a3"))
        client.lpush("[s]:mail.dead-letter", message("29a3"))
    assert others(redis.url, RedisNaming(key_prefix="[s]:")) == ("mail.dead-letter",)


def test_a_user_who_may_not_scan_sees_no_others(redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client:
        client.lpush("jobs.dead-letter", message("29a3"))
        client.execute_command("ACL", "SETUSER", "few", "on", ">geheim", "~*", "+@all", "-scan")
        try:
            assert others(f"redis://few:geheim@127.0.0.1:{redis.port}/0", RedisNaming()) == ()
        finally:
            client.execute_command("ACL", "DELUSER", "few")


def test_a_replay_into_a_queue_that_no_worker_has_declared_says_so(redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client:
        client.lpush(QUEUE, message("29a3"), message("77b1"))
    with Connection(redis.url) as connection:
        kombu.Queue("mail", kombu.Exchange("letters"), "mail")(connection.default_channel).declare()
    known = run("--broker", redis.url, "dead-letter", "replay", "29a3", "--to", "mail")
    assert known.out == "29a3 (shop.hog): put into mail.\n"
    wrong = run("--broker", redis.url, "dead-letter", "replay", "77b1", "--to", "typo")
    assert wrong.out == "77b1 (shop.hog): put into typo, a queue that no worker has declared.\n"
