"""A real Prometheus with our rules, which scrapes our programs."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.cluster.binaries.toolchain import ensure
from tools.testbed.servers import Server, free_port

from tests.integration.alerts.promtool import write


class Prometheus(Server):
    """Prometheus with this configuration, scraping and evaluating every second."""

    def __init__(self, directory: Path, configuration: Mapping[str, Any]):
        directory.mkdir(parents=True, exist_ok=True)
        port = free_port()
        every_second = {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"}
        file = write(directory / "prometheus.yml", {"global": every_second, **configuration})
        program = os.environ.get("PROMETHEUS") or str(ensure("prometheus")["prometheus"])
        command = [
            program,
            f"--config.file={file}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        super().__init__(command, port, directory)

    def answers(self) -> bool:
        try:
            with self._open("/-/ready") as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def alerts(self) -> list[dict[str, Any]]:
        """All that are pending or firing."""
        with self._open("/api/v1/alerts") as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
        return found

    def targets(self) -> dict[str, str]:
        """The health of each target by its job."""
        with self._open("/api/v1/targets?state=active") as answer:
            active = json.load(answer)["data"]["activeTargets"]
        return {one["labels"]["job"]: one["health"] for one in active}

    def _open(self, path: str) -> Any:
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10)


@contextmanager
def prometheus(directory: Path, configuration: Mapping[str, Any]) -> Iterator[Prometheus]:
    """A running Prometheus; ended when the block ends."""
    server = Prometheus(directory, configuration)
    try:
        server.start()
        yield server
    finally:
        server.stop()
