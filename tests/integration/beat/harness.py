"""Real beats with the agent inside, as child processes, and sidecars of beat in the test's own process."""

import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from tools.testbed.celery_versions import World
from tools.testbed.waiting import wait_for, wait_for_async

from celery_health.verdicts.beat import BeatThresholds
from celery_health.wire.beat_report import BEAT_REPORT, BeatReport
from celery_probe.bundle import install
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.endpoints.process import probe_app
from celery_probe.sidecar.observe.beat import BeatObserver
from celery_probe.sidecar.observe.evidence import BEAT_FILE, ProcessEvidence
from celery_probe.sidecar.token import Token
from tests.support.documents import read_exact

PROJECT = Path(__file__).parent / "project"

# The limits of a sidecar in the cluster are a minute: the same rules, in less time.
TICK_LIMIT = 5.0
SHORT = BeatThresholds(tick_limit=TICK_LIMIT, broker_grace=2.0)


class Beat:
    """A beat that ``python DIRECTORY beat`` runs, with everything that it writes under ``home``."""

    def __init__(self, home: Path, world: World, broker: str, arguments: Sequence[str] = (), **env: str):
        self.home = home
        self.directory = home / "probe"
        self.run = self.directory / "run"
        self.hang = home / "hang"
        # Made by the beat when it has begun to hang.
        self.hangs = home / "hangs"
        home.mkdir(parents=True, exist_ok=True)
        install(self.directory)
        self._command = [str(world.python()), str(self.directory), "-A", "beat_app", "beat"]
        self._command += ["--loglevel", "INFO", "--schedule", str(home / "schedule"), *arguments]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._env = {
            **kept,
            "TEST_BROKER": broker,
            "TEST_HANG": str(self.hang),
            "CELERY_PROBE_DIRECTORY": str(self.directory),
            **env,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; nothing is waited for."""
        with (self.home / "beat.log").open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._env, cwd=PROJECT, stdout=log, stderr=log)

    def signal(self, number: signal.Signals) -> None:
        """Signal the process."""
        assert self.process is not None
        self.process.send_signal(number)

    def report(self) -> BeatReport | None:
        """The latest report, which has to be exactly what the contract declares; None before the first."""
        try:
            return read_exact(BEAT_REPORT, (self.run / "beat.json").read_bytes())
        except FileNotFoundError:
            return None

    def wait_until(self, condition: Callable[[BeatReport], Any], timeout: float = 60.0) -> BeatReport:
        """Wait for a report that fulfils the condition, and return it."""

        def fitting() -> BeatReport | None:
            report = self.report()
            return report if report and condition(report) else None

        return wait_for(fitting, timeout, lambda: f"last: {self.report()}\n{self.log()}")

    def terminate(self, timeout: float = 20.0) -> int:
        """The orderly end; gives the exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout)

    def end(self) -> None:
        """End the process if it still lives."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def log(self) -> str:
        """The end of what beat printed."""
        return (self.home / "beat.log").read_text(errors="replace")[-3000:]


@contextmanager
def running_beat(
    home: Path, world: World, broker: str, arguments: Sequence[str] = (), **env: str
) -> Iterator[Beat]:
    """A started beat with these options beside the usual ones, ended with the block."""
    beat = Beat(home, world, broker, arguments, **env)
    try:
        beat.start()
        yield beat
    finally:
        beat.end()


class BeatSidecar:
    """A sidecar of beat, asked over HTTP."""

    def __init__(
        self, client: TestClient[Any, Any], observer: BeatObserver, broker: BrokerChecks, beat: Beat
    ):
        self._client = client
        self._observer = observer
        self._broker = broker
        self._beat = beat

    async def status(self, path: str) -> int:
        """Status of one request, after a fresh reading of the evidence."""
        self._observer.refresh()
        async with self._client.get(path) as answer:
            return answer.status

    async def reason(self) -> str:
        """The reason in the answer of the liveness probe."""
        self._observer.refresh()
        async with self._client.get("/livez") as answer:
            return str((await answer.json())["reason"])

    async def text(self, path: str) -> str:
        """The body of an answer."""
        async with self._client.get(path) as answer:
            return await answer.text()

    async def wait_until_broker_is_away(self) -> None:
        """Wait until the sidecar knows of it: before that, a late tick may count against beat."""

        async def is_away() -> bool:
            return self._broker.latest().reachable is False

        await wait_for_async(is_away, describe=self._broker.latest)

    async def wait_reason(self, reason: str, timeout: float = 60.0) -> None:  # noqa: ASYNC109 (a deadline)
        """Wait until this is the reason."""

        async def reached() -> bool:
            return await self.reason() == reason

        await wait_for_async(
            reached, timeout, lambda: f"{reason}: {self._observer.answer()}\n{self._beat.log()}"
        )


@asynccontextmanager
async def beat_sidecar(
    beat: Beat, broker_url: str, thresholds: BeatThresholds = SHORT
) -> AsyncIterator[BeatSidecar]:
    """A sidecar of that beat, with broker checks of its own."""
    broker = BrokerChecks(broker_url, time.monotonic, interval=0.25)
    observer = BeatObserver(
        ProcessEvidence(beat.run, BEAT_FILE, time.monotonic), broker, time.monotonic, thresholds
    )
    broker.start()
    try:
        async with TestClient(TestServer(probe_app(observer, Token()))) as client:
            yield BeatSidecar(client, observer, broker, beat)
    finally:
        broker.stop()
