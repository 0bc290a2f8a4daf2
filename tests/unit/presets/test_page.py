"""The tables of docs/reference/presets.md are current."""

from pathlib import Path

import pytest

from celery_health import presets
from celery_health.presets import __main__ as program
from celery_health.presets.page import presets as every_preset
from celery_health.presets.page import renewed

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "presets.md"
HOW = "renew it: PYTHONPATH=health .venv/bin/python -m celery_health.presets docs/reference/presets.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == renewed(PAGE.read_text()), HOW


def test_the_page_has_every_preset() -> None:
    text = PAGE.read_text()

    assert [name for name in every_preset() if f"<!-- table: {name} -->" not in text] == []
    assert [name for name in presets.__all__ if name not in text] == []


def test_the_program_prints_every_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([]) == 0

    printed = capsys.readouterr().out
    assert [name for name in every_preset() if f"## {name}()" not in printed] == []
    assert "| `task_acks_late` | `True` |" in printed


def test_the_program_renews_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table: time_limits -->\nold\n<!-- end -->\nafter\n")

    assert program.main([str(page)]) == 0

    text = page.read_text()
    assert "old" not in text
    assert "| `task_time_limit` | `1800` |" in text
    assert text.startswith("before\n")
    assert text.endswith("<!-- end -->\nafter\n")


def test_a_missing_page_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([str(tmp_path / "none.md")]) == 3

    assert "none.md: No such file or directory" in capsys.readouterr().err
