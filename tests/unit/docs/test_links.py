"""Relative links of Markdown files lead to files and to headings that exist; the indexes list every page."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tools.dashboards.every import DASHBOARDS
from tools.page_pictures import PICTURES

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for folder in ("docs", "charts", "examples") for page in (ROOT / folder).rglob("*.md")),
    ]
)

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")
_NAMED = re.compile(r"\bdocs/[\w./-]+\.md\b")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> Iterator[str]:
    """Targets of the page's links that lead into this repository."""
    text = _CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    for target in _LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


@cache
def anchors(page: Path) -> frozenset[str]:
    """What a link to the page may have after `#`: GitHub's names of its headings, and explicit anchors."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    found: list[str] = _ANCHOR.findall(text)
    for heading in _HEADING.findall(text):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        repeated = sum(
            one == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", one) is not None for one in found
        )
        found.append(f"{slug}-{repeated}" if repeated else slug)
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_an_index_lists_every_page_and_the_drawing_is_used() -> None:
    indexes = {DOCS / "README.md", DOCS / "reference" / "verdicts.md"}
    listed = {(index.parent / link.partition("#")[0]).resolve() for index in indexes for link in links(index)}
    assert [name_of(page) for page in PAGES if DOCS in page.parents and page not in listed | indexes] == []
    assert "architecture.svg" in set(links(DOCS / "concepts.md"))


def test_the_pictures_of_the_page_and_of_the_dashboards_are_shown_and_small() -> None:
    files = sorted((DOCS / "pictures").glob("**/*.png"))
    assert {file.stem for file in files} == {*PICTURES, *(dashboard.uid for dashboard in DASHBOARDS)}
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    assert [file.name for file in files if file not in shown] == []
    assert [file.name for file in files if file.stat().st_size > 100_000] == []


def test_every_page_that_code_names_exists() -> None:
    folders = ("health", "probe", "operator", "tests", "tools", "bench", "examples")
    files = [ROOT / "Makefile", *(file for folder in folders for file in (ROOT / folder).rglob("*.py"))]
    named = {
        (name, name_of(file)) for file in files for name in _NAMED.findall(file.read_text(encoding="utf-8"))
    }
    assert sorted((name, file) for name, file in named if not (ROOT / name).exists()) == []
