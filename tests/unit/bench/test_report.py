"""Targets, tables and the page that holds them."""

from pathlib import Path

import pytest
from bench.errors import BenchError
from bench.report import (
    Figure,
    Met,
    Picture,
    Table,
    as_markdown,
    as_text,
    circumstances,
    draw,
    has_place,
    require_place,
    rewrite,
)


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("p99", 9.9, at_most=10), Met.YES),
        (Figure("p99", 10, at_most=10), Met.YES),
        (Figure("p99", 10.1, at_most=10), Met.NO),
        (Figure("ratio", 300, at_least=300), Met.YES),
        (Figure("ratio", 299, at_least=300), Met.NO),
        (Figure("size", 120), Met.NO_TARGET),
    ],
)
def test_a_target_is_met_up_to_its_bound(figure: Figure, met: Met) -> None:
    assert figure.met is met


@pytest.mark.parametrize(
    ("low", "high", "met"), [(0.1, 0.9, Met.YES), (0.1, 1.5, Met.UNCLEAR), (1.1, 1.5, Met.NO)]
)
def test_an_interval_on_both_sides_of_the_target_leaves_it_unclear(low: float, high: float, met: Met) -> None:
    assert Figure("cost", 0.5, "%", at_most=1, low=low, high=high).met is met
    mirrored = Figure("gain", -0.5, "%", at_least=-1, low=-high, high=-low)
    assert mirrored.met is met


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.226, "0.23 ms"), (-0.001, "0 ms"), (12.34, "12.3 ms"), (1503.4, "1,503 ms"), (40, "40 ms")],
)
def test_numbers_are_shown_with_the_digits_that_count(value: float, shown: str) -> None:
    assert Figure("x", value, "ms").cells()[1] == shown


def test_the_table_has_a_line_for_each_figure_and_its_note() -> None:
    text = as_text([Figure("speed", 2, "s", at_most=10, how="three times"), Figure("size", 3, "MB")])
    assert text.splitlines() == [
        "what   measured  target        met",
        "speed  2 s       at most 10 s  yes",
        "    three times",
        "size   3 MB",
    ]


def test_the_markdown_table_names_value_interval_target_and_verdict() -> None:
    table = as_markdown([Figure("cost", 0.5, "%", at_most=1, low=0.1, high=1.5, how="ten pairs")])
    assert table.splitlines()[-1] == "| cost | 0.5 % (0.1 to 1.5) | at most 1 % | unclear | ten pairs |"


def test_the_circumstances_name_the_machine_and_the_versions() -> None:
    line = circumstances()
    assert "cores" in line
    assert "celery 5." in line
    assert "Redis server" in line


def test_a_part_of_the_page_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    sections = [f"<!-- bench {part} -->\nold {part}\n<!-- end of bench {part} -->\n" for part in "ab"]
    old = "# Title\n" + "".join(sections)
    page.write_text(old)
    rewrite(page, "a", r"new \1 a")
    assert page.read_text() == old.replace("old a", r"new \1 a")


def test_a_page_without_the_markers_is_refused_with_the_lines_to_write(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n")
    for refuse in (require_place, lambda page, part: rewrite(page, part, "new")):
        with pytest.raises(BenchError, match="put <!-- bench a --> and <!-- end of bench a -->"):
            refuse(page, "a")
        with pytest.raises(BenchError, match="There is no page"):
            refuse(tmp_path / "absent.md", "a")


def test_the_performance_page_has_a_place_for_every_part() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "performance.md").read_text()
    for part in ("probe", "agent", "apply", "idle"):
        assert page.index(f"<!-- bench {part} -->") < page.index(f"<!-- end of bench {part} -->")


TABLE = Table(("scaler", "pods"), [("ours", "3"), ("another", "12")])


def test_tables_follow_the_figures() -> None:
    text = as_text([Figure("speed", 2, "s"), TABLE])
    assert text.splitlines()[-3:] == ["scaler   pods", "ours     3", "another  12"]
    markdown = as_markdown([TABLE, Figure("speed", 2, "s")]).splitlines()
    assert markdown[0].startswith("| what |")
    assert markdown[-4:] == ["| scaler | pods |", "| --- | --- |", "| ours | 3 |", "| another | 12 |"]


def _write(path: Path) -> None:
    path.write_text("drawn")


def test_pictures_are_drawn_beside_the_page(tmp_path: Path) -> None:
    draw([TABLE, Picture("a.png", _write)], tmp_path / "page.md")
    assert (tmp_path / "a.png").read_text() == "drawn"


def test_a_page_says_for_which_parts_it_has_a_place(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert has_place(page, "a")
    page.write_text("<!-- bench a -->\n<!-- end of bench a -->\n")
    assert has_place(page, "a")
    assert not has_place(page, "b")
