"""The worker's container may put anything in place of a shared file: nothing waits for it or follows it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from celery_health.wire.answers import ProcessState
from celery_health.wire.orders import QuarantineBody
from celery_probe.sidecar.observe.evidence import WORKER_FILE, ProcessEvidence
from celery_probe.sidecar.observe.lock import read_lock
from celery_probe.sidecar.orders.drain_request import DrainRequest
from celery_probe.sidecar.orders.quarantine_list import QuarantineList
from celery_probe.sidecar.regular_file import NotRegularError, open_file

FILES = ("report.json", "worker.lock", "drain", "quarantine.json")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("plant", [pipe, link, folder])
def test_no_file_of_another_kind_is_opened(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    for name in FILES:
        plant(tmp_path / name)
    evidence = ProcessEvidence(tmp_path, WORKER_FILE, time.monotonic)
    evidence.refresh()
    assert evidence.latest is None
    assert evidence.report_error
    assert read_lock(tmp_path / "worker.lock").state is ProcessState.UNSEEN
    assert QuarantineList(tmp_path).in_force is None
    drain = DrainRequest(tmp_path)
    drain.refresh()
    assert drain.expires_in() is None
    with pytest.raises(OSError, match=r".+"):
        drain.set(True, 300.0)


def test_a_pipe_in_place_of_the_new_quarantine_is_replaced(tmp_path: Path) -> None:
    pipe(tmp_path / ".quarantine.json.new")
    quarantine = QuarantineList(tmp_path)
    quarantine.set(QuarantineBody("shop.dead-letter", ("id-1",)))
    assert quarantine.in_force == QuarantineBody("shop.dead-letter", ("id-1",))


def test_a_device_is_no_regular_file() -> None:
    with pytest.raises(NotRegularError):
        open_file(Path("/dev/null"))
