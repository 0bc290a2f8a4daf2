"""The images that a bare node needs: the pause container and CoreDNS."""

import hashlib
import tempfile
from pathlib import Path

from tools.cluster import toolchain, versions
from tools.cluster.archive import write_archive
from tools.cluster.gomodules import ENVIRONMENT
from tools.cluster.layout import cache_folder
from tools.cluster.locks import exclusive
from tools.cluster.node import PAUSE_IMAGE
from tools.cluster.shell import run

PAUSE_SOURCE = Path(__file__).parent / "pause"
COREDNS_IMAGE = f"localhost/celery-operator/coredns:{versions.COREDNS}"


def pause() -> Path:
    """The archive of the pause image, built when the cache lacks it."""
    source = (PAUSE_SOURCE / "main.go").read_bytes()
    target = _archive(f"pause-{toolchain.go_version()}-{hashlib.sha256(source).hexdigest()[:12]}")
    with exclusive(cache_folder() / "pause.lock", "building the pause image"):
        if not target.exists():
            with tempfile.TemporaryDirectory() as scratch:
                program = Path(scratch) / "pause"
                flags = ["-trimpath", "-ldflags", "-s -w", "-o", str(program)]
                static = {**ENVIRONMENT, "CGO_ENABLED": "0"}
                run(["go", "build", *flags, "."], env=static, cwd=PAUSE_SOURCE)
                write_archive(target, reference=PAUSE_IMAGE, program=program)
    return target


def coredns() -> Path:
    """The archive of the CoreDNS image, built when the cache lacks it."""
    program = toolchain.ensure("coredns")["coredns"]
    target = _archive(f"coredns-{toolchain.go_version()}-{versions.COREDNS}")
    with exclusive(cache_folder() / "coredns.lock", "packing CoreDNS"):
        if not target.exists():
            write_archive(
                target, reference=COREDNS_IMAGE, program=program, arguments=["-conf", "/etc/coredns/Corefile"]
            )
    return target


def _archive(name: str) -> Path:
    folder = cache_folder() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.tar"
