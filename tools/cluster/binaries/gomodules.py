"""The folder of a workspace: its go.mod, and main packages of our own.

Kubernetes replaces its staging modules by folders of its repository, which its module does not hold; they
are published as modules of their own, so the workspace names those.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.cluster import versions
from tools.cluster.binaries.components import Workspace
from tools.cluster.errors import ClusterError
from tools.cluster.machine.shell import run

ENVIRONMENT = {
    # The flags of the user's own environment must not decide what is built.
    "GOFLAGS": "-mod=mod -buildvcs=false",
    "GOWORK": "off",
    "CGO_ENABLED": "0",
    # The compiler spends a third of its time on collecting garbage that it never needs to collect:
    # most of its processes are short and stay far below this limit.
    "GOGC": "off",
    "GOMEMLIMIT": "1GiB",
}
# Code generators and examples: no program that runs imports them.
NEVER_IMPORTED = ("k8s.io/code-generator", "k8s.io/sample-")


def workspace_folder(one: Workspace, cache: Path) -> Path:
    """The folder of the workspace, made when the cache lacks it."""
    folder = cache / "src" / f"{one.kubernetes or 'own'}-{one.identity}"
    if not (folder / "go.mod").exists():
        for name, content in one.sources.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        folder.mkdir(parents=True, exist_ok=True)
        theirs = _go_mods(one.requires, folder)
        replaced = _staging(one, theirs, folder)
        go = max((str(each["Go"]) for each in theirs.values()), key=_numbers)
        # go.mod comes last: where it exists, the sources do.
        scratch = folder / "go.mod.new"
        scratch.write_text("\n".join(go_mod(one.requires, go, replaced)) + "\n")
        scratch.replace(folder / "go.mod")
    return folder


def _staging(one: Workspace, theirs: Mapping[str, Any], folder: Path) -> dict[str, str]:
    if one.kubernetes is None:
        return {}
    modules = staging_modules(theirs["k8s.io/kubernetes"])
    return available_versions(modules, versions.staging_version(one.kubernetes), folder)


def staging_modules(theirs: Mapping[str, Any]) -> list[str]:
    """The modules that a go.mod, as `go mod edit -json` shows it, replaces by folders of its repository."""
    lines = theirs.get("Replace") or []
    return [line["Old"]["Path"] for line in lines if line["New"]["Path"].startswith("./staging/")]


def go_mod(requires: Mapping[str, str], go: str, replaced: Mapping[str, str]) -> Iterator[str]:
    """The lines of a workspace's go.mod."""
    yield "module localcluster"
    yield f"go {go}"
    for module, version in requires.items():
        yield f"require {module} {version}"
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


def _go_mods(requires: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """The go.mod of each required module, by the module's path."""
    found = {}
    for own in download([f"{module}@{version}" for module, version in requires.items()], folder):
        if "Error" in own:
            raise ClusterError(f"{own['Path']} {own['Version']} cannot be had: {own['Error']}")
        found[str(own["Path"])] = json.loads(run(["go", "mod", "edit", "-json", own["GoMod"]]))
    return found


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _older_patches(version: str) -> list[str]:
    minor, _, patch = version.rpartition(".")
    return [f"{minor}.{number}" for number in range(int(patch), -1, -1)]


def _concatenated(text: str) -> Iterator[dict[str, Any]]:
    decoder, rest = json.JSONDecoder(), text.lstrip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip()
