"""CONTRIBUTING.md lists the files of twelve typical changes: they exist, and they are few."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MOST_FILES = 6


def changes() -> dict[str, str]:
    """The cells of the table: a change, and its files."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.partition("## Twelve typical changes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (an? [^|]+) \| (.+) \|$", section, re.MULTILINE)
    return dict(rows)


def test_there_are_twelve() -> None:
    assert len(changes()) == 12


@pytest.mark.parametrize("change", changes())
def test_each_touches_few_files_and_names_places_that_exist(change: str) -> None:
    # Remarks in parentheses may have commas and names of their own.
    files = re.sub(r"\([^)]*\)", "", changes()[change])
    assert len(re.split(r", | and ", files)) <= MOST_FILES, files
    for place in re.findall(r"`([^`]+)`", files):
        if not place.startswith("make "):
            assert (ROOT / place).exists(), place
