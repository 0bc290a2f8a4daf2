"""The watch goes on when kubectl's ends, and ends when it is stopped."""

import textwrap
import time
from pathlib import Path

import pytest
from tools.scale_soak.watch import watching
from tools.testbed.kube import Kube
from tools.testbed.waiting import wait_for

KUBECTL = """\
    #!/bin/sh
    # The first watch ends at once, as an API server ends it after a while; the next ones stay.
    if [ ! -e "{begun}" ]; then
        touch "{begun}"
        echo "shop-default 0 "
        echo "shop-mail 1 1"
        exit 0
    fi
    echo "shop-default 6 0"
    echo "$@" > "{words}.new" && mv "{words}.new" "{words}"
    exec sleep 60
"""


@pytest.fixture
def kube(tmp_path: Path) -> Kube:
    """A kubectl that shows two Deployments."""
    program = tmp_path / "kubectl"
    text = textwrap.dedent(KUBECTL).format(begun=tmp_path / "begun", words=tmp_path / "words")
    program.write_text(text)
    program.chmod(0o755)
    return Kube(program, tmp_path / "kubeconfig")


def test_a_watch_that_ends_is_begun_again_and_nothing_is_forgotten(kube: Kube, tmp_path: Path) -> None:
    began = time.monotonic()
    with watching(kube, "shop") as watch:
        wait_for(lambda: len(watch.of("shop-default")) == 2, describe="both watches were read")
        seen = watch.of("shop-default")
        wait_for((tmp_path / "words").exists, describe="the second watch")
    assert [(one.desired, one.existing) for one in seen] == [(0, 0), (6, 0)]
    assert began < seen[0].at < seen[1].at < time.monotonic()
    assert "-n shop get deployments" in (tmp_path / "words").read_text()


def test_a_block_that_ends_before_kubectl_has_begun_leaves_no_process(kube: Kube) -> None:
    with watching(kube, "shop") as watch:
        pass
    assert not watch.following
