"""docs/reference/monitor/options.md lists the options of the monitor as they are."""

from pathlib import Path

from tools.monitor_page import PAGE, page

from celery_monitor.settings.options import OPTIONS

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_current() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert page(text) == text, "run `make docs`"


def test_the_page_has_every_option() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert sum(line.startswith("| `-") for line in text.splitlines()) == len(OPTIONS)
