"""Workers and monitors as processes."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.testbed.waiting import wait_for

ROOT = Path(__file__).parents[2]
PREFORK_QUEUE = "prefork"
"""For tasks with a hard time limit, which only processes of a pool obey."""
_START_SECONDS = 240.0
_API = "/api/automation/monitoring"
_TOKEN = "ledger-of-all-tasks-0"
SLOTS = {"prefork": 2, "threads": 4, "gevent": 8}


class _Process:
    """A program in a process group of its own, with its log in ``folder``."""

    def __init__(
        self, name: str, folder: Path, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self._file = folder / f"{name}.log"
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program; nothing is waited for."""
        with self._file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL for all processes of the program, as when a node is lost."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log(self) -> str:
        """The end of its log."""
        return self._file.read_text(errors="replace")[-3000:]


class Worker(_Process):
    """One worker. ``name`` is the one that Celery gives it."""

    def __init__(
        self, name: str, pool: str, folder: Path, python: Path, environment: Mapping[str, str]
    ) -> None:
        command = [str(python), "-m", "celery", "-A", "tools.ledger.ledger_tasks", "worker"]
        command += ["-n", name, "-P", pool, "-c", str(SLOTS[pool]), "-E", "-l", "INFO"]
        command += ["-Q", f"celery,{PREFORK_QUEUE}" if pool == "prefork" else "celery"]
        super().__init__(name, folder, command, environment)
        self.pool = pool


class Monitor(_Process):
    """One monitor. ``name`` is that of its kind of database."""

    def __init__(
        self,
        name: str,
        folder: Path,
        command: Sequence[str],
        database: str,
        environment: Mapping[str, str],
    ) -> None:
        options = ["--port", "0", "--database", database, "--rate-limit", "none"]
        variables = {**environment, "CELERY_MONITOR_TOKEN": _TOKEN}
        super().__init__(f"monitor-{name}", folder, [*command, *options], variables)
        self._url = ""

    def wait_until_it_listens(self) -> None:
        """Before that, it answers nothing."""
        self._url = wait_for(self._listening, _START_SECONDS, self.log)

    def get(self, path: str) -> Any:
        """A document of its API; None for 404."""
        request = urllib.request.Request(
            f"{self._url}{_API}{path}", headers={"Authorization": f"Bearer {_TOKEN}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def memory(self) -> int:
        """Bytes of memory that it takes now."""
        assert self._process is not None
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def online(self) -> int:
        """How many workers it sees online."""
        return sum(one["online"] for one in self.get("/workers")["workers"])

    def missed(self) -> dict[str, int]:
        """Missed events by worker."""
        return {one["name"]: one["missed"] for one in self.get("/workers")["workers"]}

    def _listening(self) -> str | None:
        assert self._process is not None
        text = self._file.read_text(errors="replace")
        assert self._process.poll() is None, text
        _, found, rest = text.rpartition(" listens at ")
        return rest.split()[0] if found and rest.split() else None
