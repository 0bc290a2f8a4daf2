"""``python -m tools.structure [ROOT]``: refuses folders of too many files and source files of too many lines.

It checks the files that git tracks. It exits with 1 if it finds one.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

MOST_FILES = 20
"""In one folder, without those in its subfolders."""

MOST_LINES = 300
"""In one source file."""

SOURCES = frozenset({".css", ".js", ".py"})


def problems(root: Path) -> Iterator[str]:
    """One line for each folder and each file that is too large."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    files = [Path(name) for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    for folder, count in sorted(Counter(file.parent for file in files).items()):
        if count > MOST_FILES:
            yield f"{folder}: {count} files, at most {MOST_FILES}: group them in subfolders by subject"
    for file in sorted(files):
        if file.suffix in SOURCES:
            lines = len((root / file).read_text(encoding="utf-8").splitlines())
            if lines > MOST_LINES:
                yield f"{file}: {lines} lines, at most {MOST_LINES}: split it by subject"


def main(arguments: Sequence[str]) -> int:
    """Print each problem."""
    found = list(problems(Path(arguments[0] if arguments else ".")))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
