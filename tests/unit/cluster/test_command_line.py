"""What the command line refuses, and what it does without root."""

import os
from pathlib import Path

import pytest
from tools.cluster.__main__ import chosen_cluster, main
from tools.cluster.current import CurrentCluster
from tools.cluster.layout import Layout
from tools.cluster.local import LocalCluster


def test_an_unknown_kind_of_cluster_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLUSTER", "kind")
    assert main(["up"]) == 1
    assert "write CLUSTER=local or CLUSTER=current" in capsys.readouterr().err


@pytest.mark.parametrize(("choice", "kind"), [("", LocalCluster), ("current", CurrentCluster)])
def test_the_cluster_is_the_chosen_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, choice: str, kind: type
) -> None:
    monkeypatch.setenv("CLUSTER", choice)
    assert isinstance(chosen_cluster(Layout(tmp_path)), kind)


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_without_root_tests_on_a_node_are_named_and_fail_in_ci_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str, status: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("CLUSTER", "")
    monkeypatch.setenv("CI", ci)
    assert main(["run", "--skippable", "the end-to-end tests", "--", "false"]) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("not run: the end-to-end tests")
    assert "CLUSTER=current" in line
