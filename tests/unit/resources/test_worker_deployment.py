"""What must hold of a group's Deployment whatever the spec says."""

from dataclasses import replace
from typing import Any

import pytest

from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.owned_objects import owned_objects
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.settings import ObjectSettings
from celery_operator.resources.worker_deployment import worker_command, worker_deployment
from celery_probe.agent.worker.stop import GIVE_BACK_SECONDS
from celery_probe.pod import STOP_MARGIN_SECONDS
from tests.unit.resources.golden import SECRETS, SETTINGS, by_spec

OWNER = ResourceIdentity("default", "shop", "uid")


def _spec(group: dict[str, Any] | None = None, **fields: Any) -> CeleryDeploymentSpec:
    return CeleryDeploymentSpec.model_validate(
        {
            "app": "shop.celery",
            "image": "shop:1",
            "broker": {"managed": {}},
            "workers": [{"name": "default", **(group or {})}],
            **fields,
        }
    )


def _deployment(spec: CeleryDeploymentSpec, replicas: int = 1) -> dict[str, Any]:
    return worker_deployment(OWNER, spec, spec.workers[0], SETTINGS, replicas=replicas)


def _worker(spec: CeleryDeploymentSpec) -> dict[str, Any]:
    containers = _deployment(spec)["spec"]["template"]["spec"]["containers"]
    (worker,) = (one for one in containers if one["name"] == names.WORKER_CONTAINER)
    return dict(worker)


def test_the_same_spec_gives_the_same_deployment() -> None:
    assert _deployment(_spec()) == _deployment(_spec())


def test_a_new_number_of_replicas_is_no_rollout() -> None:
    few, many = _deployment(_spec(), 1), _deployment(_spec(), 9)
    assert (few["spec"]["replicas"], many["spec"]["replicas"]) == (1, 9)
    assert few["spec"]["template"] == many["spec"]["template"]


def test_the_token_stands_in_the_secret_alone() -> None:
    token = "c2VjcmV0"
    secrets = replace(SECRETS, probe={"token": token}, monitor={"token": token, "push-token": token})
    spec = _spec(monitor={"enabled": True})
    built = owned_objects(OWNER, spec, SETTINGS, secrets, replicas=by_spec(spec))
    others = [owned_object for owned_object in built if owned_object["kind"] != "Secret"]
    assert token not in str(others)


@pytest.mark.parametrize(
    ("pool", "concurrency", "expected"), [("prefork", None, "4"), ("solo", None, "1"), ("gevent", 100, "100")]
)
def test_the_default_concurrency_fits_the_pool(pool: str, concurrency: int | None, expected: str) -> None:
    spec = _spec({"pool": pool, "concurrency": concurrency})
    command = worker_command(spec, spec.workers[0])
    assert command[command.index("--concurrency") + 1] == expected


def test_a_field_becomes_an_option_and_an_unset_field_none() -> None:
    plain = worker_command(_spec(), _spec().workers[0])
    assert plain[-2:] == ["--loglevel", "INFO"]
    spec = _spec(
        {
            "maxTasksPerChild": 1000,
            "maxMemoryPerChild": "200Mi",
            "prefetchMultiplier": 1,
            "timeLimit": 600,
            "softTimeLimit": 540,
            "logLevel": "DEBUG",
            "optimization": "fair",
            "args": ["--without-mingle"],
        }
    )
    command = worker_command(spec, spec.workers[0])
    assert command[command.index("--loglevel") :] == [
        *("--loglevel", "DEBUG", "--max-tasks-per-child", "1000", "--max-memory-per-child", "204800"),
        *("--prefetch-multiplier", "1", "--time-limit", "600", "--soft-time-limit", "540"),
        *("--optimization", "fair", "--without-mingle"),
    ]


@pytest.mark.parametrize(("size", "kibibytes"), [("512Ki", "512"), ("1Mi", "1024"), ("2Gi", "2097152")])
def test_celery_counts_the_memory_of_a_child_in_kibibytes(size: str, kibibytes: str) -> None:
    spec = _spec({"maxMemoryPerChild": size})
    command = worker_command(spec, spec.workers[0])
    assert command[command.index("--max-memory-per-child") + 1] == kibibytes


def _injected(spec: CeleryDeploymentSpec, settings: ObjectSettings = SETTINGS) -> list[dict[str, Any]]:
    deployment = worker_deployment(OWNER, spec, spec.workers[0], settings, replicas=1)
    return list(deployment["spec"]["template"]["spec"]["initContainers"])


def test_limits_of_the_injected_containers_are_merged_over_ours() -> None:
    spec = _spec(probe={"resources": {"limits": {"cpu": "200m"}}})
    for container in _injected(spec):
        assert container["resources"]["limits"] == {"memory": "96Mi", "cpu": "200m"}
        assert container["resources"]["requests"]["memory"] == "48Mi"


def test_no_container_has_a_user_of_ours_where_the_cluster_assigns_users() -> None:
    assigned = replace(SETTINGS, fixed_user_ids=False)
    assert {one["securityContext"]["runAsUser"] for one in _injected(_spec())} == {1000}
    spec = _spec(monitor={"enabled": True}, beat={"enabled": True})
    built = owned_objects(OWNER, spec, assigned, SECRETS, replicas=by_spec(spec))
    assert "runAsUser" not in str(built)
    assert "fsGroup" not in str(built)
    assert str(built).count("'runAsNonRoot': True") >= len(
        [one for one in built if "template" in one.get("spec", {})]
    )


def test_a_user_of_the_spec_is_that_of_the_pods_of_workers_and_beat() -> None:
    spec = _spec(runAsUser=1001, beat={"enabled": True})
    built = owned_objects(OWNER, spec, SETTINGS, SECRETS, replicas=by_spec(spec))
    users = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["securityContext"].get("runAsUser")
        for one in built
        if "template" in one.get("spec", {})
    }
    assert users == {"shop-redis": None, "shop-default": 1001, "shop-beat": 1001}


def test_workers_are_spread_and_a_constraint_of_the_user_is_merged_over_ours() -> None:
    zone = "topology.kubernetes.io/zone"
    template = {
        "spec": {"topologySpreadConstraints": [{"topologyKey": zone, "whenUnsatisfiable": "DoNotSchedule"}]}
    }
    spread = _deployment(_spec({"template": template}))["spec"]["template"]["spec"][
        "topologySpreadConstraints"
    ]
    assert {one["topologyKey"]: one["whenUnsatisfiable"] for one in spread} == {
        zone: "DoNotSchedule",
        "kubernetes.io/hostname": "ScheduleAnyway",
    }


def test_a_budget_covers_the_pods_of_its_group() -> None:
    spec = _spec({"podDisruptionBudget": {"maxUnavailable": "25%"}})
    built = owned_objects(OWNER, spec, SETTINGS, SECRETS, replicas=by_spec(spec))
    (budget,) = (one for one in built if one["kind"] == "PodDisruptionBudget")
    assert budget["metadata"]["name"] == "shop-default"
    assert budget["spec"] == {
        "maxUnavailable": "25%",
        "selector": _deployment(spec)["spec"]["selector"],
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def test_a_dollar_in_a_queue_name_or_a_url_is_not_expanded_by_the_kubelet() -> None:
    spec = _spec({"queues": ["$(HOME)"]}, broker={"url": "redis://:pa$$word@redis"})
    worker = _worker(spec)
    assert worker["command"][worker["command"].index("-Q") + 1] == "$$(HOME)"
    assert worker["env"][0]["value"] == "redis://:pa$$$$word@redis"


def test_a_dollar_in_args_is_left_to_the_user() -> None:
    assert _worker(_spec({"args": ["--statedb=$(HOME)/state"]}))["command"][-1] == "--statedb=$(HOME)/state"


def test_a_variable_of_the_group_wins_over_one_of_the_spec() -> None:
    spec = _spec({"env": [{"name": "TZ", "value": "CET"}]}, env=[{"name": "TZ", "value": "UTC"}])
    assert [variable for variable in _worker(spec)["env"] if variable["name"] == "TZ"] == [
        {"name": "TZ", "value": "CET"}
    ]


def test_a_volume_of_the_user_at_tmp_takes_the_place_of_ours() -> None:
    spec = _spec(volumeMounts=[{"name": "scratch", "mountPath": "/tmp"}])
    mounts = [mount for mount in _worker(spec)["volumeMounts"] if mount["mountPath"] == "/tmp"]
    assert mounts == [{"name": "scratch", "mountPath": "/tmp"}]


def test_a_template_cannot_take_away_the_labels_that_select_the_pods() -> None:
    deployment = _deployment(
        _spec({"template": {"metadata": {"labels": {names.LABEL_GROUP: "x", names.LABEL_NAME: None}}}})
    )
    selected = deployment["spec"]["selector"]["matchLabels"]
    assert selected.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


def test_a_template_without_labels_keeps_ours() -> None:
    deployment = _deployment(_spec({"template": {"metadata": None}}))
    assert (
        deployment["spec"]["template"]["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"]
    )


def test_a_wedged_worker_does_not_wait_out_the_grace_of_its_group() -> None:
    worker = _worker(_spec({"gracePeriodSeconds": 3600}))
    assert worker["livenessProbe"]["terminationGracePeriodSeconds"] == 5


@pytest.mark.parametrize(("grace", "seconds"), [(1, 0), (2, 1), (8, 4), (10, 5), (60, 55), (3600, 3595)])
def test_tasks_have_the_grace_period_to_end_but_for_what_giving_them_back_takes(
    grace: int, seconds: int
) -> None:
    hook = _worker(_spec({"gracePeriodSeconds": grace}))["lifecycle"]["preStop"]["exec"]["command"]
    assert hook == ["python", "-ES", "/celery-probe/stop.py", str(seconds), "9809"]


def test_the_margin_suffices_for_what_the_hook_does_in_it() -> None:
    assert STOP_MARGIN_SECONDS > GIVE_BACK_SECONDS
