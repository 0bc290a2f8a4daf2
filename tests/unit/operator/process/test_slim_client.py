"""The operator's process has only the parts of the Kubernetes client that it uses."""

import os
import subprocess
import sys

from tests.integration.operator.operator_process import ROOT

_SHOW = """
import sys
import celery_operator.__main__
from kubernetes.aio.config import load_incluster_config, load_kube_config
print(*sorted(sys.modules))
"""


def test_the_process_imports_no_part_that_it_does_not_use() -> None:
    path = os.pathsep.join(str(ROOT / folder) for folder in ("health", "probe", "operator"))
    done = subprocess.run(
        [sys.executable, "-c", _SHOW],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    imported = set(done.stdout.split())
    assert "kubernetes.aio.client.api_client" in imported
    assert not imported & {"kubernetes.dynamic", "kubernetes.aio.stream", "requests", "oauthlib", "websocket"}
