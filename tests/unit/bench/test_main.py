"""The command line."""

from pathlib import Path

import pytest
from bench import __main__ as bench
from bench.errors import BenchError
from bench.report import Figure


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that answer at once: one within its target, one outside, one that cannot be measured."""

    def absent(quick: bool) -> list[Figure]:
        raise BenchError("There is no cluster: bring one up.")

    monkeypatch.setattr(
        bench,
        "PARTS",
        {
            "probe": lambda quick: [Figure("quick" if quick else "full", 1, at_most=2)],
            "agent": lambda quick: [Figure("cost", 3, at_most=2)],
            "idle": absent,
        },
    )


def test_a_missed_target_ends_with_1_only_when_asked() -> None:
    assert bench.main(["agent"]) == 0
    assert bench.main(["agent", "--check"]) == 1
    assert bench.main(["probe", "--check"]) == 0


def test_what_cannot_be_measured_does_not_keep_the_rest_from_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main([]) == 2
    printed = capsys.readouterr()
    assert "full" in printed.out
    assert "cost" in printed.out
    assert "Not measured: idle: There is no cluster: bring one up." in printed.err


def test_quick_reaches_the_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    bench.main(["probe", "--quick"])
    assert "quick" in capsys.readouterr().out


def test_the_page_gets_the_table_of_the_part_that_ran(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- bench probe -->\n<!-- end of bench probe -->\n")
    assert bench.main(["probe", "--markdown", str(page)]) == 0
    assert "| full | 1 | at most 2 | yes |" in page.read_text()


def test_a_page_without_a_place_is_reported_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(["probe", "--markdown", str(tmp_path / "absent.md")]) == 2
    printed = capsys.readouterr()
    assert "Not measured: probe: There is no page" in printed.err
    assert "full" not in printed.out


def test_an_unknown_part_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["sidecar"])
    assert "choose from" in capsys.readouterr().err


def test_all_parts_that_have_a_place_go_into_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- bench probe -->\n<!-- end of bench probe -->\n")
    assert bench.main(["--markdown", str(page)]) == 0
    assert "| full | 1 |" in page.read_text()
