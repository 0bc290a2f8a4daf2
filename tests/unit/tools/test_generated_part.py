"""``make docs`` changes its own part of a page, and nothing that people have written."""

import pytest
from tools.generated_part import replaced


def test_what_stands_around_the_part_is_kept() -> None:
    page = replaced("# Title\n", "names", ["one"]) + "\nBelow.\n"
    changed = replaced(page, "names", ["two"])
    assert changed == page.replace("one", "two")
    assert changed.startswith("# Title\n")
    assert changed.endswith("\nBelow.\n")


def test_a_part_without_its_end_is_refused() -> None:
    page = replaced("# Title\n", "names", ["one"]).replace("<!-- end of the generated part -->", "")
    with pytest.raises(ValueError, match="names has no end: write <!-- end of the generated part -->"):
        replaced(f"{page}\nBelow.\n", "names", ["two"])
