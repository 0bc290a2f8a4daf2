"""Every pod pays for what the sidecar imports: nothing that its hot path does not need."""

import json
import subprocess
import sys

from tests.integration.sidecar.served import environment

_SHOW = "import json, sys, celery_probe.sidecar.serving; print(json.dumps(sorted(sys.modules)))"


def test_serving_imports_neither_redis_nor_amqp_nor_celery_nor_the_installer() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SHOW],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    imported = set(json.loads(done.stdout))
    assert "aiohttp" in imported
    assert not imported & {"redis", "amqp", "celery", "kombu", "celery_probe.bundle", "celery_probe.agent"}
