"""What the lock and the report file show of the process in this pod, kept so that a probe touches no disk."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from celery_health.redaction import redact
from celery_health.verdicts.current_report import current_report
from celery_health.wire.answers import ProcessState
from celery_health.wire.beat_report import BEAT_REPORT, BeatReport
from celery_health.wire.bounds import sentence
from celery_health.wire.documents import Format, UnreadableError
from celery_health.wire.names import BEAT_REPORT_FILE, LOCK_FILE, WORKER_REPORT_FILE
from celery_health.wire.process_report import ProcessReport
from celery_health.wire.worker_report import WORKER_REPORT, WorkerReport
from celery_probe.sidecar.observe.lock import LockReading, read_lock
from celery_probe.sidecar.regular_file import NotRegularError, read_file

FULL_VOLUME_SECONDS = 5.0
"""An older report on a full volume counts for nothing: less than what makes a report stale."""

R = TypeVar("R", bound=ProcessReport)


@dataclass(frozen=True, slots=True)
class ReportFile(Generic[R]):
    """The name and the format of an agent's report."""

    name: str
    format: Format[R]


WORKER_FILE: ReportFile[WorkerReport] = ReportFile(WORKER_REPORT_FILE, WORKER_REPORT)
BEAT_FILE: ReportFile[BeatReport] = ReportFile(BEAT_REPORT_FILE, BEAT_REPORT)


class ProcessEvidence(Generic[R]):
    """The last report and the state of the process. ``clock`` gives seconds of CLOCK_MONOTONIC.

    ``directory`` is the folder that agent and sidecar share.
    ``observed_since`` is when this sidecar began, ``running_since`` when it first saw the process that runs
    now (None if that ran already), ``refreshed_mono`` when it last read the files. ``report_error`` says why
    the report cannot be read; empty if it can, or if there is none.
    """

    def __init__(self, directory: Path, file: ReportFile[R], clock: Callable[[], float]) -> None:
        self.directory = directory
        self._path = directory / file.name
        self._format = file.format
        self._lock_path = directory / LOCK_FILE
        self._clock = clock
        self._identity: tuple[int, int, int] | None = None
        self._lock: LockReading | None = None
        self.latest: R | None = None
        self.observed_since = clock()
        self.running_since: float | None = None
        self.refreshed_mono = self.observed_since
        self.report_error = ""

    @property
    def process(self) -> ProcessState:
        """The state of the main process."""
        return self._lock.state if self._lock else ProcessState.UNSEEN

    @property
    def lock(self) -> LockReading | None:
        """The lock at the last refresh; None before the first."""
        return self._lock

    @property
    def current(self) -> R | None:
        """The last report, unless an earlier process in the same container wrote it."""
        return current_report(self.latest, self.running_since)

    def refresh(self) -> None:
        """Read the lock and, if it changed, the report. Never raises for what it finds."""
        self._note(read_lock(self._lock_path))
        self._refresh_report()
        self.refreshed_mono = self._clock()

    def _note(self, lock: LockReading) -> None:
        before = self._lock
        self._lock = lock
        if before is None or lock.state is not ProcessState.RUNNING or lock == before:
            return
        # The process is new: at the refresh before none ran, or another one did.
        self.running_since = self._clock()

    def _refresh_report(self) -> None:
        try:
            found = self._path.lstat()
            identity = (found.st_ino, found.st_mtime_ns, found.st_size)
            if identity == self._identity:
                self._note_full_volume(found.st_size)
                return
            self._identity = identity
            self.latest, self.report_error = self._read(), ""
        except FileNotFoundError:
            self._identity, self.latest, self.report_error = None, None, ""
        except NotRegularError:
            self._refuse(f"The {self._format.name} is not a regular file.")
            self._identity = None
        except OSError as error:
            self._refuse(f"The {self._format.name} cannot be opened: {error.strerror}.")
            self._identity = None
        except UnreadableError as error:
            self._refuse(str(error))

    def _note_full_volume(self, needed: int) -> None:
        """Refuse an old report where the agent has no room for a new one: nothing is known of the process."""
        if self.latest is None or self._clock() - self.latest.written_mono < FULL_VOLUME_SECONDS:
            return
        volume = os.statvfs(self.directory)
        if volume.f_bavail * volume.f_frsize < needed:
            self._refuse(
                "The volume that agent and sidecar share is full: the agent cannot write a new "
                f"{self._format.name}."
            )

    def _refuse(self, why: str) -> None:
        # The report before would grow stale and fail liveness, although nothing is known of the process.
        self.latest, self.report_error = None, sentence(redact(why))

    def _read(self) -> R:
        return self._format.decode(read_file(self._path, self._format.largest))
