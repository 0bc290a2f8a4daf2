"""Which Pythons the tests run on, and that a failure on one of them is a failure."""

import stat
import sys
from pathlib import Path

import pytest
from tools import each_python
from tools.cluster.errors import ClusterError


def python(folder: Path, name: str, says: str, status: int = 0) -> Path:
    """A program that answers as an interpreter of that version, or as one that does not run."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_the_newest_python_up_to_the_shipped_one_is_taken(tmp_path: Path) -> None:
    python(tmp_path, "python3.12", "3 12")
    found = python(tmp_path, "python3.13", "3 13")
    python(tmp_path, "python3.14", "3 14")
    assert each_python.newest((3, 11), (3, 13), [tmp_path]) == ((3, 13), found)


def test_an_older_one_is_taken_where_the_shipped_one_is_not_here(tmp_path: Path) -> None:
    found = python(tmp_path, "python3.12", "3 12")
    assert each_python.newest((3, 11), (3, 13), [tmp_path / "empty", tmp_path]) == ((3, 12), found)


@pytest.mark.parametrize("main", [(3, 13), (3, 14)])
def test_no_second_one_is_taken_where_the_first_is_as_new(tmp_path: Path, main: tuple[int, int]) -> None:
    python(tmp_path, "python3.13", "3 13")
    assert each_python.newest(main, (3, 13), [tmp_path]) is None


def test_a_program_that_does_not_run_or_is_another_version_is_passed_over(tmp_path: Path) -> None:
    python(tmp_path / "shims", "python3.13", "pyenv: python3.13: command not found", 127)
    python(tmp_path / "odd", "python3.13", "3 9")
    found = python(tmp_path / "right", "python3.13", "3 13")
    folders = [tmp_path / name for name in ("shims", "odd", "right")]
    assert each_python.newest((3, 11), (3, 13), folders) == ((3, 13), found)


def test_pythons_are_found_on_path_and_where_pyenv_and_uv_install_them(tmp_path: Path) -> None:
    pyenv, uv = tmp_path / ".pyenv/versions/3.13.0/bin", tmp_path / "uv/cpython-3.13.5/bin"
    for folder in (pyenv, uv):
        folder.mkdir(parents=True)
    environment = {"PATH": "/first:/second", "UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv")}
    assert [*each_python.search_path(environment, tmp_path)] == [Path("/first"), Path("/second"), pyenv, uv]


def test_the_shipped_python_stands_in_the_dockerfile() -> None:
    assert each_python.shipped_python("# text\nARG BASE_IMAGE=python:3.13-slim-trixie\n") == (3, 13)
    with pytest.raises(ClusterError, match="BASE_IMAGE=python"):
        each_python.shipped_python("ARG BASE_IMAGE=alpine\n")


def test_a_failure_on_any_python_is_reported_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    python(good / "bin", "check", "fine")
    python(bad / "bin", "check", "broken", 3)
    environments = {"Python 3.11 (.venv)": good, "Python 3.13 (.venv-3.13)": bad}
    monkeypatch.setattr(each_python, "made", lambda _: environments)
    assert each_python.main(["check", "it"]) == 3
    out, err = capfd.readouterr()
    assert out.split() == ["fine", "broken"]
    assert "tested on Python 3.11 (.venv) and Python 3.13 (.venv-3.13)" in err
    assert "failed on Python 3.13 (.venv-3.13)" in err


def test_the_second_python_can_be_tested_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    python(first / "bin", "check", "first")
    python(second / "bin", "check", "second")
    environments = {"Python 3.11 (.venv)": first}
    monkeypatch.setattr(each_python, "made", lambda _: environments)
    assert each_python.main(["--second", "check"]) == 0
    environments["Python 3.13 (.venv-3.13)"] = second
    assert each_python.main(["--second", "check"]) == 0
    assert capfd.readouterr().out.split() == ["second"]


def test_this_interpreter_has_its_version() -> None:
    assert each_python.version_of(Path(sys.executable)) == sys.version_info[:2]
    assert each_python.version_of(Path("/nowhere/python")) is None
