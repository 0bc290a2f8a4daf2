"""What must hold of beat's Deployment whatever the spec says."""

from typing import Any

from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.beat_deployment import beat_deployment
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.worker_deployment import worker_deployment
from tests.unit.resources.golden import SETTINGS

OWNER = ResourceIdentity("default", "shop", "uid")
RESTARTED = {"celery-operator.dev/restarted-at": "2026-01-02T03:04:05Z"}


def _spec(**fields: Any) -> CeleryDeploymentSpec:
    return CeleryDeploymentSpec.model_validate(
        {
            "app": "shop.celery",
            "image": "shop:1",
            "broker": {"managed": {}},
            "workers": [{"name": "default"}],
            "beat": {"enabled": True},
            **fields,
        }
    )


def _deployment(**fields: Any) -> dict[str, Any]:
    return beat_deployment(OWNER, _spec(**fields), SETTINGS)


def _beat(**fields: Any) -> dict[str, Any]:
    (container,) = _deployment(**fields)["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_the_old_beat_is_gone_before_the_new_one_starts() -> None:
    spec = _deployment()["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_a_suspended_deployment_has_no_beat() -> None:
    assert _deployment(suspend=True)["spec"]["replicas"] == 0


def test_its_sidecar_knows_that_it_watches_beat() -> None:
    pod = _deployment()["spec"]["template"]["spec"]
    sidecar = next(one for one in pod["initContainers"] if one["name"] == names.SIDECAR_CONTAINER)
    assert {"name": "CELERY_PROBE_ROLE", "value": "beat"} in sidecar["env"]


def test_a_dollar_in_the_schedules_path_is_not_expanded_by_the_kubelet() -> None:
    command = _beat(beat={"enabled": True, "schedule": "/data/$(HOME)"})["command"]
    assert command[command.index("--schedule") + 1] == "/data/$$(HOME)"


def test_annotations_of_the_pods_are_a_rollout_and_none_by_default() -> None:
    spec = _spec()
    assert "annotations" not in _deployment()["spec"]["template"]["metadata"]
    for template in (
        beat_deployment(OWNER, spec, SETTINGS, RESTARTED)["spec"]["template"],
        worker_deployment(OWNER, spec, spec.workers[0], SETTINGS, replicas=1, annotations=RESTARTED)["spec"][
            "template"
        ],
    ):
        assert template["metadata"]["annotations"] == RESTARTED


def test_an_annotation_of_the_users_template_stands_beside_ours() -> None:
    template = {"metadata": {"annotations": {"team": "shop"}}}
    spec = _spec(workers=[{"name": "default", "template": template}])
    built = worker_deployment(OWNER, spec, spec.workers[0], SETTINGS, replicas=1, annotations=RESTARTED)[
        "spec"
    ]["template"]
    assert built["metadata"]["annotations"] == {**RESTARTED, "team": "shop"}


def test_policy_never_takes_the_liveness_probe_of_every_container_away() -> None:
    spec = _spec(health={"restart": {"policy": "Never"}})
    for deployment in (
        beat_deployment(OWNER, spec, SETTINGS),
        worker_deployment(OWNER, spec, spec.workers[0], SETTINGS, replicas=1),
    ):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert "livenessProbe" not in container
        assert {"startupProbe", "readinessProbe"} <= container.keys()
    assert "livenessProbe" in _beat()
