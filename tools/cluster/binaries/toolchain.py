"""Building the components into the cache: once per version, never half."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.cluster import versions
from tools.cluster.binaries.components import Component, component
from tools.cluster.binaries.gomodules import ENVIRONMENT, workspace_folder
from tools.cluster.errors import MissingToolError
from tools.cluster.layout import cache_folder
from tools.cluster.machine.locks import exclusive
from tools.cluster.machine.shell import run
from tools.cluster.progress import step

GO_NEEDED = (1, 25)
# The linker drops what debuggers read, so the compiler does not make it.
FLAGS = ("-trimpath", "-gcflags=all=-dwarf=false")


def go_version() -> str:
    """The version of the Go on PATH, such as `go1.26.8`; MissingToolError when it is absent or too old."""
    text = run(["go", "env", "GOVERSION"]).strip() if shutil.which("go") else ""
    found = re.match(r"go(\d+)\.(\d+)", text)
    if found is None or (int(found[1]), int(found[2])) < GO_NEEDED:
        needed = ".".join(map(str, GO_NEEDED))
        raise MissingToolError(
            f"Go {needed} or newer is needed to build the cluster, found {text or 'none'}; install it with "
            "`curl -fsSL https://go.dev/dl/go1.26.0.linux-amd64.tar.gz | sudo tar -C /usr/local -xz` "
            "and put /usr/local/go/bin on PATH"
        )
    return text


def ensure(*names: str, kubernetes: str | None = None) -> dict[str, Path]:
    """The paths of the named programs, built first where the cache lacks them."""
    version = kubernetes or versions.asked_kubernetes() or versions.DEFAULT_KUBERNETES
    wanted = [component(name, version) for name in names]
    go = go_version()
    if not all(binary_path(one, go).exists() for one in wanted):
        with exclusive(cache_folder() / "build.lock", "building binaries"):
            missing = [one for one in wanted if not binary_path(one, go).exists()]
            for group in _by_workspace(missing):
                with step(f"build {', '.join(one.name for one in group)} (first time only)"):
                    _build(group, go)
    return {one.name: binary_path(one, go) for one in wanted}


def binary_path(one: Component, go: str) -> Path:
    """Where the cache keeps the program: a new Go or a new version is a new file."""
    folder = f"{one.name}-{one.version}-{one.identity}"
    return cache_folder() / "bin" / go / folder / one.name


def _by_workspace(components: Iterable[Component]) -> Iterable[list[Component]]:
    groups: dict[str, list[Component]] = {}
    for one in components:
        groups.setdefault(one.workspace.identity, []).append(one)
    return groups.values()


def _build(components: Sequence[Component], go: str) -> None:
    """Build beside the targets and rename: a killed build leaves nothing that could pass for a program.

    All at once, so that one program is linked while others are compiled.
    """
    programs = cache_folder() / "bin" / go
    programs.mkdir(parents=True, exist_ok=True)
    for abandoned in programs.glob(".build-*"):
        shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=programs) as scratch:
        workspace = components[0].workspace
        packages = [one.package for one in components]
        tags = ["-tags", ",".join(workspace.tags)] if workspace.tags else []
        command = [
            "go",
            "build",
            *FLAGS,
            *tags,
            "-ldflags",
            workspace.ldflags,
            "-o",
            f"{scratch}/",
            *packages,
        ]
        run(command, env=ENVIRONMENT, cwd=workspace_folder(workspace, cache_folder()))
        for one in components:
            target = binary_path(one, go)
            target.parent.mkdir(parents=True, exist_ok=True)
            (Path(scratch) / one.built_as).replace(target)
