"""Actions on many tasks go on where they were, and send nothing twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from redis import Redis
from tools.testbed.servers import free_port, redis_server

from celery_health.survey.app_connection import AppConnection, resolve
from celery_monitor.control.actions import Actions
from celery_monitor.control.application import CeleryApplication
from celery_monitor.control.bulk import proposing
from celery_monitor.control.bulk.proposing import UNKNOWN, Proposal, Wanted
from celery_monitor.control.refused import RefusedError
from celery_monitor.control.retries.build import Given
from celery_monitor.control.submit import BrokerAwayError
from celery_monitor.history import History, parse_filter
from celery_monitor.live.live import Live
from celery_monitor.records.bulk import BulkAction, BulkState, ItemState
from celery_monitor.records.requests import RequestedRetry
from tests.integration.monitor.history.examples import finished

FILTER = "state:failure"


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    opened = await History.open(f"sqlite:///{tmp_path}/history.db")
    yield opened
    await opened.close()


def away(scheme: str) -> AppConnection:
    """A broker that does not answer."""
    return resolve(None, None, f"{scheme}://127.0.0.1:{free_port()}", None, {})


def actions(history: History, connection: AppConnection) -> Actions:
    return Actions.of(CeleryApplication.of(connection, {}), history, Live(), lambda identity: None)


def wanted(action: BulkAction = BulkAction.RETRY, text: str = FILTER) -> Wanted:
    return Wanted(action=action, filter=text, tasks=parse_filter(text), terminate=True, signal="SIGTERM")


async def write(history: History, *names: str, **more: object) -> None:
    values = {"state": "FAILURE", "queue": "mail", "args": "(1,)", "kwargs": "{}", **more}
    await history.write([finished(name, **values) for name in names])


async def started(found: Actions, proposal: Proposal) -> str:
    assert proposal.confirmation is not None
    bulk = await found.bulk.start(wanted(), proposal.confirmation, "ann")
    assert bulk.state is BulkState.RUNNING
    return bulk.id


async def test_while_the_broker_is_away_nothing_is_lost_and_nothing_is_linked(history: History) -> None:
    await write(history, "a", "b")
    found = actions(history, away("redis"))
    bulk_id = await started(found, await found.bulk.propose(wanted(), "ann"))
    assert await found.bulk_runner.part() is False
    progress = await history.bulks.progress(bulk_id)
    assert progress.states == {ItemState.WAITING: 2}
    assert "did not take the message" in progress.problems[0][0]
    assert await history.retries.latest(["a"]) == {}
    with pytest.raises(BrokerAwayError):
        await found.retries.retry("a", "ann", Given(), again=False)
    assert await history.retries.latest(["a"]) == {}


async def test_what_may_have_been_sent_to_rabbitmq_is_not_sent_again(history: History) -> None:
    await write(history, "a")
    found = actions(history, away("amqp"))
    bulk_id = await started(found, await found.bulk.propose(wanted(), "ann"))
    (item,) = await history.bulks.next_items(bulk_id, 10)
    sending = msgspec.structs.replace(item, state=ItemState.SENDING, new_id="new")
    await history.bulks.change(bulk_id, [sending])
    assert await found.bulk_runner.part() is True
    progress = await history.bulks.progress(bulk_id)
    assert progress.states == {ItemState.UNCERTAIN: 1}
    assert await found.bulk_runner.part() is True
    done = await history.bulks.get(bulk_id)
    assert done is not None
    assert done.state is BulkState.DONE


async def test_why_a_message_may_not_have_been_sent_stays_known(history: History) -> None:
    await write(history, "a", "b")
    found = actions(history, away("amqp"))
    bulk_id = await started(found, await found.bulk.propose(wanted(), "ann"))
    first, second = await history.bulks.next_items(bulk_id, 10)
    sending = [
        msgspec.structs.replace(first, state=ItemState.SENDING, new_id="1", problem="It may still take it."),
        msgspec.structs.replace(second, state=ItemState.SENDING, new_id="2"),
    ]
    await history.bulks.change(bulk_id, sending)
    assert [await found.bulk_runner.part() for _ in sending] == [True, True]
    progress = await history.bulks.progress(bulk_id)
    assert ItemState.SENDING not in progress.states
    problems = sorted(problem for problem, _ in progress.problems)
    assert problems[0].startswith("It may still take it. The broker does not show")
    assert problems[1].startswith(
        "The monitor ended while it was sending the retry. The broker does not show"
    )


async def test_what_waits_for_the_broker_does_not_hold_up_the_next_action(history: History) -> None:
    await write(history, "a")
    await history.write([finished("b", state="STARTED")])
    found = actions(history, away("redis"))
    await started(found, await found.bulk.propose(wanted(), "ann"))
    cancels = wanted(BulkAction.CANCEL, "state:started")
    proposal = await found.bulk.propose(cancels, "ann")
    assert proposal.confirmation is not None
    await found.bulk.start(cancels, proposal.confirmation, "ann")
    assert await found.bulk_runner.part() is True
    assert [cancel.task_id for cancel in await history.cancels.open()] == ["b"]


async def test_a_message_that_redis_refuses_for_good_is_not_sent_for_ever(
    history: History, tmp_path: Path
) -> None:
    await write(history, "a")
    await write(history, "b", queue="pdf")
    with redis_server(tmp_path) as server, Redis.from_url(server.url) as client:
        client.set("mail", "no list")
        found = actions(history, resolve(None, None, server.url, None, {}))
        bulk_id = await started(found, await found.bulk.propose(wanted(), "ann"))
        assert await found.bulk_runner.part() is True
        assert client.llen("pdf") == 1
    progress = await history.bulks.progress(bulk_id)
    assert progress.states == {ItemState.REFUSED: 1, ItemState.DONE: 1}
    assert "WRONGTYPE" in progress.problems[0][0]


async def test_a_task_that_was_retried_meanwhile_is_left_out(history: History) -> None:
    await write(history, "a")
    found = actions(history, away("redis"))
    bulk_id = await started(found, await found.bulk.propose(wanted(), "ann"))
    retry = RequestedRetry(task_id="new", retry_of="a", at=1.0, identity="bob", sent=1.0)
    await history.retries.reserve(retry, again=False)
    await found.bulk_runner.part()
    assert (await history.bulks.progress(bulk_id)).states == {ItemState.REFUSED: 1}


async def test_a_dry_run_says_what_is_left_out_and_why(history: History) -> None:
    await write(history, "plain")
    await write(history, "cut", args="('a...',)")
    await write(history, "masked", kwargs="{'password': ***}")
    await write(history, "path", args="('C:\\new',)")
    proposal = await actions(history, away("redis")).bulk.propose(wanted(), "ann")
    assert (proposal.matched, proposal.bulk.count, len(proposal.refused)) == (4, 1, 3)
    assert [record.id for record in proposal.sample] == ["plain"]
    nothing = await actions(history, away("redis")).bulk.propose(wanted(text="name:none"), "ann")
    assert (nothing.matched, nothing.confirmation) == (0, None)


async def test_tasks_are_chosen_by_their_ids_and_those_that_are_unknown_are_named(history: History) -> None:
    await write(history, "star*", "starling", "other")
    found = actions(history, away("redis"))
    chosen = replace(wanted(text="id:star* id:none"), tasks=("star*", "none"))
    proposal = await found.bulk.propose(chosen, "ann")
    assert (proposal.matched, proposal.bulk.count, list(proposal.refused)) == (2, 1, [(UNKNOWN, 1)])
    assert [record.id for record in proposal.sample] == ["star*"]
    assert proposal.confirmation is not None
    bulk = await found.bulk.start(chosen, proposal.confirmation, "ann")
    assert [item.task_id for item in await history.bulks.next_items(bulk.id, 10)] == ["star*"]


async def test_cancels_of_a_filter_are_kept_like_single_ones(history: History) -> None:
    await write(history, "runs", state="STARTED", finished=None)
    await write(history, "ended")
    found = actions(history, away("redis"))
    everything = wanted(BulkAction.CANCEL, "queue:mail")
    proposal = await found.bulk.propose(everything, "ann")
    assert (proposal.matched, proposal.bulk.count) == (2, 1)
    assert proposal.confirmation is not None
    with pytest.raises(RefusedError, match="dry run"):
        await found.bulk.start(wanted(BulkAction.CANCEL, "queue:other"), proposal.confirmation, "ann")
    await found.bulk.start(everything, proposal.confirmation, "bob")
    with pytest.raises(RefusedError, match="used before"):
        await found.bulk.start(everything, proposal.confirmation, "bob")
    await found.bulk_runner.part()
    (cancel,) = await history.cancels.open()
    assert (cancel.task_id, cancel.identity) == ("runs", "bob")


async def test_more_cancels_than_workers_remember_are_refused_until_there_is_room(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "MOST_OPEN", 3)
    for queue in ("mail", "images"):
        await write(history, f"{queue}-1", f"{queue}-2", state="STARTED", finished=None, queue=queue)
    found = actions(history, away("redis"))
    mail, images = (wanted(BulkAction.CANCEL, f"queue:{queue}") for queue in ("mail", "images"))
    first, second = [await found.bulk.propose(one, "ann") for one in (mail, images)]
    assert first.confirmation is not None
    assert second.confirmation is not None
    await found.bulk.start(mail, first.confirmation, "ann")
    # At first they wait, then they are open.
    for _ in range(2):
        with pytest.raises(RefusedError, match="2 cancels are open already"):
            await found.bulk.start(images, second.confirmation, "ann")
        with pytest.raises(RefusedError, match="choose at most 1 task, or wait"):
            await found.bulk.propose(images, "ann")
        await found.bulk_runner.part()
    await found.bulk.propose(wanted(BulkAction.CANCEL, "id:images-1"), "ann")
    assert len(await history.cancels.open()) == 2
    await write(history, "mail-1", "mail-2", state="SUCCESS", queue="mail")
    await history.cancels.close_ended(1.0)
    bulk = await found.bulk.start(images, second.confirmation, "ann")
    assert bulk.state is BulkState.RUNNING


@pytest.mark.parametrize(
    ("backend", "count"), [("redis://127.0.0.1:1", 1), ("rpc://", 0), ("disabled://", 0), ("db+sqlite://", 0)]
)
async def test_a_dry_run_promises_no_retry_whose_arguments_no_backend_can_keep(
    history: History, backend: str, count: int
) -> None:
    failed = finished("cut", state="FAILURE", args="(1, ...)", kwargs="{}", arguments_truncated=True)
    await history.write([failed])
    connection = resolve(None, None, "redis://127.0.0.1:1", backend, {})
    proposal = await actions(history, connection).bulk.propose(wanted(), "ann")
    assert (proposal.matched, proposal.bulk.count) == (1, count)
