"""What the status says of the size of a group: the usage, the right size, and one recommendation."""

import json
import shlex
from datetime import timedelta
from typing import Any

from celery_health.catalogue.health import HealthState
from celery_operator.api.status import CeleryDeploymentStatus, WorkerGroupStatus
from celery_operator.api.workers.usage import ResourceUsage
from celery_operator.usage.history import WRITTEN_EVERY, with_minute
from tests.unit.decide.build import GENERATION, spec, status_of
from tests.unit.usage.build import minute, usage_of

USAGE = usage_of(*[minute(300, 412, 320)] * 14)
ROOMY = {"requests": {"memory": "1Gi", "cpu": 2}, "limits": {"memory": "2Gi"}}


def sized(resources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    first = {"name": "first", "replicas": 0}
    return {"spec": spec(workers=[first, {"name": "default", "resources": resources, **changes}])}


def advice(status: CeleryDeploymentStatus) -> list[tuple[str, str]]:
    return [(one.message, one.command) for one in status.recommendations if "Up to" in one.message]


def patched(command: str) -> list[dict[str, Any]]:
    words = shlex.split(command)
    start = ["kubectl", "-n", "market", "patch", "celerydeployments", "shop", "--type", "json", "-p"]
    assert words[:-1] == start
    steps: list[dict[str, Any]] = json.loads(words[-1])
    return steps


def of_group(status: CeleryDeploymentStatus) -> WorkerGroupStatus:
    return next(one for one in status.workers if one.name == "default")


def test_the_status_has_the_right_size_and_its_evidence() -> None:
    size = of_group(status_of(usages={"default": USAGE}, **sized(ROOMY))).right_size
    assert size
    assert (size.memory_request, size.memory_limit, size.cpu_request) == ("352Mi", "544Mi", "400m")
    assert size.concurrency == 4
    assert size.evidence == (
        "Up to 14 workers of group default used at most 412Mi of memory (p95 304Mi) and 320m of CPU (p95) "
        "within 6 days."
    )


def test_a_recommendation_names_the_fields_and_the_command_that_sets_them() -> None:
    status = status_of(usages={"default": USAGE}, **sized(ROOMY))
    ((message, command),) = advice(status)
    assert (
        "Set requests.memory 352Mi (now 1Gi); limits.memory 544Mi (now 2Gi); requests.cpu 400m (now 2)."
        in message
    )
    assert patched(command) == [
        {"op": "test", "path": "/spec/workers/1/name", "value": "default"},
        {
            "op": "add",
            "path": "/spec/workers/1/resources",
            "value": {"requests": {"memory": "352Mi", "cpu": "400m"}, "limits": {"memory": "544Mi"}},
        },
    ]


def test_there_is_no_recommendation_where_the_size_is_right() -> None:
    right = {"requests": {"memory": "352Mi", "cpu": "400m"}, "limits": {"memory": "544Mi"}}
    status = status_of(usages={"default": USAGE}, **sized(right))
    assert of_group(status).right_size
    assert not advice(status)


def test_busy_slots_are_part_of_the_evidence() -> None:
    usage = usage_of(*[minute(300, 412, 320, busy=True)] * 14)
    ((message, command),) = advice(status_of(usages={"default": usage}, **sized({})))
    assert "100% of the time all slots were busy." in message
    assert "concurrency 8 (now 4)" in message
    assert patched(command)[-1] == {"op": "add", "path": "/spec/workers/1/concurrency", "value": 8}


def test_the_longest_recommendation_fits_the_status() -> None:
    busy = [minute(15_555, 15_999, 4_900, busy=True)] * 20
    usage = usage_of(*busy, days=13, concurrency=40)
    first = {"requests": {"memory": "1Mi", "cpu": "100m"}, "limits": {"memory": "1023Mi"}}
    name = "n" * 20
    group = {"name": name, "resources": first, "concurrency": 40}
    ((message, _),) = advice(status_of(usages={name: usage}, spec=spec(workers=[group])))
    assert message.endswith("concurrency 80 (now 40).")


def test_with_resources_in_the_template_the_resource_is_edited() -> None:
    container = {"name": "worker", "resources": {"limits": {"memory": "2Gi"}}}
    changes = sized({}, template={"spec": {"containers": [container]}})
    ((message, command),) = advice(status_of(usages={"default": USAGE}, **changes))
    assert "limits.memory 544Mi (now 2Gi)" in message
    assert command == "kubectl -n market edit celerydeployments shop"


def test_before_a_day_has_passed_only_the_usage_is_shown() -> None:
    young = usage_of(minute(), days=0.9, steps=700)
    status = status_of(usages={"default": young}, **sized(ROOMY))
    assert of_group(status).usage == young
    assert of_group(status).right_size is None
    assert not advice(status)


def test_the_status_keeps_its_usage_for_a_quarter_of_an_hour() -> None:
    def written(usage: ResourceUsage) -> ResourceUsage | None:
        return of_group(status_of(previous=before, usages={"default": usage}, **sized(ROOMY))).usage

    group = WorkerGroupStatus(
        name="default",
        replicas=2,
        updated_replicas=2,
        ready_replicas=2,
        consuming_replicas=2,
        usage=USAGE,
    )
    before = CeleryDeploymentStatus(observed_generation=GENERATION, workers=(group,))
    soon = with_minute(USAGE, 4, [minute(900)], USAGE.at + timedelta(minutes=1))
    later = with_minute(USAGE, 4, [minute(900)], USAGE.at + WRITTEN_EVERY)
    assert soon
    assert later
    assert written(soon) == USAGE
    assert written(later) == later


def test_health_stays_healthy_with_a_recommendation() -> None:
    group = {"name": "default", "replicas": 2, "resources": ROOMY}
    status = status_of(usages={"default": USAGE}, spec=spec(workers=[group]))
    assert status.health is HealthState.HEALTHY
    assert advice(status)
