"""How the demo ends: by Ctrl-C, with an error, and with everything taken down in an order that is quick."""

import json
import sys
from pathlib import Path

import pytest
from examples.demo import __main__ as demo
from examples.demo import tour
from examples.demo.kubectl import Kubectl, KubectlError


class Cluster(Kubectl):
    """Notes what kubectl is asked for; worker pods are there until they are listed twice."""

    def __init__(self, *, knows_the_kind: bool = True) -> None:
        super().__init__("kubectl", Path("kubeconfig"))
        self.knows_the_kind = knows_the_kind
        self.asked: list[str] = []
        self._pods = 2

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        self.asked.append(" ".join(arguments))
        if "celerydeployment/shop" in arguments and not self.knows_the_kind:
            raise KubectlError("the server doesn't have a resource type")
        if arguments[:2] == ("get", "pods") and "name" not in arguments:
            self._pods -= 1
            return json.dumps({"items": [{}] * self._pods})
        return ""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    cluster = Cluster()
    monkeypatch.setattr(Kubectl, "find", lambda checkout: cluster)
    monkeypatch.setattr(sys, "argv", ["demo"])
    return cluster


def test_ctrl_c_ends_it_in_one_line_with_status_130(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(kubectl: Kubectl) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tour, "run", interrupted)
    assert demo.main() == 130
    printed = capsys.readouterr()
    assert printed.out.split("\n") == ["", "The shop stays as it is; `make demo-down` removes it.", ""]
    assert not printed.err


def test_workers_go_before_the_namespace_with_their_broker(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["demo", "--down"])
    assert demo.main() == 0
    steps = [" ".join(words.split()[:2]) for words in cluster.asked]
    assert steps == [
        *("delete -n", "get pods", "get pods"),
        *("delete -n", "get pods"),
        *("delete namespace", "get namespace"),
    ]


def test_a_cluster_that_never_had_the_operator_is_cleaned_up_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster(knows_the_kind=False)
    demo.take_down(cluster)
    assert [words.split()[1] for words in cluster.asked] == ["-n", "namespace", "namespace"]
