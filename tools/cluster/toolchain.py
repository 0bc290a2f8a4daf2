"""Building the components into the cache: once per version, never half."""

import re
import shutil
import tempfile
from pathlib import Path

from tools.cluster import versions
from tools.cluster.components import Component, component
from tools.cluster.errors import MissingToolError
from tools.cluster.gomodules import ENVIRONMENT, wrapper_module
from tools.cluster.layout import cache_folder
from tools.cluster.locks import exclusive
from tools.cluster.progress import step
from tools.cluster.shell import run

GO_NEEDED = (1, 25)


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
    missing = [one for one in wanted if not binary_path(one, go).exists()]
    if missing:
        with exclusive(cache_folder() / "build.lock", "building binaries"):
            for one in missing:
                target = binary_path(one, go)
                if not target.exists():
                    with step(f"build {one.name} {one.version} (first time only)"):
                        _build(one, target)
    return {one.name: binary_path(one, go) for one in wanted}


def binary_path(one: Component, go: str) -> Path:
    """Where the cache keeps the program: a new Go or a new version is a new file."""
    return cache_folder() / "bin" / go / f"{one.name}-{one.version}" / one.name


def _build(one: Component, target: Path) -> None:
    """Build beside the target and rename: a killed build leaves nothing that looks like a program."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in target.parent.glob(".build-*"):
        shutil.rmtree(abandoned)
    environment = {**ENVIRONMENT, **({"CGO_ENABLED": "0"} if one.static else {})}
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent) as scratch:
        if one.installable:
            environment["GOBIN"] = scratch
            source, what = Path(scratch), ["install", *_flags(one), f"{one.package}@{one.version}"]
        else:
            source = wrapper_module(one, cache_folder())
            what = ["build", *_flags(one), "-o", f"{scratch}/{one.name}", one.package]
        run(["go", *what], env=environment, cwd=source)
        (Path(scratch) / one.name).replace(target)


def _flags(one: Component) -> list[str]:
    return ["-trimpath", "-ldflags", one.ldflags]
