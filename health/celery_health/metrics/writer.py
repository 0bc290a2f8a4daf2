"""Keeps the counters of a worker in a file, for the sidecar and for other programs."""

import atexit
import logging
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread

from celery_health.metrics.recorder import Recorder
from celery_health.task_metrics.files import Place, take_place
from celery_health.wire.documents import UnreadableError

log = logging.getLogger(__name__)

WRITE_SECONDS = 1.0
"""How often the file is written while tasks run."""

FINISH_SECONDS = 2.0


def keep_in(folder: Path, recorder: Recorder) -> Callable[[], bytes] | None:
    """Go on from the numbers of the worker before, and write them from now on, until the process ends.

    The function gives the document to show: never more than what the file has, or a worker that goes on from
    the file of one that was killed would show less. None if there is no file.
    """
    try:
        place = take_place(folder)
    except OSError as error:
        log.warning("Task metrics: not written to a file. %s", error)
        return None
    try:
        if not recorder.go_on_from(place.read()):
            log.info("Task metrics: begin at zero, because the options have changed.")
    except FileNotFoundError:
        log.debug("Task metrics: the first of this place.")
    except (OSError, UnreadableError) as error:
        log.warning("Task metrics: begin at zero. %s", error)
    writer = _Writer(place, recorder)
    Thread(target=writer.run, name="task-metrics", daemon=True).start()
    atexit.register(writer.finish)
    return writer.shown


class _Writer:
    def __init__(self, place: Place, recorder: Recorder) -> None:
        self._place = place
        self._recorder = recorder
        self._writing = Lock()
        self._failing = False
        self._written = b""
        self._never = Event()
        self._pid = os.getpid()

    def run(self) -> None:
        while True:
            self._write()
            self._never.wait(WRITE_SECONDS)

    def finish(self) -> None:
        """Write once more, unless this is a fork on its way out."""
        if os.getpid() == self._pid:
            self._write()

    def shown(self) -> bytes:
        """What the file has, brought up to date; all that was counted, while it cannot be written."""
        self._write()
        return self._recorder.encode() if self._failing or not self._written else self._written

    def _write(self) -> None:
        if not self._recorder.changed or not self._writing.acquire(timeout=FINISH_SECONDS):
            return
        try:
            # Before it is encoded: what is counted in between is written twice rather than never.
            self._recorder.changed = False
            data = self._recorder.encode()
            self._place.write(data)
            self._written, self._failing = data, False
        except OSError as error:
            self._recorder.changed = True
            if not self._failing:
                log.warning("Task metrics: the file cannot be written. %s", error)
            self._failing = True
        finally:
            self._writing.release()
