"""The check of the tree, on a made-up one."""

import subprocess
from pathlib import Path

import pytest
from tools.structure import MOST_FILES, MOST_LINES, main


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository whose folder and file are as large as they may be."""
    for number in range(MOST_FILES - 2):
        (tmp_path / f"page-{number}.md").touch()
    (tmp_path / "__init__.py").touch()
    (tmp_path / "long.py").write_text("one = 1\n" * MOST_LINES)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "long.md").write_text("one\n" * (MOST_LINES + 1))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    track(tmp_path)
    return tmp_path


def track(tree: Path) -> None:
    subprocess.run(["git", "add", "--all"], cwd=tree, check=True)


def test_a_tree_within_the_limits_passes(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tree)]) == 0
    assert capsys.readouterr().out == ""


def test_one_file_too_many_in_a_folder_is_refused(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "one-more.yaml").touch()
    assert main([str(tree)]) == 0, "git does not track it yet"
    track(tree)
    assert main([str(tree)]) == 1
    assert capsys.readouterr().out == ".: 21 files, at most 20: group them in subfolders by subject\n"


def test_one_line_too_many_in_a_python_file_is_refused(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "long.py").write_text("one = 1\n" * (MOST_LINES + 1))
    assert main([str(tree)]) == 1
    assert capsys.readouterr().out == "long.py: 301 lines, at most 300: split it by subject\n"
