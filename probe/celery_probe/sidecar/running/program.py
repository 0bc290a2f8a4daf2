"""Runs Celery beside the sidecar, and ends a process that is not live, so that something starts it again."""

import asyncio
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from celery_probe.sidecar.observe.process import ProcessObserver
from celery_probe.sidecar.running.liveness import NOT_LIVE_SECONDS, Liveness
from celery_probe.sidecar.running.systemd import SOCKET_VARIABLE, Systemd
from celery_probe.sidecar.serving import serving, until
from celery_probe.sidecar.settings import Settings

EXIT_NOT_LIVE = 1
CHECK_SECONDS = 1.0
# A process that is not live rarely ends by itself.
TERMINATE_SECONDS = 10.0
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


async def run(settings: Settings, listener: socket.socket, command: Sequence[str]) -> int:
    """Run the command to its end, and answer the probes meanwhile. Returns the exit code for this process.

    SIGTERM, SIGINT and SIGQUIT go to Celery, with Celery's meaning.
    """
    systemd = Systemd(os.environ)
    child = await asyncio.create_subprocess_exec(
        *command,
        env={name: value for name, value in os.environ.items() if name != SOCKET_VARIABLE},
        # A group of its own: a Ctrl-C in the terminal comes once, and the children end with the process.
        process_group=0,
        preexec_fn=_end_with_parent,
    )
    _forward_signals(child, systemd)
    try:
        async with serving(settings, listener) as observer:
            return await until(_end(child, observer, systemd), observer)
    finally:
        if child.returncode is None:
            _kill_group(child)


def _end_with_parent() -> None:
    """In the child: a warm shutdown if this program is killed, because another one starts in its place."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _forward_signals(child: asyncio.subprocess.Process, systemd: Systemd) -> None:
    def forward(number: signal.Signals) -> None:
        systemd.stopping()
        with suppress(ProcessLookupError):
            child.send_signal(number)

    for number in _FORWARDED:
        asyncio.get_running_loop().add_signal_handler(number, forward, number)


async def _end(child: asyncio.subprocess.Process, observer: ProcessObserver[Any], systemd: Systemd) -> int:
    """The exit code, when the process has ended or was ended."""
    liveness = Liveness()
    ended = asyncio.create_task(child.wait())
    while not ended.done():
        verdict = observer.verdict()
        live = verdict.live or observer.restart_hold.seconds_left() is not None
        systemd.report(started=verdict.started, live=live, message=verdict.message)
        if liveness.is_over(live=live, now=time.monotonic()):
            print(  # noqa: T201 (the log of this process)
                f"celery-probe: ending {observer.subject}, not live for {NOT_LIVE_SECONDS:.0f} s: "
                f"{verdict.reason}: {verdict.message}",
                file=sys.stderr,
                flush=True,
            )
            await _end_group(child, ended)
            return EXIT_NOT_LIVE
        await asyncio.wait({ended}, timeout=CHECK_SECONDS)
    code = ended.result()
    return code if code >= 0 else 128 - code


async def _end_group(child: asyncio.subprocess.Process, ended: "asyncio.Task[int]") -> None:
    """End the process and its children."""
    with suppress(ProcessLookupError):
        child.terminate()
    await asyncio.wait({ended}, timeout=TERMINATE_SECONDS)
    _kill_group(child)
    await ended


def _kill_group(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
