"""``python3 -m tools.page_build``: writes monitor/celery_monitor/page/vendor from the locked npm packages."""

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tools.cluster.errors import ClusterError, MissingToolError
from tools.cluster.layout import this_checkout
from tools.cluster.machine.shell import run
from tools.cluster.progress import say, step

SOURCES = Path(__file__).parent
VENDOR = Path("monitor/celery_monitor/page/vendor")
SUMS = "SHA256SUMS"
_BUILD = (
    "node_modules/.bin/esbuild",
    "libraries.js",
    "--bundle",
    "--format=esm",
    "--minify",
    "--target=es2022",
    "--legal-comments=none",
)


def build(target: Path) -> None:
    """Write the module, its style sheet, the licenses and the checksums into a folder.

    Raises:
        ClusterError: npm is missing, or one of its commands failed.
    """
    if shutil.which("npm") is None:
        raise MissingToolError(
            "npm is missing: install Node.js 20 or newer, then run `make page-vendor` again."
        )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("package.json", "package-lock.json", "libraries.js"):
            shutil.copy(SOURCES / name, folder)
        with step("fetch the locked npm packages"):
            run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
        with step("build the module"):
            run([*_BUILD, f"--outfile={folder / 'built.js'}"], cwd=folder)
        packages = folder / "node_modules"
        written = {
            "libraries.js": (folder / "built.js").read_text(encoding="utf-8"),
            "uplot.css": (packages / "uplot" / "dist" / "uPlot.min.css").read_text(encoding="utf-8"),
            "LICENSES.txt": licenses(packages),
        }
        target.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (target / name).write_text(text, encoding="utf-8")
        (target / SUMS).write_text(checksums(target), encoding="utf-8")


def checksums(target: Path) -> str:
    """One line for each file of the folder, as ``sha256sum --check`` reads it."""
    files = sorted(file for file in target.iterdir() if file.name != SUMS)
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)


def licenses(packages: Path) -> str:
    """The license of each package that the module contains."""
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    parts = []
    for place, entry in sorted(lock.items()):
        if place and not entry.get("dev"):
            name = place.removeprefix("node_modules/")
            text = (packages / name / "LICENSE").read_text(encoding="utf-8").strip()
            parts.append(f"{name} {entry['version']} ({entry['license']})\n\n{text}\n")
    return f"\n{'-' * 80}\n\n".join(parts)


def main() -> int:
    """Exit status: 1 when the module could not be built."""
    try:
        build(this_checkout().checkout / VENDOR)
    except ClusterError as problem:
        say(f"error: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
