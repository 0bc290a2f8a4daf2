"""A missing program is named with the command that installs it."""

import os
from pathlib import Path

import pytest
from tools.cluster.errors import MissingToolError
from tools.cluster.machine import packages


def test_only_packages_of_absent_programs_are_missing(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    programs = {str(tmp_path / "here"): "one", str(tmp_path / "gone"): "two", "no-such-program-3": "three"}
    assert packages.missing(programs) == ["three", "two"]


def test_what_cannot_be_installed_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingToolError, match="sudo apt-get install containerd"):
        packages.ensure({"no-such-program-3": "containerd"})
