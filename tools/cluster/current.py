"""The cluster of the current kube context, in place of a local one: `CLUSTER=current`."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.binaries import toolchain
from tools.cluster.errors import MissingToolError
from tools.cluster.images import buildah
from tools.cluster.images.product import Image
from tools.cluster.layout import Layout
from tools.cluster.machine.shell import run, succeeds
from tools.cluster.progress import say, step

KIND_PREFIX = "kind-"


@dataclass(frozen=True)
class CurrentCluster:
    """Somebody else's cluster: nothing is started or stopped, images go in as its kind allows."""

    layout: Layout

    @property
    def kubeconfig(self) -> Path:
        """The first file of KUBECONFIG, or the default one."""
        return Path(os.environ.get("KUBECONFIG", "").split(":")[0] or Path.home() / ".kube" / "config")

    def up(
        self, images: Sequence[Image] = (), brokers: Sequence[str] = (), programs: Sequence[str] = ()
    ) -> None:
        """Check that it answers, build these programs, and load the images as its kind allows.

        Brokers come from the registry that the cluster pulls from.
        """
        say(f"  using the current context {self._context()}")
        run([self._kubectl(), "get", "--raw", "/readyz", "--request-timeout=10s"])
        toolchain.ensure(*programs)
        if images:
            self._bring_images(images)

    def down(self) -> None:
        """Leave it alone: it was not started here."""
        say("  CLUSTER=current is not ours to stop")

    def status(self) -> dict[str, bool]:
        """We run no process of it."""
        return {}

    def _bring_images(self, images: Sequence[Image]) -> None:
        """Build the images and load them where the cluster is kind's; else say how they get there."""
        if succeeds(["docker", "info"]):
            self._bring_with_docker(images)
        elif shutil.which("buildah"):
            self._bring_with_buildah(images)
        else:
            raise MissingToolError(
                "a running docker, or buildah, is needed to build images; install one with "
                "`sudo apt-get install docker.io` or `sudo apt-get install buildah`"
            )

    def load_archive(self, archive: Path) -> None:
        """Load an archive where the cluster is kind's; else say how it gets there."""
        kind = self._kind()
        if kind is None:
            say(f"  the cluster loads it by its own means, such as `minikube image load {archive}`")
            return
        with step(f"load {archive} into kind"):
            run(["kind", "load", "image-archive", "--name", kind, archive])

    def _bring_with_docker(self, images: Sequence[Image]) -> None:
        names = [image.reference.removeprefix("docker.io/") for image in images]
        for image, name in zip(images, names, strict=True):
            given = [word for pair in image.arguments.items() for word in ("--build-arg", "=".join(pair))]
            with step(f"build {name} with docker"):
                run(
                    ["docker", "build", "--target", image.target, "--tag", name, *given, "."],
                    cwd=self.layout.checkout,
                )
        if (kind := self._kind()) is not None:
            with step("load the images into kind"):
                run(["kind", "load", "docker-image", "--name", kind, *names])
        else:
            say("  the images are in docker's store; push them where the cluster pulls from, or run")
            say(f"    minikube image load {' '.join(names)}")

    def _bring_with_buildah(self, images: Sequence[Image]) -> None:
        folder = self.layout.checkout / "dist" / "images"
        folder.mkdir(parents=True, exist_ok=True)
        for image in images:
            name = image.reference.removeprefix("docker.io/")
            archive = folder / f"{name.replace('/', '_').replace(':', '_')}.tar"
            archive.unlink(missing_ok=True)
            with step(f"build {name} with buildah"):
                buildah.build(self.layout.checkout, name, target=image.target, arguments=image.arguments)
                buildah.save(name, archive, image.reference)
            self.load_archive(archive)

    def _kind(self) -> str | None:
        """The name of the kind cluster, when it is one."""
        context = self._context()
        return context.removeprefix(KIND_PREFIX) if context.startswith(KIND_PREFIX) else None

    def _context(self) -> str:
        return run([self._kubectl(), "config", "current-context"]).strip()

    def _kubectl(self) -> str:
        return shutil.which("kubectl") or str(toolchain.ensure("kubectl")["kubectl"])
