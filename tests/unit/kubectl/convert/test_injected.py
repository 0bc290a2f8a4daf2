"""A Deployment that ``kubectl celery inject`` has changed becomes what it would have become before."""

import pytest

from celery_kubectl.convert.conversion import Sources, convert
from celery_kubectl.inject.documents import Choice, inject
from celery_probe.pod import ProbeImage
from tests.unit.kubectl.convert.build import BROKER, deployment, printed, worker

CHOICE = Choice(ProbeImage("probe:1"), ("main",))


@pytest.mark.parametrize(
    "command",
    [
        ["celery", "-A", "shop", "worker", "-c", "2"],
        ["python3", "-m", "celery", "-A", "shop", "worker", "-c", "2"],
        ["sh", "-c", "exec celery -A shop worker -c 2"],
    ],
    ids=" ".join,
)
def test_what_was_added_is_taken_back(command: list[str]) -> None:
    before = deployment(
        "shop-worker",
        *command,
        env=[BROKER, {"name": "PYTHONPATH", "value": "/app"}],
        pod={"initContainers": [{"name": "wait", "image": "wait:1"}], "volumes": [{"name": "data"}]},
        volumeMounts=[{"name": "data", "mountPath": "/data"}],
        lifecycle={"postStart": {"exec": {"command": ["true"]}}},
    )
    [after] = inject([before], CHOICE).documents
    assert after != before
    assert convert(Sources([after])).text == convert(Sources([before])).text


@pytest.mark.parametrize("path", ["", "/app"])
def test_the_path_that_leads_to_the_agent_is_taken_back(path: str) -> None:
    own = [{"name": "PYTHONPATH", "value": path}] if path else []
    env = [BROKER, *own, {"name": "CELERY_APP", "value": "shop"}]
    before = deployment("shop-worker", image="shop:1", env=env, command=None, args=["celery", "worker"])
    [after] = inject([before], CHOICE).documents
    assert "/celery-probe/site" in str(after)
    assert convert(Sources([after])).text == convert(Sources([before])).text


def test_the_script_that_leads_to_the_agent_is_no_step() -> None:
    env = [BROKER, {"name": "CELERY_APP", "value": "shop"}]
    [after] = inject([deployment("shop-worker", "celery", "worker", env=env)], CHOICE).documents
    assert "export PYTHONPATH" in str(after)
    found = printed(after)
    assert found.spec["app"] == "shop"
    assert "PYTHONPATH" not in str(found)


def test_the_hook_and_the_volumes_of_others_stay() -> None:
    hook = {"preStop": {"exec": {"command": ["/app/stop.sh"]}}}
    [after] = inject([worker(lifecycle=hook)], CHOICE).documents
    assert "The preStop hook (`/app/stop.sh`) is not carried over" in printed(after).comments
