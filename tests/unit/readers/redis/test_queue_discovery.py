"""The scan for queues that were not asked for: bounded in each step, complete in the end."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import NoPermissionError, ResponseError

from celery_health.broker import Found, RedisNaming
from celery_health.readers.redis.keys import binding_pattern, holds_task_queues, queue_of
from celery_health.readers.redis.queue_discovery import MAX_QUEUES, MAX_STEP, MIN_STEP, QueueDiscovery


class Database:
    """Answers the commands of a discovery from bindings, a few keys a step."""

    def __init__(self, bindings: dict[str, list[str]], size: int = 10, page: int = 2) -> None:
        self.bindings = bindings
        self.size = size
        self.page = page

    def answers(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        return [self._answer(*command) for command in commands]

    def _answer(self, word: str, *words: Any) -> Any:
        if word == "DBSIZE":
            return self.size
        if word == "SCAN":
            keys = sorted(self.bindings)
            following = words[0] + self.page
            cursor = following if following < len(keys) else 0
            return cursor, [key.encode() for key in keys[words[0] : following]]
        assert word == "SRANDMEMBER"
        key, number = words
        return [member.encode() for member in self.bindings.get(key, [])][:number]


def bound(*queues: str) -> list[str]:
    """Members of a binding's set, as kombu writes them."""
    return [f"{queue}\x06\x16\x06\x16{queue}" for queue in queues]


def scan(discovery: QueueDiscovery, database: Database, times: int = 1) -> None:
    for _ in range(times):
        discovery.note(database.answers(discovery.commands()))


@given(
    queues=st.sets(st.text(st.sampled_from("abc"), min_size=1, max_size=3), max_size=12),
    page=st.integers(1, 5),
)
def test_every_queue_is_found_after_one_walk(queues: set[str], page: int) -> None:
    database = Database({f"_kombu.binding.{queue}": bound(queue) for queue in queues}, page=page)
    discovery = QueueDiscovery(RedisNaming())
    scan(discovery, database, times=len(queues) // page + 3)
    assert discovery.queues == tuple(sorted(queues))


def test_what_was_found_stays_known_while_the_next_walk_goes_on() -> None:
    database = Database({f"_kombu.binding.{name}": bound(name) for name in "abcdef"})
    discovery = QueueDiscovery(RedisNaming())
    scan(discovery, database, times=4)
    for _ in range(10):
        scan(discovery, database)
        assert discovery.queues == tuple("abcdef")


def test_a_queue_whose_binding_is_gone_is_forgotten() -> None:
    database = Database({"_kombu.binding.a": bound("a"), "_kombu.binding.b": bound("b")})
    discovery = QueueDiscovery(RedisNaming())
    scan(discovery, database, times=2)
    del database.bindings["_kombu.binding.a"]
    scan(discovery, database, times=2)
    assert discovery.queues == ("b",)
    database.bindings.clear()
    scan(discovery, database, times=2)
    assert not discovery.queues


@pytest.mark.parametrize(("size", "step"), [(0, MIN_STEP), (5_000, 5_000), (1_000_000, MAX_STEP)])
def test_a_step_grows_with_the_database_up_to_its_limit(size: int, step: int) -> None:
    discovery = QueueDiscovery(RedisNaming())
    assert discovery.commands()[1][-2:] == ("COUNT", MIN_STEP)
    scan(discovery, Database({}, size))
    assert ("COUNT", step) == discovery.commands()[1][-2:]


def test_of_very_many_queues_only_a_limited_number_is_counted() -> None:
    names = [f"q{number:04}" for number in range(1_000)]
    discovery = QueueDiscovery(RedisNaming())
    scan(discovery, Database({"_kombu.binding.a": bound(*names), "_kombu.binding.b": bound(*names[500:])}), 2)
    assert len(discovery.queues) == MAX_QUEUES
    assert discovery.found is Found.SOME


def test_it_is_known_whether_all_queues_were_found() -> None:
    names = [f"q{number:03}" for number in range(MAX_QUEUES + 1)]
    database = Database({f"_kombu.binding.{name}": bound(name) for name in names}, page=50)
    discovery = QueueDiscovery(RedisNaming())
    states = []
    for _ in range(20):
        scan(discovery, database)
        states.append(discovery.found)
    del database.bindings["_kombu.binding.q000"]
    scan(discovery, database, times=40)
    assert list(dict.fromkeys(states)) == [Found.NOT_YET, Found.SOME]
    assert discovery.found is Found.ALL


@pytest.mark.parametrize("answers", [[3, NoPermissionError("no")], []], ids=["refused", "not sent"])
def test_where_nothing_can_be_scanned_not_all_is_found(answers: list[Any]) -> None:
    discovery = QueueDiscovery(RedisNaming())
    discovery.note(answers)
    assert discovery.found is Found.SOME


def test_answers_that_are_errors_leave_things_as_they_are() -> None:
    database = Database({"_kombu.binding.a": bound("a")})
    discovery = QueueDiscovery(RedisNaming())
    scan(discovery, database, times=3)
    discovery.note([NoPermissionError("no"), NoPermissionError("no"), ResponseError("WRONGTYPE")])
    assert discovery.queues == ("a",)
    scan(discovery, database, times=2)
    assert discovery.queues == ("a",)


@pytest.mark.parametrize(
    ("exchange", "has_task_queues"),
    [
        ("celery", True),
        ("mail.pidboxes", True),
        ("celeryevents", True),
        ("celery.pidbox", False),
        ("reply.celery.pidbox", False),
        ("pidbox", False),
        ("celeryev", False),
    ],
)
def test_the_exchanges_of_remote_control_and_events_are_left_out(
    exchange: str, has_task_queues: bool
) -> None:
    naming = RedisNaming(key_prefix="shop:")
    assert holds_task_queues(f"shop:_kombu.binding.{exchange}", naming) is has_task_queues


def test_members_name_their_queue_with_the_separator_of_the_application() -> None:
    assert queue_of("key\x06\x16\x06\x16mail", RedisNaming()) == "mail"
    assert queue_of("key:::mail", RedisNaming(separator=":")) == "mail"
    assert queue_of("key\x06\x16\x06\x16w@h.celery.pidbox", RedisNaming()) == ""


def test_a_prefix_is_no_pattern() -> None:
    assert binding_pattern(RedisNaming(key_prefix="a*[b]?\\")) == r"a\*\[b\]\?\\_kombu.binding.*"
