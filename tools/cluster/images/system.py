"""The images that a bare node needs: the pause container and CoreDNS."""

from pathlib import Path

from tools.cluster import versions
from tools.cluster.binaries import toolchain
from tools.cluster.images.archive import write_archive
from tools.cluster.layout import cache_folder
from tools.cluster.machine.locks import exclusive

PAUSE_IMAGE = "localhost/celery-operator/pause:1"
COREDNS_IMAGE = f"localhost/celery-operator/coredns:{versions.COREDNS}"


def pause() -> Path:
    """The archive of the pause image, built when the cache lacks it."""
    return _archive("pause", PAUSE_IMAGE)


def coredns() -> Path:
    """The archive of the CoreDNS image, built when the cache lacks it."""
    return _archive("coredns", COREDNS_IMAGE, "-conf", "/etc/coredns/Corefile")


def _archive(name: str, reference: str, *arguments: str) -> Path:
    """An image that holds nothing but the program of that name."""
    program = toolchain.ensure(name)[name]
    folder = cache_folder() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{program.parent.name}-{toolchain.go_version()}.tar"
    with exclusive(cache_folder() / "archives.lock", f"packing {name}"):
        if not target.exists():
            write_archive(target, reference=reference, program=program, arguments=arguments)
    return target
