"""A worker report is read whole, or refused with the field that is wrong."""

from typing import Any

import pytest

from celery_health.wire.documents import UnreadableError
from celery_health.wire.worker_report import WORKER_REPORT, ActiveTask, LoopWait, Phase
from tests.unit.wire.documents import worker_document, worker_report


def test_every_field_is_read() -> None:
    report = worker_report(worker_document())
    assert report.phase is Phase.CONSUMING
    assert report.queues == ("default", "email")
    assert report.active == (ActiveTask("a1", "shop.tasks.sell", 1700000000.5),)
    assert (report.active_count, report.reserved, report.eta, report.processed) == (1, 3, 2, 120)
    assert report.transport.priority_steps == (0, 3, 6, 9)


def test_what_the_worker_does_not_show_is_none_and_never_zero() -> None:
    nothing = dict.fromkeys(("loop_mono", "consuming", "prefetch", "memory_bytes", "children_memory_bytes"))
    report = worker_report(worker_document(**nothing, transport={"kind": "sqs"}))
    assert report.loop_mono is None
    assert report.consuming is None
    assert report.prefetch is None
    assert report.memory_bytes is None
    assert report.transport.polling is None


EVIDENCE = {
    "written_at": 1700000001.5,
    "fetched_mono": 999.0,
    "answered_mono": 998.0,
    "progress_mono": 900.0,
    "pool_births": 3,
    "pool_alive_mono": 999.5,
    "initial_prefetch": 8,
    "eta_due": 1,
}


def test_the_evidence_of_deafness_and_of_a_dead_pool_is_read() -> None:
    transport = {**worker_document()["transport"], "visibility_timeout": 600, "pop_timeout": 1}
    active = [{"id": "a1", "name": "sell", "started_at": None, "limit": 30}]
    report = worker_report(worker_document(**EVIDENCE, transport=transport, active=active))
    assert {name: getattr(report, name) for name in EVIDENCE} == EVIDENCE
    assert (report.transport.visibility_timeout, report.transport.pop_timeout) == (600.0, 1.0)
    assert report.active[0].limit == 30.0


DEATHS = {
    "started_mono": 500.0,
    "children_lost": 4,
    "children_lost_idle": 1,
    "children_lost_idle_cause": "signal SIGKILL",
    "children_lost_idle_oom": True,
    "children_lost_total": 9,
    "tasks_lost": 2,
    "tasks_lost_total": 5,
    "memory_limit_bytes": 268_435_456,
    "memory_peak_bytes": 165_675_008,
    "oom_kills": 3,
    "memory_used_bytes": 150_000_000,
    "memory_high_bytes": 160_000_000,
    "cpu_seconds": 12.5,
}
NAME_DEATHS = {"name": "sell", "count": 3, "runs": 4}
UNKNOWN_DEATHS = {
    **dict.fromkeys(DEATHS),
    **dict.fromkeys(("children_lost", "children_lost_idle", "tasks_lost"), 0),
    "children_lost_idle_cause": "",
    "children_lost_idle_oom": False,
}


def test_the_evidence_of_deaths_is_read() -> None:
    deaths = {
        "id": "a1",
        "name": "sell",
        "cause": "signal SIGSEGV",
        "count": 3,
        "first_mono": 1,
        "last_mono": 2,
    }
    report = worker_report(worker_document(**DEATHS, deaths=[deaths], deaths_by_name=[NAME_DEATHS]))
    assert {name: getattr(report, name) for name in DEATHS} == DEATHS
    (by_id,), (by_name,) = report.deaths, report.deaths_by_name
    assert {name: getattr(by_id, name) for name in deaths} == deaths
    assert (by_id.queue, by_id.oom, by_id.ran_for, by_id.returns) == ("", False, None, False)
    assert (by_name.name, by_name.count, by_name.runs) == ("sell", 3, 4)


def test_an_older_agent_without_deaths_is_read_as_unknown() -> None:
    report = worker_report(worker_document())
    assert {name: getattr(report, name) for name in DEATHS} == UNKNOWN_DEATHS
    assert (report.deaths, report.deaths_by_name) == ((), ())


def test_an_older_agent_without_that_evidence_is_read_as_unknown() -> None:
    report = worker_report(worker_document())
    counts = ("pool_births", "eta_due")
    assert {getattr(report, name) for name in EVIDENCE if name not in counts} == {None}
    assert {getattr(report, name) for name in counts} == {0}
    assert (report.transport.pop_timeout, report.active[0].limit) == (None, None)


def test_keys_of_a_later_agent_are_ignored() -> None:
    assert worker_report(worker_document(temperature={"inside": [3]})) == worker_report(worker_document())


@pytest.mark.parametrize("word", ["", "a word of a later agent", "slot"])
def test_a_wait_that_this_release_does_not_know_reads_as_unknown(word: str) -> None:
    report = worker_report(worker_document(loop_waits_for=word))
    assert report.loop_waits_for is (LoopWait.SLOT if word == "slot" else LoopWait.UNKNOWN)


def test_an_agent_without_errors_may_leave_them_out() -> None:
    document = worker_document()
    del document["error_count"], document["last_error"]
    report = worker_report(document)
    assert (report.error_count, report.last_error) == (0, "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "has version 2, and this release reads version 1"),
        ({"version": True}, "in field version: Expected `int`, got `bool`"),
        ({"version": None}, "in field version: Expected `int`, got `null`"),
        ({"role": "beat"}, "in field role: Unknown word"),
        ({"pid": "7"}, "in field pid: Expected `int`, got `str`"),
        ({"pid": True}, "in field pid: Expected `int`, got `bool`"),
        ({"pid": 2**53}, "in field pid: Expected `int` <= 9007199254740991"),
        ({"reserved": None}, "in field reserved: Expected `int`, got `null`"),
        ({"reserved": -1}, "in field reserved: Expected `int` >= 0"),
        ({"written_mono": float("nan")}, "not valid JSON"),
        ({"written_mono": float("inf")}, "not valid JSON"),
        ({"written_mono": 1e11}, "in field written_mono: Expected `float` <= 10000000000.0"),
        ({"written_mono": None}, "in field written_mono: Expected `float`, got `null`"),
        ({"loop_mono": "now"}, "in field loop_mono: Expected `float | null`, got `str`"),
        ({"consuming": 1}, "in field consuming: Expected `bool | null`, got `int`"),
        ({"phase": "asleep"}, "in field phase: Unknown word."),
        ({"hostname": "x" * 257}, "in field hostname: Expected `str` of length <= 256"),
        ({"queues": ["a", 1]}, "in field queues[1]: Expected `str`, got `int`"),
        ({"queues": ["a"] * 1001}, "in field queues: Expected `array` of length <= 1000"),
        ({"pool_pids": [True]}, "in field pool_pids[0]: Expected `int`, got `bool`"),
        ({"active": ["a1"]}, "in field active[0]: Expected `object`, got `str`"),
        ({"active": [{"id": "a1"}]}, "in field active[0]: Object missing required field `name`"),
        ({"active": [{"id": "a", "name": "b"}] * 101}, "in field active: Expected `array` of length <= 100"),
        ({"deaths_by_name": [{"name": "sell"}]}, "deaths_by_name[0]: Object missing required field `count`"),
        ({"deaths_by_name": [NAME_DEATHS] * 21}, "field deaths_by_name: Expected `array` of length <= 20"),
        ({"transport": "redis"}, "in field transport: Expected `object`, got `str`"),
        ({"transport": {}}, "in field transport: Object missing required field `kind`"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        worker_report(worker_document(**changes))
    assert message in str(caught.value)


OPTIONAL = {
    "loop_mono",
    "consuming",
    "prefetch",
    "memory_bytes",
    "children_memory_bytes",
    "error_count",
    "last_error",
    "python_version",
}


@pytest.mark.parametrize("name", sorted(set(worker_document())))
def test_a_key_that_must_be_there_is_missed(name: str) -> None:
    document = worker_document()
    del document[name]
    if name in OPTIONAL:
        assert not getattr(worker_report(document), name)
        return
    with pytest.raises(UnreadableError, match=f"missing required field `{name}`"):
        worker_report(document)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_text_that_is_no_report_is_refused(text: bytes) -> None:
    with pytest.raises(UnreadableError):
        WORKER_REPORT.decode(text)


def test_no_value_is_quoted() -> None:
    with pytest.raises(UnreadableError) as caught:
        worker_report(worker_document(phase="hunter2"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "python"),
    [("3.13.0", (3, 13)), ("3.8", (3, 8)), ("", None), ("3", None), ("three.one", None), ("3.", None)],
)
def test_the_python_is_known_where_the_report_has_its_numbers(
    text: str, python: tuple[int, int] | None
) -> None:
    assert worker_report(worker_document(python_version=text)).python == python
