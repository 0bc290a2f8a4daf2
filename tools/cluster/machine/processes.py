"""Processes that outlive their starter: started once, known by more than a number, stopped for sure."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.waiting import wait_until

GRACE_SECONDS = 10.0
LOG_TAIL_BYTES = 3000


@dataclass(frozen=True)
class Identity:
    """A process number alone may belong to another by now; with start time and boot it can not."""

    pid: int
    start_ticks: int
    boot: str


def identify(pid: int) -> Identity | None:
    """The identity of a living process; None for one that is gone or only waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, the name, may hold spaces and brackets of its own.
    state, *fields = stat.rpartition(")")[2].split()
    if state in "ZX":
        return None
    return Identity(pid, int(fields[18]), Path("/proc/sys/kernel/random/boot_id").read_text().strip())


def alive(identity: Identity) -> bool:
    """Whether this very process still runs."""
    return identify(identity.pid) == identity


def command_lines() -> Iterator[tuple[int, list[str]]]:
    """Every process and the words it was started with."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            yield int(entry.name), words[:-1]


def with_command(wanted: Sequence[str]) -> list[Identity]:
    """The living processes with this very command line; ours hold paths that no other has."""
    found = [identify(pid) for pid, words in command_lines() if words == list(wanted)]
    return [one for one in found if one is not None]


def end(identity: Identity, grace: float = GRACE_SECONDS) -> None:
    """Ask it to end, kill it after `grace` seconds, and return once it is gone."""
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, GRACE_SECONDS)):
        if not alive(identity):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(identity.pid, number)
        with contextlib.suppress(ClusterError):
            wait_until(lambda: _reaped(identity), seconds=seconds, what=f"process {identity.pid} to end")
    if alive(identity):
        raise ClusterError(f"process {identity.pid} does not end, not even when killed")


def _reaped(identity: Identity) -> bool:
    """Take the exit status where the process is our own child, or it stays a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(identity.pid, os.WNOHANG)
    return not alive(identity)


@dataclass(frozen=True)
class Supervisor:
    """Keeps a record and a log for each process, by name; `prefix` goes before each command."""

    records: Path
    logs: Path
    prefix: tuple[str, ...] = ()

    def ensure(self, name: str, command: Sequence[str | Path]) -> bool:
        """Start it unless it runs with this very command; whether it was started."""
        words = [*self.prefix, *map(str, command)]
        found = self._record(name)
        if found is not None and found[1] == words and alive(found[0]):
            return False
        self.stop(name)
        # A starter that was killed before it could write the record has left the process.
        for stray in with_command([str(word) for word in command]):
            end(stray)
        self.records.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        # It is waited for by `end` or adopted by init; without this Python warns at its end.
        process.returncode = 0
        identity = identify(process.pid)
        if identity is None:
            raise ClusterError(f"{name} ended at once:\n{self.tail(name)}")
        new = self.records / f"{name}.new"
        new.write_text(json.dumps({"identity": asdict(identity), "command": words}))
        new.replace(self.records / f"{name}.json")
        return True

    def restart(self, name: str) -> None:
        """Kill it and start it with the recorded command; ClusterError for a name without a record."""
        found = self._record(name)
        if found is None:
            raise ClusterError(f"there is no process {name}; there are: {', '.join(self.names()) or 'none'}")
        self.stop(name, grace=0)
        Supervisor(self.records, self.logs).ensure(name, found[1])

    def running(self, name: str) -> bool:
        """Whether the recorded process lives."""
        found = self._record(name)
        return found is not None and alive(found[0])

    def names(self) -> list[str]:
        """The names that there are records for."""
        return sorted(path.stem for path in self.records.glob("*.json"))

    def living(self) -> list[Identity]:
        """The recorded processes that live."""
        found = [self._record(name) for name in self.names()]
        return [one[0] for one in found if one is not None and alive(one[0])]

    def stop(self, name: str, grace: float = GRACE_SECONDS) -> None:
        """End it if it lives and drop its record."""
        found = self._record(name)
        if found is not None:
            end(found[0], grace)
        (self.records / f"{name}.json").unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """The file with what it printed."""
        return self.logs / f"{name}.log"

    def tail(self, name: str) -> str:
        """The end of its log."""
        with contextlib.suppress(FileNotFoundError):
            return self.log(name).read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        return ""

    def _record(self, name: str) -> tuple[Identity, list[str]] | None:
        try:
            record = json.loads((self.records / f"{name}.json").read_text())
            return Identity(**record["identity"]), list(record["command"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
