"""What must hold of beat's StatefulSet whatever the spec says."""

from typing import Any

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.parts.beat import beat_stateful_set, beat_volume_claim
from celery_operator.resources.worker_deployment import worker_deployment
from celery_probe.pod import SIDECAR_CONTAINER
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


def _stateful_set(**fields: Any) -> dict[str, Any]:
    return beat_stateful_set(OWNER, _spec(**fields), SETTINGS)


def _beat(**fields: Any) -> dict[str, Any]:
    (container,) = _stateful_set(**fields)["spec"]["template"]["spec"]["containers"]
    return dict(container)


def _with(**beat: Any) -> dict[str, Any]:
    return {"beat": {"enabled": True, **beat}}


def test_the_old_beat_is_gone_before_the_new_one_starts() -> None:
    built = _stateful_set()
    assert (built["kind"], built["spec"]["replicas"]) == ("StatefulSet", 1)


def test_a_beat_that_never_became_ready_is_replaced_by_a_corrected_one() -> None:
    assert _stateful_set()["spec"]["podManagementPolicy"] == "Parallel"


def test_the_scheduler_comes_before_the_users_arguments() -> None:
    command = _beat(**_with(scheduler="redbeat.RedBeatScheduler", args=["--max-interval=5"]))["command"]
    assert command[-3:] == ["--scheduler", "redbeat.RedBeatScheduler", "--max-interval=5"]
    assert "--scheduler" not in _beat()["command"]


def test_variables_of_beat_win_over_those_of_all() -> None:
    container = _beat(env=[{"name": "TZ", "value": "UTC"}], **_with(env=[{"name": "TZ", "value": "CET"}]))
    assert [one for one in container["env"] if one["name"] == "TZ"] == [{"name": "TZ", "value": "CET"}]


def test_a_volume_keeps_the_schedule_whatever_the_user_of_the_image() -> None:
    fields = _with(storage={"size": "1Gi", "storageClassName": "fast"})
    pod = _stateful_set(**fields)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    command = container["command"]
    assert command[command.index("--schedule") + 1] == "/celery-beat/schedule"
    assert {"name": "celery-beat", "mountPath": "/celery-beat"} in container["volumeMounts"]
    claim = {"name": "celery-beat", "persistentVolumeClaim": {"claimName": "shop-beat"}}
    assert claim in pod["volumes"]
    assert pod["securityContext"]["fsGroup"]
    storage = _spec(**fields).beat.storage
    assert storage
    assert beat_volume_claim(OWNER, storage)["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "fast",
    }


def test_the_users_template_is_laid_over_but_the_selector_keeps_its_labels() -> None:
    selected = {"app.kubernetes.io/component": "other", "team": "shop"}
    template = {
        "metadata": {"labels": selected},
        "spec": {"nodeSelector": {"disk": "ssd"}, "containers": [{"name": "beat", "tty": True}]},
    }
    built = _stateful_set(**_with(template=template))["spec"]
    assert built["template"]["metadata"]["labels"] == {**built["selector"]["matchLabels"], "team": "shop"}
    assert built["template"]["spec"]["nodeSelector"] == {"disk": "ssd"}
    (container,) = built["template"]["spec"]["containers"]
    assert container["tty"]
    assert "beat" in container["command"]


def test_a_suspended_deployment_has_no_beat() -> None:
    assert _stateful_set(suspend=True)["spec"]["replicas"] == 0


def test_its_sidecar_knows_that_it_watches_beat() -> None:
    pod = _stateful_set()["spec"]["template"]["spec"]
    sidecar = next(one for one in pod["initContainers"] if one["name"] == SIDECAR_CONTAINER)
    assert {"name": "CELERY_PROBE_ROLE", "value": "beat"} in sidecar["env"]


def test_a_dollar_in_the_schedules_path_is_not_expanded_by_the_kubelet() -> None:
    command = _beat(beat={"enabled": True, "schedule": "/data/$(HOME)"})["command"]
    assert command[command.index("--schedule") + 1] == "/data/$$(HOME)"


def test_annotations_of_the_pods_are_a_rollout_and_none_by_default() -> None:
    spec = _spec()
    assert "annotations" not in _stateful_set()["spec"]["template"]["metadata"]
    for template in (
        beat_stateful_set(OWNER, spec, SETTINGS, RESTARTED)["spec"]["template"],
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
        beat_stateful_set(OWNER, spec, SETTINGS),
        worker_deployment(OWNER, spec, spec.workers[0], SETTINGS, replicas=1),
    ):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert "livenessProbe" not in container
        assert {"startupProbe", "readinessProbe"} <= container.keys()
    assert "livenessProbe" in _beat()
