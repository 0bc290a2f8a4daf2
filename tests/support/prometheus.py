"""A real Prometheus with our rules, which scrapes our programs."""

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml
from tools.cluster.binaries.toolchain import ensure
from tools.testbed.servers import Server, free_port
from tools.testbed.waiting import wait_for

PAGE = (Path(__file__).resolve().parents[2] / "docs/howto/alerts.md").read_text(encoding="utf-8")
CONFIGURATIONS = [
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(rule_files.+?)```", PAGE, re.DOTALL)
]
KUBERNETES, PLAIN = CONFIGURATIONS
"""The scrape configurations of the documentation."""


T = TypeVar("T")

ALERT_SECONDS = 180.0
"""Within this time a fault of a test fires its alert, and a repair ends it."""


def without_discovery(job: Mapping[str, Any]) -> dict[str, Any]:
    """A job of the documentation for pods that are found in another way."""
    return {name: value for name, value in job.items() if name != "kubernetes_sd_configs"}


def write(path: Path, document: Mapping[str, Any]) -> Path:
    """Write a YAML file for Prometheus or promtool."""
    path.write_text(yaml.safe_dump(document))
    return path


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

    def firing(self, name: str, /, **labels: str) -> dict[str, Any] | None:
        """The alert with these labels and no other, once it fires."""
        for alert in self.alerts():
            own = {
                key: value for key, value in alert["labels"].items() if key not in {"alertname", "severity"}
            }
            if (alert["labels"]["alertname"], alert["state"], own) == (name, "firing", labels):
                return alert
        return None

    def until_it_fires(
        self,
        name: str,
        labels: Mapping[str, str],
        *,
        fault: Callable[[], object] = lambda: None,
        described: Callable[[], object] | None = None,
    ) -> dict[str, Any]:
        """The alert with these labels. The fault is made again and again until it fires."""

        def fires() -> dict[str, Any] | None:
            fault()
            return self.firing(name, **labels)

        return self._until(fires, name, described)

    def until_it_ends(
        self,
        name: str,
        labels: Mapping[str, str],
        *,
        repair: Callable[[], object] = lambda: None,
        described: Callable[[], object] | None = None,
    ) -> None:
        """Repair again and again until the alert no longer fires."""

        def ended() -> bool:
            repair()
            return self.firing(name, **labels) is None

        self._until(ended, f"the end of {name}", described)

    def _until(
        self, condition: Callable[[], T | None], what: str, described: Callable[[], object] | None
    ) -> T:
        text = described or self.described
        return wait_for(condition, ALERT_SECONDS, lambda: f"{what}; {text()}", interval=0.5)

    def described(self) -> str:
        """What a failing test prints."""
        return f"{self.alerts()}\n{self.targets()}"

    def targets(self) -> dict[str, str]:
        """By job: ``up`` if all its targets are, else the health of one that is not."""
        with self._open("/api/v1/targets?state=active") as answer:
            active = json.load(answer)["data"]["activeTargets"]
        up_first = sorted(active, key=lambda one: str(one["health"]) != "up")
        return {one["labels"]["job"]: one["health"] for one in up_first}

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
