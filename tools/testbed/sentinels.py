"""A real Redis Sentinel that watches one master."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

MASTER_NAME = "shop"


@contextmanager
def sentinel(folder: Path, master: int, password: str = "", settings: Sequence[str] = ()) -> Iterator[int]:
    """Give its port; it ends with the block.

    ``master``: the port of the Redis that it calls ``shop``. ``password``: its own. ``settings``: more lines
    of its configuration.
    """
    folder.mkdir(exist_ok=True)
    server = RedisServer(folder, password)
    configuration = folder / "sentinel.conf"
    lines = [f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master} 1", *settings]
    lines += [f"requirepass {password}"] if password else []
    configuration.write_text("\n".join(lines) + "\n")
    command = ["redis-server", str(configuration), "--sentinel", "--port", str(server.port)]
    with (folder / "sentinel.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(server.answers)
        yield server.port
    finally:
        process.kill()
        process.wait()
