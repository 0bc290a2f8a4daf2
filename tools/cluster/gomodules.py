"""A Go module of our own around a component, where the component's `replace` lines need an answer.

Kubernetes replaces its staging modules by folders of its repository, which its module does not hold; they
are published as modules of their own, so the wrapper names those.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.cluster.components import Component
from tools.cluster.errors import ClusterError
from tools.cluster.shell import run

# The flags of the user's own environment must not decide what is built.
ENVIRONMENT = {"GOFLAGS": "-mod=mod -buildvcs=false", "GOWORK": "off"}
# Code generators and examples: no program that runs imports them.
NEVER_IMPORTED = ("k8s.io/code-generator", "k8s.io/sample-")


def wrapper_module(one: Component, cache: Path) -> Path:
    """The folder of the wrapper, made when the cache lacks it."""
    folder = cache / "src" / f"{one.module.replace('/', '_')}-{one.version}"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "go.mod").exists():
        (own,) = download([f"{one.module}@{one.version}"], folder)
        if "Error" in own:
            raise ClusterError(f"{one.module} {one.version} cannot be had: {own['Error']}")
        theirs = json.loads(run(["go", "mod", "edit", "-json", own["GoMod"]]))
        replaced = available_versions(staging_modules(theirs), one.staging or "", folder)
        scratch = folder / "go.mod.new"
        scratch.write_text("\n".join(wrapper_lines(one, str(theirs["Go"]), replaced)) + "\n")
        scratch.replace(folder / "go.mod")
    return folder


def staging_modules(theirs: dict[str, Any]) -> list[str]:
    """The modules that a go.mod, as `go mod edit -json` shows it, replaces by folders of its repository."""
    lines = theirs.get("Replace") or []
    return [line["Old"]["Path"] for line in lines if line["New"]["Path"].startswith("./staging/")]


def wrapper_lines(one: Component, go: str, replaced: dict[str, str]) -> Iterator[str]:
    """The lines of the wrapper's go.mod."""
    yield "module localcluster"
    yield f"go {go}"
    yield f"require {one.module} {one.version}"
    for module, version in sorted(replaced.items()):
        yield f"replace {module} => {module} {version}"


def available_versions(modules: Iterable[str], wanted: str, folder: Path) -> dict[str, str]:
    """For each module the wanted version, or the nearest older patch release that can be had.

    A proxy may lack single modules of a release; patch releases of one minor fit each other.
    """
    found = {module: wanted for module in modules if module.startswith(NEVER_IMPORTED)}
    left = set(modules) - found.keys()
    for version in _older_patches(wanted) if left else ():
        answers = download([f"{module}@{version}" for module in sorted(left)], folder)
        found.update({answer["Path"]: version for answer in answers if "Error" not in answer})
        left -= found.keys()
        if not left:
            return found
    if left:
        raise ClusterError(f"no patch release up to {wanted} can be had of {', '.join(sorted(left))}")
    return found


def download(modules: list[str], folder: Path) -> list[dict[str, Any]]:
    """What Go says of each `module@version`: where it lies now, or under "Error" why it cannot be had."""
    result = subprocess.run(
        ["go", "mod", "download", "-json", *modules],
        env={**os.environ, **ENVIRONMENT},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    answers = list(_concatenated(result.stdout))
    if len(answers) != len(modules):
        raise ClusterError(f"`go mod download` failed: {result.stderr.strip()[-500:]}")
    return answers


def _older_patches(version: str) -> list[str]:
    minor, _, patch = version.rpartition(".")
    return [f"{minor}.{number}" for number in range(int(patch), -1, -1)]


def _concatenated(text: str) -> Iterator[dict[str, Any]]:
    decoder, rest = json.JSONDecoder(), text.lstrip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip()
