"""The monitor's live state in this process, with a real broker and a worker of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.testbed.waiting import wait_for_async

from celery_health.survey.app_connection import AppConnection, resolve
from celery_monitor.control.enable_events import EventSwitch
from celery_monitor.events.intake import Intake
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers.opening import open_receiver
from celery_monitor.live.live import Live
from celery_monitor.live.polling import Polling
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError

PROJECT = Path(__file__).parent / "project"
WAIT_SECONDS = 90.0


@dataclass
class Monitor:
    live: Live
    merger: Merger
    switch: EventSwitch
    remote: RemoteControl
    connection: AppConnection

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait, while the monitor runs, until the condition holds."""
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                shown = (self.live.workers(), self.live.queues(), self.live.stats(), self.merger.counters)
                raise AssertionError(f"not within {WAIT_SECONDS:g} s: {what}; {shown}")
            await asyncio.sleep(0.05)

    async def until_events_are_on(self, name: str) -> None:
        """Wait until the worker, whose queues are known, has carried out an order to send task events.

        No event shows the tasks that it had before.
        """
        # It listens now: it may have missed an earlier order.
        now = self.live.clock()
        await self.until(lambda: self.switch._ordered.get(name, 0.0) > now, "the order to send events")

        async def answers() -> bool:
            try:
                return name in (await self.remote.ask(["ping"], [name]))["ping"]
            except RemoteControlError:
                return False

        # It carries out orders one after the other.
        await wait_for_async(answers, WAIT_SECONDS, lambda: self.remote.error)

    def state(self, task_id: str) -> str | None:
        record = self.merger.get(task_id)
        return None if record is None else record.state


@asynccontextmanager
async def monitor(broker: str) -> AsyncIterator[Monitor]:
    """Everything that runs in the program, but history and web."""
    connection = resolve(None, None, broker, None, {})
    live, remote = Live(), RemoteControl(connection)
    merger = Merger(on_worker=live.on_worker, on_task=live.on_task)
    receiver = open_receiver(broker)
    live.follow(merger.workers, merger.mark_lost, receiver)
    switch = EventSwitch(live, remote)
    parts = [Intake(receiver, merger).run(), Polling(live, connection, remote).run(), switch.run()]
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        yield Monitor(live, merger, switch, remote, connection)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@contextmanager
def worker(home: Path, broker: str, arguments: Sequence[str] = ()) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that sends no task events by itself; killed when the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "celery", "-A", "live_shop", "worker", "--loglevel", "INFO"]
    command += ["--concurrency", "2", "--hostname", "w1@test", *arguments]
    with (home / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "TEST_BROKER": broker},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End the worker and its pool as a lost machine would."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait(timeout=20)
