"""What the README tells a new user to type."""

from tests.e2e.conftest import ROOT
from tests.e2e.kube import Kube
from tests.e2e.shop import Shop


def test_the_manifest_of_the_readme_works(kube: Kube, namespace: str) -> None:
    kube.run("-n", namespace, "apply", "-f", str(ROOT / "examples" / "minimal.yaml"))

    Shop(kube, namespace).wait_ready()
