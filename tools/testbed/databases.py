"""Real databases for tests of result backends: PostgreSQL and MariaDB."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tools.testbed.servers import START_SECONDS, Server, ask, free_port

POSTGRESQL = Path("/usr/lib/postgresql")
MARIADB_SERVER = Path("/usr/sbin/mariadbd")


class PostgresServer(Server):
    """A PostgreSQL with the user ``postgres``, password ``secret``; durability is not asked of it."""

    def __init__(self, directory: Path, arguments: Sequence[str] = ()):
        port = free_port()
        data = directory / "data"
        self._binaries = max(POSTGRESQL.iterdir(), key=lambda version: int(version.name)) / "bin"
        # It refuses to run as root; the package brings a user for it.
        self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres")
        else:
            self._as_user = []
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        command = [*self._as_user, str(self._binaries / "postgres"), "-D", str(data), "-p", str(port)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        super().__init__([*command, *arguments], port, directory)
        self._make_data(data)

    def database(self, name: str = "postgres") -> str:
        """The URL of a database."""
        return f"postgresql://postgres:secret@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        """End the server without waiting for its clients to leave."""
        self._end(signal.SIGINT)

    def answers(self) -> bool:
        # A startup message: 3.0, the user, the database. A server that is up asks for a password: R.
        body = b"\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00\x00"
        return ask(self.port, (len(body) + 4).to_bytes(4, "big") + body).startswith(b"R")

    def _make_data(self, data: Path) -> None:
        password = self.directory / "password"
        password.write_text("secret")
        command = [*self._as_user, str(self._binaries / "initdb"), "-D", str(data), "-U", "postgres"]
        command += ["-A", "scram-sha-256", f"--pwfile={password}", "--no-sync", "--locale=C", "-E", "UTF8"]
        subprocess.run(command, cwd=self.directory, check=True, capture_output=True, timeout=START_SECONDS)


class MariaServer(Server):
    """A MariaDB whose user ``root`` has the password ``secret``, with a database ``shop``."""

    def __init__(self, directory: Path):
        port = free_port()
        data = directory / "data"
        own = ["--no-defaults", f"--datadir={data}", f"--user={'root' if os.geteuid() == 0 else ''}"]
        quick = ["--innodb-log-file-size=4M", "--innodb-flush-method=nosync"]
        command = [str(MARIADB_SERVER), *own, *quick, f"--socket={directory / 'socket'}"]
        command += ["--bind-address=127.0.0.1", f"--port={port}"]
        super().__init__(command, port, directory)
        install = ["mariadb-install-db", *own, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, cwd=directory, check=True, capture_output=True, timeout=START_SECONDS)
        statements = (
            "CREATE DATABASE shop;\nFLUSH PRIVILEGES;\nALTER USER root@localhost IDENTIFIED BY 'secret';\n"
        )
        subprocess.run(
            [str(MARIADB_SERVER), *own, *quick, "--bootstrap"],
            input=statements.encode(),
            cwd=directory,
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
        )

    def database(self, name: str = "shop") -> str:
        """The URL of a database."""
        return f"mysql://root:secret@127.0.0.1:{self.port}/{name}"

    def answers(self) -> bool:
        # It speaks first: a packet's length and number, then the version of its protocol.
        return ask(self.port, b"")[4:5] == b"\x0a"


@contextmanager
def postgres_server(arguments: Sequence[str] = (), files: Sequence[Path] = ()) -> Iterator[PostgresServer]:
    """A running PostgreSQL in a folder of its own, which its user can enter; ended when the block ends.

    ``arguments`` may name copies of ``files``, such as a certificate's, in the folder of the server's data by
    a path that begins with ``../``.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as name, ExitStack() as stack:
        directory = Path(name)
        for file in files:
            copy = Path(shutil.copy(file, directory))
            copy.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(copy, "postgres")
        server = PostgresServer(directory, arguments)
        stack.callback(server.kill)
        server.start()
        yield server


@contextmanager
def maria_server(directory: Path) -> Iterator[MariaServer]:
    """A running MariaDB with its files in ``directory``; ended when the block ends."""
    directory.mkdir(parents=True, exist_ok=True)
    server = MariaServer(directory)
    with ExitStack() as stack:
        stack.callback(server.kill)
        server.start()
        yield server
