"""Workers of two public charts run as the injected manifests start them, and are healed."""

import io
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.wire.names import DIRECTORY, PORT
from celery_kubectl.inject.documents import Choice, inject
from celery_kubectl.manifests import read_manifests
from celery_probe.pod import ProbeImage
from tests.integration.agent.harness import PROJECT, AgentWorker, producer
from tests.integration.sidecar.served import Sidecar, served
from tests.unit.kubectl.inject.charts import OPTIONS, file_of

DEAF_WITHIN = 90.0


class InjectedWorker(AgentWorker):
    """The worker of a chart's manifests. ``home`` has the programs and modules of the image."""

    def __init__(self, home: Path, chart: str, broker: str):
        super().__init__(home, CELERY_5_7, "prefork", broker, env={"TEST_FAULTS": str(home)})
        python = CELERY_5_7.python()
        self._env |= {
            "PATH": os.pathsep.join((str(home / "bin"), str(python.parent), self._env["PATH"])),
            "PYTHONPATH": os.pathsep.join((str(home), str(PROJECT))),
        }
        self.container = self._injected(chart)
        self._command = self._here([*self.container.get("command", ()), *self.container.get("args", ())])

    def _injected(self, chart: str) -> dict[str, Any]:
        assert not OPTIONS[chart]
        documents = read_manifests(io.StringIO(file_of(chart).read_text()))
        for document in inject(documents, Choice(ProbeImage("probe:1"))).documents:
            for container in document["spec"].get("template", {}).get("spec", {}).get("containers", ()):
                if "startupProbe" in container:
                    found: dict[str, Any] = container
                    return found
        raise AssertionError(chart)

    def _here(self, words: list[str]) -> list[str]:
        """The words with this test's folder in the place of the volume."""
        return [word.replace(DIRECTORY, str(self.directory)) for word in words]

    def injected_stop_hook(self, port: int) -> "subprocess.Popen[bytes]":
        """Start the hook of the manifest, with the port of this test's sidecar."""
        words = self._here(self.container["lifecycle"]["preStop"]["exec"]["command"])
        assert words[4] == str(PORT)
        return self.stop_hook(float(words[3]), port)


def image_of_airflow(home: Path) -> None:
    """A program ``airflow`` that makes a worker in its own process."""
    program = home / "bin" / "airflow"
    program.parent.mkdir(parents=True)
    script = shlex.quote(str(PROJECT / "other_program.py"))
    program.write_text(f'#!/bin/sh\nshift\nexec python {script} "$@" -I agent_faults --concurrency 1\n')
    program.chmod(0o755)


def image_of_saleor(home: Path) -> None:
    """The modules of an application, and no program of its own."""
    package = home / "saleor"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "celeryconf.py").write_text("import agent_faults\nfrom agent_app import app\n")


def wait_for_status(
    sidecar: Sidecar, path: str, status: int, worker: AgentWorker, timeout: float = 60.0
) -> None:
    wait_for(lambda: sidecar.status(path) == status, timeout, lambda: f"{sidecar.report()}\n{worker.log()}")


@pytest.mark.parametrize("chart", ["airflow", "saleor"])
def test_a_deaf_worker_is_restarted_and_a_stopped_one_finishes_its_task(chart: str, tmp_path: Path) -> None:
    home = tmp_path / chart
    {"airflow": image_of_airflow, "saleor": image_of_saleor}[chart](home)
    with redis_server(tmp_path / "redis") as redis, producer(redis.url) as app:
        worker = InjectedWorker(home, chart, redis.url)
        try:
            with served(worker.directory, redis.url) as sidecar:
                assert sidecar.status("/startupz") == 503
                worker.start()
                wait_for_status(sidecar, "/readyz", 200, worker)
                assert sidecar.status("/startupz") == 200
                app.send_task("agent_app.note", ("first",), queue="celery")
                wait_for(lambda: worker.ran() == ["first"], 30, worker.log)

                (home / "unpolled").touch()
                wait_for_status(sidecar, "/livez", 503, worker, DEAF_WITHIN)
                assert sidecar.reason("/livez") == "Deaf"
                (home / "unpolled").unlink()
                worker.end()
                worker.start()
                wait_for_status(sidecar, "/readyz", 200, worker)

                worker.hold(app, "last")
                worker.wait_until(lambda report: report.active_count == 1)
                if "stop.py" in str(worker.container["lifecycle"]):
                    hook = worker.injected_stop_hook(sidecar.port)
                    worker.wait_until(lambda report: report.phase == "draining")
                    worker.release("last")
                    assert hook.wait(30) == 0
                    assert worker.ran() == ["first", "last"]
                else:
                    assert worker.process
                    worker.process.terminate()
                    worker.wait_until(lambda report: report.phase == "stopping")
                    worker.release("last")
                assert worker.wait_for_end() == 0
                assert worker.ran() == ["first", "last"]
        finally:
            worker.end()
