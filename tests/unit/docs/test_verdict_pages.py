"""The documentation of verdicts is that of the catalogue."""

from pathlib import Path

import pytest
from tools.verdict_pages import pages

from celery_health.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[3]
PAGES = pages(ROOT)


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_page_is_current(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path], "run `make docs`"


@pytest.mark.parametrize("word", CATALOGUE)
def test_a_reason_has_its_section(word: str) -> None:
    path, _, anchor = CATALOGUE[word].anchor.partition("#")
    text = (ROOT / "docs/reference" / path).read_text(encoding="utf-8")
    assert f"\n## {word}\n" in text
    assert anchor == word.lower()


def test_every_page_is_that_of_a_reason() -> None:
    folder = ROOT / "docs/reference/verdicts"
    pages = {str(page.relative_to(folder).with_suffix("")) for page in folder.rglob("*.md")}
    assert pages == {entry.page for entry in CATALOGUE.values()}
