from pathlib import Path

from tools.monitor_api_page import PAGE, page

ROOT = Path(__file__).parents[3]


def test_the_page_of_the_api_is_current() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "run make docs"
