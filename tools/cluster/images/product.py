"""The product's images, and the brokers that its tests want, in the node's image store."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.cluster.images import base_image, buildah
from tools.cluster.images.containerd import Containerd
from tools.cluster.images.inputs import SOURCES, file_hash, input_hash
from tools.cluster.layout import Layout, cache_folder
from tools.cluster.machine.locks import exclusive
from tools.cluster.progress import say, step

STORE = "localhost/celery-operator-build"
KEEP = 6
# The oldest dependencies that a Celery of that time was installed with.
CELERY_COMPANIONS = {"5.3.6": "kombu==5.3.4 redis==5.0.8"}
# Brokers that Debian packages, under the names of the public images whose place they take.
BROKERS = {
    "redis": "docker.io/library/redis:7.4-alpine",
    "rabbitmq": "docker.io/library/rabbitmq:3.13-alpine",
}
DOCKERFILES = Path(__file__).parent / "dockerfiles"


@dataclass(frozen=True)
class Image:
    """One image: the Dockerfile's target and the name that pods know it by."""

    target: str
    reference: str
    arguments: Mapping[str, str] = field(default_factory=dict)


def product_images() -> list[Image]:
    """The images that every deployment of this checkout uses."""
    return [Image(target, f"docker.io/celery-operator/{target}:dev") for target in SOURCES]


def example_with_celery(version: str) -> Image:
    """The example application on another Celery."""
    requirements = f"celery[redis]=={version} {CELERY_COMPANIONS.get(version, '')}".strip()
    name = f"docker.io/celery-operator/example:celery-{version}"
    return Image("example", name, {"CELERY_REQUIREMENTS": requirements})


def flower() -> Image:
    """Flower, under the name of the public image whose place it takes."""
    return Image("example", "docker.io/mher/flower:2.0.1", {"CELERY_REQUIREMENTS": "flower==2.0.1"})


@dataclass(frozen=True)
class Built:
    """An image in the build store, and the name that pods know it by."""

    stored: str
    reference: str


def build(layout: Layout, images: Iterable[Image]) -> list[Built]:
    """Build what changed; the others are in the store already."""
    base = base_image.ensure(base_image.PRODUCT)
    found = []
    with exclusive(cache_folder() / "images.lock", "building images"):
        for image in images:
            arguments = {"BASE_IMAGE": base, **image.arguments}
            stored = f"{STORE}/{image.target}:{input_hash(layout.checkout, image.target, arguments)}"
            if not buildah.exists(stored):
                buildah.sweep()
                with step(f"build {image.reference}"):
                    buildah.build(layout.checkout, stored, target=image.target, arguments=arguments)
                buildah.forget_older(f"{STORE}/{image.target}", KEEP)
            found.append(Built(stored, image.reference))
    return found


def build_brokers(names: Iterable[str]) -> list[Built]:
    """Build Debian's Redis or RabbitMQ under the name of the public image."""
    base = base_image.ensure(base_image.BROKERS)
    found = []
    with exclusive(cache_folder() / "images.lock", "building images"):
        for name in names:
            file = DOCKERFILES / f"{name}.Dockerfile"
            stored = f"{STORE}/{name}:{file_hash(file)}-{base.rpartition(':')[2]}"
            if not buildah.exists(stored):
                with step(f"build {BROKERS[name]}"):
                    buildah.build(DOCKERFILES, stored, arguments={"BASE_IMAGE": base}, file=file)
            found.append(Built(stored, BROKERS[name]))
    return found


def load(containerd: Containerd, image: Built) -> None:
    """Bring the image to the node, unless the node has it."""
    if containerd.holds(image.reference, image.stored):
        return
    size = f"{buildah.megabytes(image.stored):.0f} MB"
    with step(f"load {image.reference} ({size})"), tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "image.tar"
        buildah.save(image.stored, archive, image.reference)
        containerd.load(archive, image.reference, image.stored)
    say(f"  {image.reference}: {size}")
