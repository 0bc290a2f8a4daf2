"""The agent imports nothing of ours: its copy of the contract is equal, and its reports keep every bound."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.redaction import printable
from celery_health.wire import bounds, names
from celery_health.wire.beat_report import BEAT_REPORT, BeatPhase, BeatWait
from celery_health.wire.bounds import ACTIVE_LENGTH, DEATHS_LENGTH, REPORT_BYTES
from celery_health.wire.orders import QUARANTINE_ORDER, QuarantineBody
from celery_health.wire.worker_report import WORKER_REPORT, LoopWait, Phase
from celery_probe.agent import contract, stack
from celery_probe.agent.beat import state as beat_state
from celery_probe.agent.beat import waits as beat_waits
from celery_probe.agent.beat.reporter import BeatReporter
from celery_probe.agent.cgroup import CpuCgroup, MemoryCgroup
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import state as worker_state
from celery_probe.agent.worker.container import ContainerUse
from celery_probe.agent.worker.reporter import WorkerReporter
from tests.support.documents import read_exact
from tests.unit.wire.documents import encoded, worker_document

COPIED = {name for name in vars(contract) if name.isupper()} - {"CUT_FIRST"}


@pytest.mark.parametrize("name", sorted(COPIED))
def test_the_agents_copy_is_the_declaration(name: str) -> None:
    declared = getattr(names, name, None) or getattr(bounds, name)
    assert getattr(contract, name) == declared


def task(number: int, text: str) -> dict[str, Any]:
    return {"id": text, "name": text, "started_at": 1.0, "limit": float(number)}


def deaths(text: str) -> dict[str, Any]:
    """An entry of the report's deaths with this text as every name."""
    times = {"count": 3, "first_mono": 1.0, "last_mono": 2.0, "ran_for": 0.5}
    return {**times, "id": text, "name": text, "queue": text, "cause": text, "oom": False, "returns": True}


@pytest.mark.parametrize("text", ["a", "x" * 10_000, "é" * 300, "\x00" * 300, "😀" * 300, "\ud800" * 300])
def test_names_of_any_length_and_script_make_a_report_that_is_read(text: str) -> None:
    document = worker_document(
        hostname=text,
        queues=[text] * 2000,
        pool_pids=list(range(2000)),
        active=[task(number, text) for number in range(ACTIVE_LENGTH)],
        active_count=5000,
        deaths=[deaths(text)] * DEATHS_LENGTH,
        deaths_by_name=[{"name": text, "count": 2, "runs": 3}] * DEATHS_LENGTH,
        last_error=text,
    )
    written = contract.encode(document)
    assert len(written) <= REPORT_BYTES
    report = WORKER_REPORT.decode(written)
    assert report.active_count == 5000
    assert report.queues


def test_active_tasks_are_cut_before_queues() -> None:
    document = worker_document(queues=["q" * 200] * 400, active=[task(0, "x" * 256)] * ACTIVE_LENGTH * 3)
    report = WORKER_REPORT.decode(contract.encode({**document, "active": document["active"][:ACTIVE_LENGTH]}))
    assert len(report.queues) == 400


def test_deaths_of_long_names_are_cut_before_active_tasks() -> None:
    document = worker_document(
        deaths=[deaths("\x00" * 256)] * DEATHS_LENGTH,
        deaths_by_name=[{"name": "\x00" * 256, "count": 1, "runs": 1}] * DEATHS_LENGTH,
        active=[task(0, "\x00" * 100)] * ACTIVE_LENGTH,
    )
    report = WORKER_REPORT.decode(contract.encode(document))
    assert len(report.active) == ACTIVE_LENGTH
    assert (len(report.deaths), len(report.deaths_by_name)) < (DEATHS_LENGTH, DEATHS_LENGTH)


def test_a_report_within_the_bounds_is_written_as_it_is() -> None:
    assert json.loads(contract.encode(worker_document())) == worker_document()


@pytest.mark.parametrize(
    ("value", "read"),
    [(float("inf"), 1e10), (float("-inf"), -1e10), (float("nan"), None), (None, None)],
)
def test_a_time_limit_out_of_range_is_cut(value: float | None, read: float | None) -> None:
    active = [{"id": "a", "name": "b", "started_at": None, "limit": value}]
    report = WORKER_REPORT.decode(contract.encode(worker_document(active=active)))
    assert report.active[0].limit == read


def test_a_count_out_of_range_is_cut() -> None:
    report = WORKER_REPORT.decode(contract.encode(worker_document(processed=2**70, reserved=-1)))
    assert (report.processed, report.reserved) == (2**53 - 1, 0)


VALUES = {
    str: st.text(st.characters(exclude_categories=()), max_size=400),
    int: st.integers(),
    float: st.floats(),
}


@given(data=st.data())
def test_any_value_of_the_right_kind_makes_a_report_that_is_read(data: st.DataObject) -> None:
    changes: dict[str, Any] = {}
    for name, value in worker_document().items():
        kind = type(value)
        if kind in VALUES and name not in {"version", "role", "phase", "written_mono"}:
            changes[name] = data.draw(VALUES[kind], label=name)
    WORKER_REPORT.decode(contract.encode(worker_document(**changes)))


def test_every_phase_and_wait_of_the_agent_is_a_word_of_the_contract() -> None:
    phases = {worker_state.STARTING, worker_state.CONNECTING, worker_state.CONSUMING}
    assert phases | {worker_state.DRAINING, worker_state.STOPPING} == set(Phase)
    assert {stack.SLOT, stack.TASK, stack.BROKER, stack.CONNECTION, stack.UNKNOWN} == set(LoopWait)
    assert {beat_state.STARTING, beat_state.TICKING, beat_state.STOPPING} == set(BeatPhase)
    assert {stack.UNKNOWN, stack.BROKER, beat_waits.RESULT_BACKEND} == set(BeatWait)


def test_pythons_own_json_of_a_report_is_read() -> None:
    assert WORKER_REPORT.decode(encoded(worker_document()))


def test_a_report_before_the_worker_and_beat_have_started_is_exactly_what_is_declared(tmp_path: Path) -> None:
    directory, errors = ReportDirectory(str(tmp_path)), ErrorLog()
    container = ContainerUse(
        MemoryCgroup(str(tmp_path), is_version_1=False), CpuCgroup(str(tmp_path), is_version_1=False)
    )
    worker = WorkerReporter(worker_state.Worker(), directory, errors, container)
    assert read_exact(WORKER_REPORT, contract.encode(worker.report())).phase is Phase.STARTING
    beat = BeatReporter(beat_state.Beat(), directory, errors)
    assert read_exact(BEAT_REPORT, contract.encode(beat.report())).phase is BeatPhase.STARTING
    assert (errors.count, errors.last) == (0, "")


@given(st.text(st.characters(), max_size=600))
def test_both_sides_name_a_task_id_alike_and_all_ids_of_an_order_fit(text: str) -> None:
    found = bounds.task_id(text)
    assert contract.task_id(text) == found == bounds.task_id(found)
    assert len(found) <= bounds.NAME_LENGTH
    order = QuarantineBody("q" * bounds.QUEUE_BYTES, (found,) * bounds.QUARANTINE_LENGTH)
    assert QUARANTINE_ORDER.decode(msgspec.json.encode(order)) == order


def test_long_ids_with_one_beginning_differ() -> None:
    one, other = (bounds.task_id("x" * 1000 + end) for end in "ab")
    assert one != other
    assert one.startswith("x" * bounds.DIGEST_LENGTH + "~")


def test_the_agent_prints_control_characters_as_the_rest_does() -> None:
    text = "a\nb\x1b[31m\u202e\ud800 é\t"
    assert contract.printable(text) == printable(text)
