"""The monitor in a process that times each step of its event loop, and asks itself for every route.

``python -m bench.monitor.watched ROUTES OPTIONS``: ROUTES is a file with one path a line, OPTIONS are those
of ``celery-monitor``. Prints for each route the longest step in milliseconds of CPU time, which other load
does not change, the seconds until the answer was complete, and its bytes.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from pathlib import Path

from tools.testbed.servers import free_port

from celery_monitor.__main__ import main as monitor

TOKEN = "0123456789abcdef0123"
_START_SECONDS = 300.0
_run = asyncio.Handle._run
_steps: list[float] = []


def _timed(handle: asyncio.Handle) -> None:
    began = time.thread_time()
    _run(handle)
    _steps.append(time.thread_time() - began)


def _answers(url: str) -> bool:
    try:
        _ask(f"{url}/metrics")
    except OSError:
        return False
    return True


def _ask(url: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
    size = 0
    with urllib.request.urlopen(request, timeout=600) as answer:
        while block := answer.read(1024 * 1024):
            size += len(block)
    return size


def _measure(port: int, routes: list[str]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(url):
            if time.monotonic() > deadline:
                return
            time.sleep(0.2)
        for route in routes:
            _ask(url + route)  # what the first answer prepares is not counted
            time.sleep(0.3)
            _steps.clear()
            began = time.monotonic()
            size = _ask(url + route)
            seconds = time.monotonic() - began
            print(json.dumps([route, max(_steps) * 1000, seconds, size]), flush=True)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the monitor, and measure it from a thread."""
    asyncio.Handle._run = _timed  # type: ignore[assignment, method-assign]
    port = free_port()
    os.environ["CELERY_MONITOR_TOKEN"] = TOKEN
    routes = Path(sys.argv[1]).read_text().splitlines()
    threading.Thread(target=_measure, args=(port, routes), daemon=True).start()
    monitor(["--port", str(port), "--rate-limit", "none", "--flower-api", *sys.argv[2:]])


if __name__ == "__main__":
    main()
