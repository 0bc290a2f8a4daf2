"""Requests of callers in the database: kept, ended with their tasks, and done by one monitor."""

from contextlib import AbstractAsyncContextManager

import msgspec
import pytest
from tools.testbed.waiting import wait_for_async

from celery_monitor.history import History, HistoryOptions
from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.records.bulk import Bulk, BulkAction, BulkState, ItemState
from celery_monitor.records.requests import EXPIRED, RequestedCancel, RequestedRetry
from celery_monitor.web.documents import task_detail
from tests.integration.monitor.history.examples import finished


def cancel(task_id: str, at: float = 100.0) -> RequestedCancel:
    return RequestedCancel(task_id=task_id, at=at, identity="ann", terminate=False, signal="SIGKILL")


async def links(history: History, task_id: str) -> tuple[str | None, list[str]]:
    """The task that this one is a retry of, and its own retries."""
    detail = await history.detail(task_id)
    return detail.retry_of, list(detail.retried_as)


async def test_a_cancel_is_open_until_its_task_has_ended(history: History) -> None:
    await history.cancels.add([cancel("a"), cancel("b", 101.0)])
    assert [one.task_id for one in await history.cancels.open()] == ["a", "b"]
    await history.cancels.note_sent(["a", "b"], 102.0, "Worker w1 answered: no.")
    await history.write([finished("a")])
    assert await history.cancels.close_ended(103.0) == 1
    ended, still = await history.cancels.of("a"), await history.cancels.of("b")
    assert ended is not None
    assert still is not None
    assert (ended.outcome, ended.ended, ended.sends, ended.problem) == (
        "SUCCESS",
        103.0,
        1,
        "Worker w1 answered: no.",
    )
    assert (still.outcome, still.terminate, still.signal) == (None, False, "SIGKILL")
    assert await history.cancels.expire(before=102.0, now=104.0) == 1
    given_up = await history.cancels.of("b")
    assert given_up is not None
    assert given_up.outcome == EXPIRED
    assert await history.cancels.count_open() == 0


async def test_a_second_cancel_of_a_task_replaces_the_first(history: History) -> None:
    await history.cancels.add([cancel("a")])
    await history.cancels.note_sent(["a"], 102.0, None)
    await history.cancels.add([RequestedCancel(task_id="a", at=200.0, identity="bob")])
    found = await history.cancels.of("a")
    assert found == RequestedCancel(task_id="a", at=200.0, identity="bob")


async def test_a_task_is_retried_once_unless_it_is_asked_for_again(history: History) -> None:
    first = RequestedRetry(task_id="new-1", retry_of="old", at=1.0, identity="ann")
    second = RequestedRetry(task_id="new-2", retry_of="old", at=2.0, identity="bob")
    assert await history.retries.reserve(first, again=False) == first
    assert (await history.retries.reserve(second, again=False)).task_id == "new-1"
    assert await links(history, "old") == (None, ["new-1"])
    assert await history.retries.reserve(second, again=True) == second
    await history.retries.note_sent(["new-2"], 3.0)
    latest = (await history.retries.latest(["old", "other"]))["old"]
    assert (latest.task_id, latest.sent) == ("new-2", 3.0)
    assert await links(history, "new-2") == ("old", [])
    await history.retries.remove(["new-1"])
    assert await links(history, "old") == (None, ["new-2"])


async def test_a_task_is_read_with_all_that_belongs_to_it_in_one_transaction(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    await history.write([finished("root"), finished("a", root_id="root", parent_id="root")])
    await history.cancels.add([cancel("a")])
    retry = RequestedRetry(task_id="a", retry_of="before", at=1.0, identity="ann")
    await history.retries.reserve(retry, again=False)
    reading, transactions = Database.reading, []

    def counted(database: Database) -> AbstractAsyncContextManager[Session]:
        transactions.append(database)
        return reading(database)

    monkeypatch.setattr(Database, "reading", counted)
    detail = await task_detail(history, lambda _: None, "a")

    assert detail is not None
    assert detail.related is not None
    assert detail.related.parent is not None
    assert detail.cancel is not None
    assert (detail.state, detail.related.parent.id, detail.retry_of) == ("SUCCESS", "root", "before")
    assert len(transactions) == 1


async def test_an_action_starts_once_with_its_secret_and_in_time(history: History) -> None:
    bulk = Bulk(
        id="b1",
        action=BulkAction.RETRY,
        filter="state:failure",
        terminate=True,
        signal="SIGTERM",
        identity="ann",
        at=10.0,
        expires=20.0,
        count=2,
    )
    await history.bulks.propose(bulk, "secret", ["t1", "t2"])
    assert not await history.bulks.start("b1", "other", "bob", 11.0)
    assert not await history.bulks.start("b1", "secret", "bob", 21.0)
    assert await history.bulks.start("b1", "secret", "bob", 12.0)
    assert not await history.bulks.start("b1", "secret", "bob", 12.0)
    (running,) = await history.bulks.running()
    assert (running.state, running.identity) == (BulkState.RUNNING, "bob")
    first, second = await history.bulks.next_items("b1", 10)
    refused = msgspec.structs.replace(first, state=ItemState.REFUSED, problem="no")
    sending = msgspec.structs.replace(second, state=ItemState.SENDING, new_id="n2")
    await history.bulks.change("b1", [refused, sending])
    assert await history.bulks.next_items("b1", 10) == [sending]
    progress = await history.bulks.progress("b1")
    assert progress.states == {ItemState.REFUSED: 1, ItemState.SENDING: 1}
    assert list(progress.problems) == [("no", 1)]
    await history.bulks.finish("b1", 30.0)
    assert await history.bulks.running() == []
    await history.bulks.propose(msgspec.structs.replace(bulk, id="b2"), "secret", ["t1"])
    await history.bulks.delete_expired(25.0)
    assert await history.bulks.get("b2") is None
    assert await history.bulks.get("b1") is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_one_of_two_monitors_has_a_duty_until_its_lease_ends(
    history: History, database_url: str, options: HistoryOptions
) -> None:
    other = await History.open(database_url, options)
    assert await history.leases.hold("cancels", "a", 60.0)
    assert not await other.leases.hold("cancels", "b", 60.0)
    assert await history.leases.hold("cancels", "a", 0.5)
    assert await other.leases.hold("bulk", "b", 60.0)
    await wait_for_async(lambda: other.leases.hold("cancels", "b", 60.0), 30)
    assert not await history.leases.hold("cancels", "a", 60.0)
    await other.close()
