"""The commands that the README gives to a new user."""

from tools.testbed.kube import Kube
from tools.testbed.shop import Shop

from tests.e2e.conftest import ROOT


def test_the_manifest_of_the_readme_works(kube: Kube, namespace: str) -> None:
    kube.run("-n", namespace, "apply", "-f", str(ROOT / "examples" / "minimal.yaml"))

    Shop(kube, namespace).wait_ready()
