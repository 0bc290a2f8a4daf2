# mypy: disable-error-code="untyped-decorator"
"""An application with every preset, for real workers. It imports nothing but Celery and the presets."""

import json
import os
import signal
import socket
import time
from pathlib import Path

from celery import Celery
from celery.utils.log import get_task_logger

from celery_health import presets

app = Celery("presets", broker=os.environ["TEST_BROKER"], backend=os.environ["TEST_BACKEND"])
attempts = os.environ.get("TEST_ATTEMPTS")
app.conf.update(
    presets.reliable(connection_attempts=int(attempts) if attempts else None)
    | presets.time_limits()
    | presets.redis_broker(visibility_timeout=2400)
    | presets.redis_results()
    | presets.rabbitmq_broker()
    | presets.queues({"mail": "email"})
    | presets.worker_options()
    | json.loads(os.environ.get("TEST_SETTINGS", "{}"))
)
if "TEST_LOGS" in os.environ:
    presets.log_files(os.environ["TEST_LOGS"], max_bytes=4000)

log = get_task_logger(__name__)


@app.task(name="mail")
def mail() -> str:
    log.info("a letter")
    return "sent"


@app.task(name="die_once")
def die_once(file: str) -> str:
    """Kill this child process at the first time, as the kernel does where memory runs out."""
    note = Path(file)
    if not note.exists():
        note.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


@app.task(name="wait")
def wait(seconds: float) -> str:
    time.sleep(seconds)
    return "waited"


@app.task(name="sockets")
def sockets() -> list[tuple[int, int, int]]:
    """The peer's port, and whether and after how many seconds the kernel asks for it: each connection."""
    numbers = [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    return [found for number in numbers if (found := _keepalive(number))]


def _keepalive(number: int) -> tuple[int, int, int] | None:
    try:
        with socket.socket(fileno=os.dup(number)) as found:
            return (
                found.getpeername()[1],
                found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            )
    except (OSError, IndexError):
        return None
