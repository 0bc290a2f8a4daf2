"""Real servers for tests, on free ports, that a test can stop, freeze and restart: Redis and RabbitMQ."""

import os
import random
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import cycle
from pathlib import Path

from tools.testbed.waiting import wait_for

START_SECONDS = 180.0
# The server itself, not Debian's wrapper, which changes to another user.
RABBITMQ_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
RABBITMQ_CONTROL = RABBITMQ_SERVER.with_name("rabbitmqctl")
# Below the kernel's ephemeral ports and Kubernetes' node ports. A server binds its port seconds after it was
# chosen, and again when it is restarted: so each process of a test run has ports of its own.
_PROCESSES = 16
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw15").removeprefix("gw")) % _PROCESSES
_PORTS = list(range(12_000 + _PROCESS, 29_000, _PROCESSES))
random.shuffle(_PORTS)
_next_ports = cycle(_PORTS)


def free_port() -> int:
    """A TCP port that nothing listened on a moment ago, and that this process chose long ago, if ever.

    Of those that the kernel gives to no outgoing connection: a server that restarts finds its port free.
    """
    while True:
        port = next(_next_ports)
        with closing(socket.socket()) as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


class Server(ABC):
    """A server process on a fixed port, in a process group of its own, with its log in ``directory``."""

    def __init__(
        self, command: Sequence[str], port: int, directory: Path, env: Mapping[str, str] | None = None
    ):
        self.port = port
        self.directory = directory
        self._command = list(command)
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives (a frozen one does)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until the server answers on its port."""
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(self._started, START_SECONDS, self.log)

    def stop(self) -> None:
        """End the server in the orderly way and wait for that."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a crash would, and wait for that."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the server and wait for that: connections stay open, nothing is answered."""
        self._signal(signal.SIGSTOP)
        wait_for(self._frozen, 15, "every thread of the server stopped")

    def resume(self) -> None:
        """Let a frozen server go on."""
        self._signal(signal.SIGCONT)

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server is up, by asking it in its own protocol."""

    def log(self) -> str:
        """The end of what the server printed."""
        return (self.directory / "server.log").read_text(errors="replace")[-4000:]

    def _started(self) -> bool:
        if not self.running:
            raise AssertionError(f"the server ended while starting:\n{self.log()}")
        return self.answers()

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and to all of its processes, which may have groups of their own."""
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _frozen(self) -> bool:
        """Whether each thread has stopped: one that runs notices the signal a moment later."""
        states = set()
        for pid in self._processes():
            for task in Path(f"/proc/{pid}/task").glob("*/stat"):
                with suppress(OSError):
                    states.add(task.read_text().rpartition(")")[2].split()[0])
        return states <= {"T", "Z"}

    def _processes(self) -> list[int]:
        """The server's process and its descendants, parents first; none once it has ended."""
        if self._process is None or self._process.poll() is not None:
            return []
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(stat.parent.name))
        found = [self._process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def _end(self, number: signal.Signals) -> None:
        """Send the signal and wait until no process of the server is left.

        PostgreSQL refuses to start while one of a killed server lives.
        """
        if self._process is None:
            return
        processes = self._processes()
        if number == signal.SIGKILL:
            self._signal(number)
        elif processes:
            # Its own processes are for the server to end.
            os.killpg(self._process.pid, number)
            self._signal(signal.SIGCONT)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait(timeout=10)
        wait_for(lambda: not any(map(_lives, processes)), 30, f"the end of {processes}")
        self._process = None


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class RedisServer(Server):
    """A redis-server without persistence: a restart loses its data, as a restarted cache would."""

    def __init__(self, directory: Path, password: str = "", arguments: Sequence[str] = ()):
        port = free_port()
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", *arguments]
        if password:
            command += ["--requirepass", password]
        super().__init__(command, port, directory)
        self.password = password

    @property
    def url(self) -> str:
        """The broker URL of database 0."""
        return self.database(0)

    def database(self, number: int) -> str:
        """The broker URL of one of the 16 databases, so that tests can share a server."""
        credentials = f":{self.password}@" if self.password else ""
        return f"redis://{credentials}127.0.0.1:{self.port}/{number}"

    def answers(self) -> bool:
        answer = ask(self.port, b"PING\r\n")
        return answer.startswith((b"+PONG", b"-NOAUTH"))


class RabbitServer(Server):
    """A rabbitmq-server with a database, cookie and port mapper of its own."""

    def __init__(
        self, directory: Path, epmd_port: int, plugins: Sequence[str] = (), more_settings: Sequence[str] = ()
    ):
        port = free_port()
        self.management_port = free_port()
        (directory / "enabled_plugins").write_text(f"[{','.join(plugins)}].\n")
        settings = [f"listeners.tcp.default = 127.0.0.1:{port}", "disk_free_limit.absolute = 1MB"]
        settings += more_settings
        if "rabbitmq_management" in plugins:
            settings.append(f"management.tcp.port = {self.management_port}")
            settings.append("collect_statistics_interval = 1000")  # ms; else its numbers are up to 5 s old
        (directory / "rabbitmq.conf").write_text("\n".join(settings) + "\n")
        env = {
            "HOME": str(directory),
            "ERL_EPMD_PORT": str(epmd_port),
            "RABBITMQ_NODENAME": f"test{port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_PID_FILE": str(directory / "rabbitmq.pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        super().__init__([str(RABBITMQ_SERVER)], port, directory, env)

    @property
    def url(self) -> str:
        """The broker URL of the default virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def management_url(self) -> str:
        """The management API, without a user."""
        return f"http://127.0.0.1:{self.management_port}"

    def control(self, *arguments: str) -> str:
        """Do what only ``rabbitmqctl`` can, such as ``set_disk_free_limit 999GB``, which raises the alarm.

        A node accepts connections a moment before it takes such commands.
        """
        done = wait_for(lambda: self._controlled(arguments), describe="the node takes commands")
        assert done.returncode == 0, f"rabbitmqctl {arguments}: {done.stderr}"
        return done.stdout

    def _controlled(self, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str] | None":
        """How the command ended; None while the node still starts."""
        command = [str(RABBITMQ_CONTROL), "-n", self._env["RABBITMQ_NODENAME"], *arguments]
        done = subprocess.run(command, env=self._env, check=False, capture_output=True, timeout=60, text=True)
        return None if "requires the 'rabbit' app to be running" in done.stderr else done

    def answers(self) -> bool:
        # A broker that is up answers the protocol header with Connection.Start: a method frame, type 1.
        return ask(self.port, b"AMQP\x00\x00\x09\x01").startswith(b"\x01")


def ask(port: int, request: bytes) -> bytes:
    """What the server on this port answers first; nothing if it does not answer."""
    try:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=2)) as connection:
            connection.sendall(request)
            return connection.recv(64)
    except OSError:
        return b""


@contextmanager
def redis_server(directory: Path, password: str = "", arguments: Sequence[str] = ()) -> Iterator[RedisServer]:
    """A running Redis with its files in ``directory``; ended when the block ends."""
    directory.mkdir(parents=True, exist_ok=True)
    server = RedisServer(directory, password, arguments)
    with ExitStack() as stack:
        stack.callback(server.kill)
        server.start()
        yield server


@contextmanager
def rabbit_server(
    directory: Path, plugins: Sequence[str] = (), settings: Sequence[str] = ()
) -> Iterator[RabbitServer]:
    """A running RabbitMQ with its files in ``directory``; ended when the block ends.

    ``plugins``: for example ``rabbitmq_management``, whose HTTP API then listens on ``management_port``.
    ``settings``: further lines of ``rabbitmq.conf``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    epmd_port = free_port()
    # Without one of our own the node starts a port mapper that outlives it.
    epmd = subprocess.Popen(
        [shutil.which("epmd") or "epmd", "-port", str(epmd_port), "-address", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with ExitStack() as stack:
        stack.callback(epmd.wait)
        stack.callback(epmd.kill)
        server = RabbitServer(directory, epmd_port, plugins, settings)
        stack.callback(server.kill)  # leaving in order takes it seconds, for data that is not needed
        server.start()
        yield server
