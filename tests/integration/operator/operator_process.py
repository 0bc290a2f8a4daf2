"""The real operator as a process of its own, with a log that a failing test can print."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tools.testbed.servers import START_SECONDS, free_port
from tools.testbed.waiting import wait_for

ROOT = Path(__file__).parents[3]


class OperatorProcess:
    """``celery-operator run`` against one API server."""

    def __init__(self, kubeconfig: Path, log: Path, *arguments: str, path: Sequence[Path] = ()) -> None:
        """``path``: folders of modules that it finds first."""
        self._path = path
        self._kubeconfig = kubeconfig
        self.log = log
        self.port = free_port()
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and return once it serves."""
        environment = {
            **os.environ,
            "KUBECONFIG": str(self._kubeconfig),
            "PYTHONPATH": os.pathsep.join(map(str, (*self._path, ROOT / "health", ROOT / "operator"))),
        }
        command = [sys.executable, "-m", "celery_operator", "run", f"--port={self.port}", *self._arguments]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        wait_for(lambda: self.get("/livez")[0] != 0, timeout=START_SECONDS, describe=self.words)
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it without a chance to say goodbye."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        return self._end(signal.SIGTERM)

    def wait(self, timeout: float) -> int:
        """Its exit status, once it ends by itself."""
        assert self._process is not None
        return self._process.wait(timeout)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of one of its own endpoints; 0 while nothing listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def leads(self) -> bool:
        """Whether its caches are filled and its loops run."""
        return self.get("/readyz") == (200, "leading\n")

    def until_it_leads(self, timeout: float = START_SECONDS) -> Self:
        wait_for(self.leads, timeout=timeout, describe=self.words)
        return self

    def words(self) -> str:
        """What it said last."""
        return f"the operator said:\n{self.log.read_text()[-4000:]}"

    def _end(self, number: signal.Signals) -> int:
        if self._process is None or self._process.poll() is not None:
            return 0 if self._process is None else self._process.returncode
        self._process.send_signal(number)
        return self._process.wait(30)


def metric(text: str, name: str, labels: Mapping[str, str]) -> float | None:
    """One sample of an exposition; None where there is no such series."""
    # The exposition has its labels in alphabetical order.
    pairs = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    wanted = f"{{{pairs}}}" if labels else ""
    for line in text.splitlines():
        if line.startswith(f"{name}{wanted} "):
            return float(line.rpartition(" ")[2])
    return None
