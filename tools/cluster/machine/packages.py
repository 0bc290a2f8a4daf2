"""Programs that come from the distribution: installed when root and apt are there, else named."""

import os
import shutil
from pathlib import Path

from tools.cluster.errors import MissingToolError
from tools.cluster.machine.shell import run
from tools.cluster.progress import step

# A file that must exist, and the Debian package that has it.
CONTROL_PLANE = {"openssl": "openssl", "setpriv": "util-linux"}
NODE = {
    **CONTROL_PLANE,
    "containerd": "containerd",
    "runc": "runc",
    "conntrack": "conntrack",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
IMAGES = {
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
TEST_SERVERS = {
    **CONTROL_PLANE,
    "redis-server": "redis-server",
    "/usr/sbin/rabbitmq-server": "rabbitmq-server",
    "pg_createcluster": "postgresql",
    "/usr/sbin/mariadbd": "mariadb-server",
    # Playwright would download a browser of its own.
    "/usr/bin/chromium": "chromium",
}


def missing(programs: dict[str, str]) -> list[str]:
    """The packages of those programs that are not here."""
    return sorted({package for program, package in programs.items() if not _present(program)})


def ensure(programs: dict[str, str]) -> None:
    """Install what is missing; MissingToolError with the command to run where we cannot."""
    if packages := missing(programs):
        install(*packages)
    if packages := missing(programs):
        raise MissingToolError(f"{', '.join(packages)} did not bring what it should: {programs}")


def install(*packages: str) -> None:
    """Install Debian packages; MissingToolError with the command to run where we cannot."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingToolError(
            f"missing: {', '.join(packages)}; run `sudo apt-get install {' '.join(packages)}`"
        )
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    with step(f"install {' '.join(packages)}"):
        run(["apt-get", "update", "-q"], env=quiet)
        run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], env=quiet)


def _present(program: str) -> bool:
    # Daemons lie in sbin, which is not on every user's PATH.
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    return Path(program).exists() if program.startswith("/") else shutil.which(program, path=path) is not None
