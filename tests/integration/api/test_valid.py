"""Every manifest in valid/ is stored by a real API server, with the defaults that the models document."""

from pathlib import Path

import pytest
import yaml

from celery_operator.api.spec import CeleryDeploymentSpec
from tests.integration.api.apiserver import ApiServer

VALID = Path(__file__).parent / "valid"


@pytest.mark.parametrize("path", sorted(VALID.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_api_server_fills_in_the_defaults_of_the_models(
    path: Path, api: ApiServer, resources: str
) -> None:
    written = yaml.safe_load(path.read_text())
    answer = api.request("POST", f"{resources}?dryRun=All&fieldValidation=Strict", written)
    assert answer.status == 201, answer.message
    assert answer.warnings == ()
    stored = CeleryDeploymentSpec.model_validate(answer.body["spec"])
    assert stored == CeleryDeploymentSpec.model_validate(written["spec"])


def test_ten_lines_are_enough_and_become_a_whole_spec(api: ApiServer, resources: str) -> None:
    text = (VALID / "minimal.yaml").read_text()
    assert len(text.splitlines()) == 10
    answer = api.request("POST", f"{resources}?dryRun=All", yaml.safe_load(text))
    assert answer.body["spec"] == {
        "app": "shop.celery",
        "image": "registry.example/shop:1.4",
        "broker": {
            "managed": {
                "image": "redis:7.4-alpine",
                "memory": "256mb",
                "maxmemoryPolicy": "noeviction",
                "persistent": True,
            }
        },
        "workers": [
            {
                "name": "default",
                "queues": ["celery"],
                "pool": "prefork",
                "drainTimeoutSeconds": 600,
                "gracePeriodSeconds": 60,
                "logLevel": "INFO",
            }
        ],
        "beat": {"enabled": False},
        "monitor": {
            "enabled": False,
            "access": {"publicMetrics": False},
            "retention": {"days": 30, "tasks": 1_000_000},
        },
        "flower": {"enabled": False, "image": "mher/flower:2.0.1"},
        "health": {
            "backlogThreshold": 1000,
            "stalledAfterSeconds": 60,
            "memoryWarningPercent": 90,
            "poisonTasks": "Report",
            "restart": {
                "policy": "OnUnhealthy",
                "delaySeconds": 5,
                "maxAttempts": 3,
                "windowSeconds": 120,
                "maxConcurrent": 1,
                "hungTasks": False,
            },
        },
        "probe": {},
        "suspend": False,
    }
