"""Readers that several CeleryDeployments share: what each of them sees, and when a reader is their own."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.broker import BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_operator.observe.brokers.shared_readers import (
    APART_SECONDS,
    MOST_QUEUES,
    SAME_SECONDS,
    BrokerUser,
)
from tests.unit.observe.shared_broker import (
    NAMING,
    RABBIT,
    URL,
    Scene,
    lengths,
    of_its_own,
    others,
)


async def test_100_resources_read_their_broker_together() -> None:
    scene = Scene()
    scene.broker.lengths = {f"queue-{number}": number for number in range(100)}
    users = [scene.user(f"queue-{number}") for number in range(100)]
    await asyncio.gather(*(read() for read in users))
    scene.now += 1
    before = len(scene.broker.reads)

    found = await asyncio.gather(*(read() for read in users))

    assert [lengths(one) for one in found] == [{f"queue-{number}": number} for number in range(100)]
    assert len(scene.broker.readers) == 1
    assert len(scene.broker.reads) - before == 1


async def test_those_whose_sentinels_watch_other_masters_share_no_reader() -> None:
    scene = Scene()
    for master in ("shop", "shop", "mail"):
        await scene.readers.user().read("sentinel://a:26379/0", NAMING, ["a"], master_name=master)
    assert [reader.master_name for reader in scene.broker.readers] == ["shop", "mail"]


async def test_a_reading_serves_the_others_for_a_moment_only() -> None:
    scene = Scene()
    one, other = scene.user("a"), scene.user("b")
    await one()
    await other()
    scene.now += SAME_SECONDS
    await one()
    before = len(scene.broker.reads)

    scene.now += SAME_SECONDS / 2
    scene.broker.lengths = {"b": 5}
    assert lengths(await other()) == {"b": 0}
    scene.now += SAME_SECONDS / 2
    assert lengths(await other()) == {"b": 5}

    assert len(scene.broker.reads) - before == 1


async def test_a_single_user_gets_a_new_reading_each_time() -> None:
    scene = Scene()
    alone = scene.user("a")
    await alone()
    scene.broker.lengths = {"a": 1}
    assert lengths(await alone()) == {"a": 1}


@pytest.mark.parametrize(
    ("url", "naming", "management_url"),
    [
        ("redis://:other@redis.market:6379/0", NAMING, None),
        (URL, RedisNaming(key_prefix="shop"), None),
        (URL, NAMING, "http://rabbit:15672"),
    ],
)
async def test_another_login_another_naming_and_another_api_are_read_apart(
    url: str, naming: RedisNaming, management_url: str | None
) -> None:
    scene = Scene()
    await scene.readers.user().read(URL, NAMING, ["a"])
    await scene.readers.user().read(url, naming, ["a"], management_url)
    assert scene.broker.open == 2


@pytest.mark.parametrize(("url", "found"), [(URL, {"b": 2, "c": 3}), (RABBIT, {})])
async def test_queues_of_others_are_shown_where_a_reader_of_its_own_shows_them(
    url: str, found: dict[str, int]
) -> None:
    scene = Scene()
    scene.broker.lengths = {"a": 1, "b": 2, "c": 3}
    one, other = scene.user("a", url=url), scene.user("b", url=url)
    alone = await one()
    await other()
    scene.now += 1
    together = await one()

    assert together == alone
    assert others(together) == found


async def test_the_last_user_closes_the_connection() -> None:
    scene = Scene()
    users = [scene.readers.user() for _ in range(3)]
    for user in users:
        await user.read(URL, NAMING, ["a"])
    for user in users[:2]:
        await user.close()
    assert scene.broker.open == 1
    await users[2].close()
    assert scene.broker.open == 0
    await users[2].close()


async def test_who_changes_to_another_broker_leaves_the_first_to_the_others() -> None:
    scene = Scene()
    moving, staying = scene.readers.user(), scene.readers.user()
    await moving.read(URL, NAMING, ["a"])
    await staying.read(URL, NAMING, ["b"])
    await moving.read(RABBIT, NAMING, ["a"])
    assert scene.broker.open == 2
    await staying.close()
    assert [reader.closed for reader in scene.broker.readers] == [True, False]


async def test_one_reader_reads_a_bounded_number_of_queues() -> None:
    scene = Scene()
    users = [scene.user(*(f"queue-{number}-{one}" for one in range(60))) for number in range(10)]
    for read in users:
        await read()
    scene.now += 1
    before = len(scene.broker.reads)
    await asyncio.gather(*(read() for read in users))
    reads = scene.broker.reads[before:]
    assert scene.broker.open == 4
    assert max(len(queues) for queues in reads) <= MOST_QUEUES


async def test_a_queue_that_the_server_refuses_to_one_is_no_fault_of_the_others() -> None:
    scene = Scene()
    scene.broker.lengths, scene.broker.forbidden = {"a": 1}, {"secret"}
    good, bad = scene.user("a"), scene.user("secret")
    await good()
    assert (await bad()).reason is BrokerReason.NOT_PERMITTED
    scene.now += 1
    found = await good()
    assert (found.reason, lengths(found)) == (BrokerReason.REACHABLE, {"a": 1})

    scene.broker.forbidden = set()
    scene.now += APART_SECONDS
    await good()
    await bad()
    scene.now += 1
    assert scene.broker.open == 1


async def test_a_reader_that_fails_fails_for_all_who_share_it_and_is_used_again() -> None:
    scene = Scene()
    one, other = scene.user("a"), scene.user("b")
    await asyncio.gather(one(), other())
    scene.now += 1
    scene.broker.error = ValueError("nonsense")
    failed = await asyncio.gather(one(), other())
    assert [reading.reason for reading in failed] == [BrokerReason.ERROR, BrokerReason.ERROR]
    scene.broker.error = None
    scene.now += 1
    assert lengths(await one()) == {"a": 0}


async def test_who_gives_up_does_not_end_the_reading_of_the_others() -> None:
    scene = Scene()
    one, other = scene.user("a"), scene.user("b")
    await asyncio.gather(one(), other())
    scene.now += 1
    scene.broker.answers.clear()
    reading = [asyncio.ensure_future(one()), asyncio.ensure_future(other())]
    await asyncio.sleep(0)
    reading[0].cancel()
    await asyncio.wait([reading[0]])
    scene.broker.answers.set()
    assert lengths(await reading[1]) == {"b": 0}


@given(st.lists(st.sets(st.sampled_from("abcdefgh"), max_size=4), min_size=1, max_size=5))
def test_a_user_that_shares_sees_what_it_would_see_alone(wanted: list[set[str]]) -> None:
    async def main() -> None:
        scene = Scene()
        scene.broker.lengths = {name: number for number, name in enumerate("abcdefgh")}
        users = [scene.readers.user() for _ in wanted]

        async def read(user: BrokerUser, queues: set[str]) -> BrokerReading:
            return (await user.read(URL, NAMING, sorted(queues))).reading

        await asyncio.gather(*(read(*one) for one in zip(users, wanted, strict=True)))
        scene.now += 1
        together = await asyncio.gather(*(read(*one) for one in zip(users, wanted, strict=True)))
        alone = [await read(of_its_own(scene), queues) for queues in wanted]
        assert together == alone

    asyncio.run(main())
