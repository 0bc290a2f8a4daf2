"""A stop file that nothing has asked for does not keep a worker from fetching."""

from pathlib import Path

from celery_health.wire.answers import ProcessState
from celery_health.wire.names import GIVE_BACK_FILE
from celery_health.wire.worker_report import Phase, WorkerReport
from celery_probe.agent.channel import ReportDirectory
from celery_probe.sidecar.observe.lock import LockReading
from celery_probe.sidecar.observe.stray_stop import STRAY_SECONDS, StrayStop
from tests.unit.sidecar.holders import Holder
from tests.unit.wire.documents import worker_document, worker_report

RUNS = LockReading(ProcessState.RUNNING, 7)
ENDED = LockReading(ProcessState.ENDED)


def report(phase: Phase = Phase.DRAINING) -> WorkerReport:
    return worker_report(worker_document(phase=phase.value))


def planted(directory: Path) -> Path:
    """Both files, which no hook has made."""
    (directory / GIVE_BACK_FILE).touch()
    (directory / "stop").touch()
    return directory / "stop"


def test_a_file_that_nothing_has_asked_for_is_removed_after_a_while(tmp_path: Path) -> None:
    file, stray = planted(tmp_path), StrayStop(tmp_path)
    for moment in (0.0, STRAY_SECONDS - 1):
        stray.clear(RUNS, report(), 100.0 + moment)
        assert file.exists()
    stray.clear(RUNS, report(), 100.0 + STRAY_SECONDS)
    assert list(tmp_path.iterdir()) == []


def test_the_file_stays_as_long_as_the_stop_hook_runs(tmp_path: Path) -> None:
    file, stray = planted(tmp_path), StrayStop(tmp_path)
    hook = Holder(file)
    try:
        for moment in range(0, 300, 10):
            stray.clear(RUNS, report(), float(moment))
    finally:
        hook.kill()
    assert file.exists()
    stray.clear(RUNS, report(), 300.0)
    assert file.exists()
    stray.clear(RUNS, report(), 300.0 + STRAY_SECONDS)
    assert not file.exists()


def test_the_file_stays_while_the_worker_stops_or_when_it_has_ended(tmp_path: Path) -> None:
    file, stray = planted(tmp_path), StrayStop(tmp_path)
    for moment in range(0, 300, 10):
        stray.clear(RUNS, report(Phase.STOPPING), float(moment))
        stray.clear(ENDED, report(), float(moment))
        stray.clear(None, None, float(moment))
    assert file.exists()


def test_a_stop_that_is_requested_holds_the_lock(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    directory = ReportDirectory(str(tmp_path))
    directory.request_stop()
    # Of this very process the kernel shows no lock: another one has to ask.
    other = Holder.takes(tmp_path / "run" / "stop")
    assert not other
