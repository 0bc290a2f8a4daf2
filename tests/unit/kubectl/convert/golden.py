"""What each case becomes: ``cases/NAME.in.yaml`` has manifests, ``cases/NAME.out.yaml`` what is printed.

``python -m tests.unit.kubectl.convert.golden`` writes the second again after a wanted change: read the
difference.
"""

from pathlib import Path

from celery_kubectl.convert.conversion import convert
from celery_kubectl.convert.sources import from_files

CASES = sorted((Path(__file__).parent / "cases").glob("*.in.yaml"))


def printed(case: Path) -> str:
    """What ``kubectl celery convert -f`` prints."""
    return convert(from_files([case], [], [])).text


def output(case: Path) -> Path:
    """Where the expected text of the case stands."""
    return case.with_name(case.name.replace(".in.yaml", ".out.yaml"))


def name_of(case: Path) -> str:
    """For the name of a test."""
    return case.name.removesuffix(".in.yaml")


def main() -> None:
    """Write the expected text of every case."""
    for case in CASES:
        output(case).write_text(printed(case))


if __name__ == "__main__":
    main()
