"""What kubectl, autoscalers and the operator do with a stored resource: scale, status, columns."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from celery_health.catalogue.health import HealthState
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import (
    BeatStatus,
    BrokerStatus,
    CeleryDeploymentStatus,
    Condition,
    ConditionType,
    QueueStatus,
    ScalingStatus,
    WorkerGroupStatus,
)
from celery_operator.api.workers.usage import RightSize
from tests.integration.api.apiserver import MERGE, ApiServer
from tests.unit.usage.build import minute, usage_of

MINIMAL = Path(__file__).parent / "valid" / "minimal.yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"

STATUS = CeleryDeploymentStatus(
    observed_generation=1,
    health=HealthState.DEGRADED,
    message="1,200 messages wait in email: add workers",
    ready="3/3",
    replicas=3,
    ready_replicas=3,
    selector="app.kubernetes.io/instance=minimal",
    backlog=1200,
    active=7,
    workers=(
        WorkerGroupStatus(
            name="default",
            replicas=3,
            updated_replicas=3,
            ready_replicas=3,
            consuming_replicas=3,
            desired_replicas=2,
            draining=1,
            active=7,
            scaling=ScalingStatus(
                message="3 -> 2: nothing waits",
                at="2026-01-01T00:00:00Z",
                ready=0,
                arrival_per_second=0.5,
                throughput_per_slot=2.1,
            ),
            right_size=RightSize(
                memory_request="352Mi", memory_limit="544Mi", concurrency=4, evidence="Up to 3 workers"
            ),
            usage=usage_of(minute(busy=True), days=9),
        ),
    ),
    queues=(QueueStatus(name="email", ready=1200), QueueStatus(name="unread")),
    broker=BrokerStatus(kind="redis", address="redis://minimal-redis:6379/0", state="Reachable"),
    beat=BeatStatus(state="Disabled"),
    conditions=(
        Condition(
            type=ConditionType.READY,
            status="True",
            reason="WorkersConsuming",
            message="3 of 3 workers take messages",
            observed_generation=1,
            last_transition_time="2026-01-01T00:00:00Z",
        ),
        Condition(
            type=ConditionType.MONITOR_READY,
            status="False",
            reason="MonitorStarting",
            message="The monitor is starting.",
            observed_generation=1,
            last_transition_time="2026-01-01T00:00:00Z",
        ),
    ),
)


@pytest.fixture
def stored(api: ApiServer, resources: str) -> Iterator[str]:
    """The path of a stored resource."""
    manifest = yaml.safe_load(MINIMAL.read_text())
    path = f"{resources}/{manifest['metadata']['name']}"
    created = api.request("POST", resources, manifest)
    assert created.status == 201, created.message
    yield path
    assert api.request("DELETE", path).status == 200


def test_kubectl_scale_works_on_a_resource_that_never_had_replicas(api: ApiServer, stored: str) -> None:
    scaled = api.request("PATCH", f"{stored}/scale", {"spec": {"replicas": 5}}, content_type=MERGE)
    assert scaled.status == 200, scaled.message
    spec = CeleryDeploymentSpec.model_validate(api.request("GET", stored).body["spec"])
    assert spec.replicas_of(spec.workers[0]) == 5


def test_kubectl_scale_is_refused_where_the_scale_target_has_autoscaling(api: ApiServer, stored: str) -> None:
    workers = [{"name": "default", "autoscaling": {"maxReplicas": 4}}]
    changed = api.request("PATCH", stored, {"spec": {"workers": workers}}, content_type=MERGE)
    assert changed.status == 200, changed.message
    scaled = api.request("PATCH", f"{stored}/scale", {"spec": {"replicas": 5}}, content_type=MERGE)
    assert scaled.status == 422
    assert "name a group without autoscaling in scaleTarget" in scaled.message
    back = {"spec": {"replicas": 5, "workers": [{"name": "default"}]}}
    assert api.request("PATCH", stored, back, content_type=MERGE).status == 200
    refused = api.request("PATCH", stored, {"spec": {"workers": workers}}, content_type=MERGE)
    assert "write replicas: null" in refused.message
    both = {"spec": {"replicas": None, "workers": workers}}
    assert api.request("PATCH", stored, both, content_type=MERGE).status == 200


def test_an_autoscaler_reads_replicas_and_selector_from_the_scale_subresource(
    api: ApiServer, stored: str
) -> None:
    api.request("PATCH", stored, {"spec": {"replicas": 3}}, content_type=MERGE)
    api.request("PATCH", f"{stored}/status", {"status": STATUS.wire()}, content_type=MERGE)
    scale = api.request("GET", f"{stored}/scale").body
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == {"replicas": 3, "selector": STATUS.selector}


def test_a_status_survives_the_api_server(api: ApiServer, stored: str) -> None:
    written = api.request("PATCH", f"{stored}/status", {"status": STATUS.wire()}, content_type=MERGE)
    assert written.status == 200, written.message
    assert CeleryDeploymentStatus.read(api.request("GET", stored).body["status"]) == STATUS


def test_the_status_subresource_leaves_the_spec_alone(api: ApiServer, stored: str) -> None:
    change = {"spec": {"app": "other.celery"}, "status": STATUS.wire()}
    body = api.request("PATCH", f"{stored}/status", change, content_type=MERGE).body
    assert body["spec"]["app"] == "shop.celery"


def test_kubectl_get_shows_health_at_a_glance(api: ApiServer, resources: str, stored: str) -> None:
    api.request("PATCH", f"{stored}/status", {"status": STATUS.wire()}, content_type=MERGE)
    table = api.request("GET", resources, accept=TABLE).body
    columns = [column["name"].upper() for column in table["columnDefinitions"] if column["priority"] == 0]
    assert columns == ["NAME", "HEALTH", "READY", "BACKLOG", "ACTIVE", "BEAT", "AGE"]
    wide = [column["name"].upper() for column in table["columnDefinitions"] if column["priority"] == 1]
    assert wide == ["BROKER", "MONITOR", "RESTARTS", "MESSAGE", "IMAGE"]
    (row,) = table["rows"]
    assert row["cells"][:6] == ["minimal", "Degraded", "3/3", 1200, 7, "Disabled"]
    assert row["cells"][7:] == [
        "Reachable",
        "False",
        STATUS.restarts.total,
        STATUS.message,
        "registry.example/shop:1.4",
    ]


def test_the_names_are_those_that_people_type(api: ApiServer) -> None:
    group = api.request("GET", "/apis/celery-operator.dev/v1alpha1").body
    served = {resource["name"]: resource for resource in group["resources"]}
    assert served["celerydeployments"]["shortNames"] == ["celeryd"]
    assert served["celerydeployments"]["categories"] == ["celery"]
    assert set(served) == {"celerydeployments", "celerydeployments/status", "celerydeployments/scale"}
