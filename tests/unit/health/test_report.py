"""A report is read whole or refused with the key that is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.wire.json_fields import ReportError
from celery_health.wire.worker_report import ActiveTask, Phase, parse_report, report_from
from tests.unit.health.reports import report_document


def test_every_field_is_read() -> None:
    report = parse_report(json.dumps(report_document()))
    assert report.phase is Phase.CONSUMING
    assert report.queues == ("default", "email")
    assert report.active == (ActiveTask("a1", "shop.tasks.sell", 1700000000.5),)
    assert (report.active_count, report.reserved, report.eta_held, report.processed) == (1, 3, 2, 120)
    assert report.transport.priority_steps == (0, 3, 6, 9)
    assert report.extra == {}


def test_what_the_worker_cannot_tell_is_none_and_never_zero() -> None:
    nothing = dict.fromkeys(("loop_mono", "consuming", "prefetch", "memory_bytes", "children_memory_bytes"))
    report = report_from(report_document(**nothing, transport={"kind": "sqs"}))
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
    transport = {**report_document()["transport"], "visibility_timeout": 600, "pop_timeout": 1}
    active = [{"id": "a1", "name": "sell", "started_at": None, "limit": 30}]
    report = report_from(report_document(**EVIDENCE, transport=transport, active=active))
    assert {name: getattr(report, name) for name in EVIDENCE} == EVIDENCE
    assert (report.transport.visibility_timeout, report.transport.pop_timeout) == (600.0, 1.0)
    assert report.active[0].limit == 30.0
    assert report.extra == {}


def test_an_older_agent_without_that_evidence_is_read_as_unknown() -> None:
    report = report_from(report_document())
    counts = ("pool_births", "eta_due")
    assert {getattr(report, name) for name in EVIDENCE if name not in counts} == {None}
    assert {getattr(report, name) for name in counts} == {0}
    assert (report.transport.pop_timeout, report.active[0].limit) == (None, None)


def test_keys_of_a_later_agent_are_kept_aside() -> None:
    assert report_from(report_document(temperature=3)).extra == {"temperature": 3}


def test_an_agent_without_errors_may_leave_them_out() -> None:
    document = report_document()
    del document["error_count"], document["last_error"]
    report = report_from(document)
    assert (report.error_count, report.last_error) == (0, "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version 2, and version 1 is read here"),
        ({"version": True}, "version True"),
        ({"version": None}, "version None"),
        ({"pid": "7"}, "'pid' is a str, not a int"),
        ({"pid": True}, "'pid' is a bool, not a int"),
        ({"reserved": None}, "'reserved' is a NoneType"),
        ({"reserved": -1}, "'reserved' is -1, below 0"),
        ({"written_mono": float("nan")}, "'written_mono' is no finite number"),
        ({"written_mono": None}, "'written_mono' is no finite number"),
        ({"loop_mono": "now"}, "'loop_mono' is no finite number"),
        ({"consuming": 1}, "'consuming' is a int, not a bool"),
        ({"phase": "asleep"}, "'phase' is 'asleep', not one of starting, connecting"),
        ({"queues": ["a", 1]}, "'queues' is a list with something else than str"),
        ({"pool_pids": [True]}, "'pool_pids' is a list"),
        ({"active": ["a1"]}, "'active' is a list"),
        ({"active": [{"id": "a1"}]}, "'name' is missing"),
        ({"transport": "redis"}, "'transport' is a str"),
        ({"transport": {}}, "'kind' is missing"),
    ],
)
def test_a_wrong_value_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ReportError) as caught:
        report_from(report_document(**changes))
    assert message in str(caught.value)


@pytest.mark.parametrize("name", sorted(set(report_document()) - {"error_count", "last_error"}))
def test_a_key_that_must_be_there_is_missed(name: str) -> None:
    optional = {"loop_mono", "consuming", "prefetch", "memory_bytes", "children_memory_bytes"}
    document = report_document()
    del document[name]
    if name in optional:
        assert getattr(report_from(document), name) is None
        return
    with pytest.raises(ReportError):
        report_from(document)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", b"\xff\xfe", "[" * 100_000])
def test_a_text_that_is_no_report_is_refused(text: str | bytes) -> None:
    with pytest.raises(ReportError):
        parse_report(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(name=st.sampled_from(sorted(report_document())), value=_JSON)
def test_any_value_anywhere_is_read_or_refused_and_nothing_else(name: str, value: object) -> None:
    try:
        report = report_from(report_document(**{name: value}))
    except ReportError as error:
        text = str(error)
    else:
        text = f"the report of {report.hostname}"
    assert "report" in text
