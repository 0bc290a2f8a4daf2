"""The sidecar's memory of the worker follows the files, and never mixes two processes up."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.answers import ProcessState
from celery_health.wire.worker_report import WORKER_REPORT, WorkerReport
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.observe.evidence import WORKER_FILE, ProcessEvidence
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.drain_request import DrainRequest
from tests.unit.sidecar.holders import Holder
from tests.unit.wire.documents import worker_document


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def verdict(evidence: ProcessEvidence[WorkerReport], clock: Clock) -> WorkerVerdict:
    drain = DrainRequest(Path("/nowhere"))
    return WorkerObserver(evidence, BrokerChecks("", clock), drain, clock).verdict()


def write(directory: Path, text: str | None = None, **changes: object) -> None:
    unfinished = directory / ".report.json.new"
    unfinished.write_text(json.dumps(worker_document(**changes)) if text is None else text)
    unfinished.rename(directory / "report.json")


def held(directory: Path, stack: ExitStack) -> Holder:
    holder = Holder(directory / "worker.lock")
    stack.callback(holder.kill)
    return holder


def test_each_new_report_is_read(tmp_path: Path) -> None:
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, Clock())
    write(tmp_path, reserved=1)
    evidence.refresh()
    assert evidence.current is not None
    assert evidence.current.reserved == 1
    write(tmp_path, reserved=2)
    evidence.refresh()
    assert evidence.current.reserved == 2


def test_an_unreadable_report_counts_as_none_and_says_why(tmp_path: Path) -> None:
    clock = Clock()
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, clock)
    write(tmp_path)
    evidence.refresh()
    write(tmp_path, text='{"version": 9}')
    evidence.refresh()
    assert evidence.current is None
    assert "version 9" in evidence.report_error
    clock.now += 60
    found = verdict(evidence, clock)
    assert found.reason is WorkerReason.REPORT_UNREADABLE
    assert found.message.startswith("The worker report has version 9, and this release reads version 1")
    write(tmp_path)
    evidence.refresh()
    assert evidence.report_error == ""
    assert evidence.current is not None


def test_a_report_is_not_larger_than_a_report_can_be(tmp_path: Path) -> None:
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, Clock())
    write(tmp_path, unknown="x" * WORKER_REPORT.largest)
    evidence.refresh()
    assert evidence.current is None
    assert "larger than" in evidence.report_error


@pytest.mark.parametrize(
    "make",
    [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")],
    ids=["directory", "pipe", "device"],
)
def test_what_is_no_file_is_not_opened(tmp_path: Path, make: Callable[[Path], None]) -> None:
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, Clock())
    make(tmp_path / "report.json")
    evidence.refresh()
    assert evidence.report_error == "The worker report is not a regular file."


def test_a_report_that_may_not_be_opened_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    evidence = ProcessEvidence(tmp_path / "run", WORKER_FILE, Clock())
    evidence.refresh()
    assert evidence.report_error == "The worker report cannot be opened: Not a directory."


def test_a_report_that_is_taken_away_is_forgotten(tmp_path: Path) -> None:
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, Clock())
    write(tmp_path)
    evidence.refresh()
    (tmp_path / "report.json").unlink()
    evidence.refresh()
    assert evidence.current is None
    write(tmp_path, text="rubbish")
    evidence.refresh()
    (tmp_path / "report.json").unlink()
    evidence.refresh()
    assert evidence.report_error == ""


def test_a_report_that_comes_back_is_read_again(tmp_path: Path) -> None:
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, Clock())
    write(tmp_path)
    evidence.refresh()
    path, aside = tmp_path / "report.json", tmp_path / "aside"
    path.rename(aside)
    path.mkdir()
    evidence.refresh()
    assert evidence.report_error
    path.rmdir()
    aside.rename(path)
    evidence.refresh()
    assert (evidence.current is not None, evidence.report_error) == (True, "")


def test_a_sidecar_that_restarts_knows_a_running_worker_at_once(tmp_path: Path, stack: ExitStack) -> None:
    held(tmp_path, stack)
    write(tmp_path)
    clock = Clock()
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, clock)
    evidence.refresh()
    assert evidence.process is ProcessState.RUNNING
    assert verdict(evidence, clock).reason is WorkerReason.CONSUMING


def test_the_report_of_a_crashed_worker_does_not_make_its_successor_ready(
    tmp_path: Path, stack: ExitStack
) -> None:
    clock = Clock()
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, clock)
    first = held(tmp_path, stack)
    write(tmp_path)
    evidence.refresh()
    assert evidence.process is ProcessState.RUNNING

    first.kill()
    clock.now += 0.25
    evidence.refresh()
    assert verdict(evidence, clock).reason is WorkerReason.ENDED

    held(tmp_path, stack)
    clock.now += 0.25
    evidence.refresh()
    assert verdict(evidence, clock).reason is WorkerReason.STARTING
    assert evidence.current is None

    clock.now += 0.25
    write(tmp_path, written_mono=clock.now, loop_mono=clock.now)
    evidence.refresh()
    assert verdict(evidence, clock).reason is WorkerReason.CONSUMING


def test_a_successor_that_came_between_two_refreshes_is_distinguished_from_the_first(
    tmp_path: Path, stack: ExitStack
) -> None:
    clock = Clock()
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, clock)
    first = held(tmp_path, stack)
    write(tmp_path)
    evidence.refresh()
    first.kill()
    held(tmp_path, stack)
    clock.now += 0.25
    evidence.refresh()
    assert verdict(evidence, clock).reason is WorkerReason.STARTING


def test_evidence_grows_stale_without_another_refresh(tmp_path: Path, stack: ExitStack) -> None:
    clock = Clock()
    held(tmp_path, stack)
    write(tmp_path)
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, clock)
    evidence.refresh()
    clock.now += 16
    assert not verdict(evidence, clock).live


def test_on_a_full_volume_an_old_report_is_no_evidence_against_the_worker(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, clock)
    held(tmp_path, stack)
    write(tmp_path, written_mono=clock.now, loop_mono=clock.now)
    evidence.refresh()
    real = os.statvfs(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((*real[:4], 0, *real[5:])))
    clock.now += 4
    evidence.refresh()
    assert verdict(evidence, clock).reason is WorkerReason.CONSUMING
    clock.now += 60
    evidence.refresh()
    found = verdict(evidence, clock)
    assert (found.reason, found.live) == (WorkerReason.REPORT_UNREADABLE, True)
    assert "is full" in found.message
    monkeypatch.undo()
    evidence.refresh()
    write(tmp_path, written_mono=clock.now, loop_mono=clock.now)
    evidence.refresh()
    assert verdict(evidence, clock).reason is WorkerReason.CONSUMING


def test_an_old_report_on_a_volume_with_room_is_evidence(tmp_path: Path, stack: ExitStack) -> None:
    clock = Clock()
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, clock)
    held(tmp_path, stack)
    write(tmp_path, written_mono=clock.now, loop_mono=clock.now)
    evidence.refresh()
    clock.now += 60
    evidence.refresh()
    assert verdict(evidence, clock).reason is WorkerReason.WEDGED
