"""Among the documents, pods with a worker get what it needs; all else stays as it is and in its place."""

from typing import Any

import pytest

from celery_kubectl.inject.documents import Choice, Result, inject
from celery_kubectl.inject.errors import InjectError
from celery_probe.pod import PROBE_MOUNT, PROBE_VOLUME, ProbeImage

IMAGE = ProbeImage("probe:1")
WORKER = {"name": "worker", "image": "shop:1", "command": ["celery", "-A", "shop", "worker"]}
WEB = {"name": "web", "image": "shop:1", "command": ["gunicorn", "shop"]}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80}]},
}


def deployment(*containers: Any, name: str = "shop", **pod: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [*containers], **pod}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 3, "template": template, "paused": False},
    }


def injected(*documents: dict[str, Any], containers: tuple[str, ...] = (), broker: str = "") -> Result:
    choice = Choice(IMAGE, containers, broker)
    result = inject(documents, choice)
    again = inject(result.documents, choice)
    assert again.documents == result.documents, "a second time changes nothing"
    assert again.injected == result.injected
    return result


def pod_of(*documents: dict[str, Any], **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = injected(*documents, **options).documents[0]["spec"]["template"]["spec"]
    return found


def refusal(*documents: dict[str, Any], containers: tuple[str, ...] = (), broker: str = "") -> str:
    with pytest.raises(InjectError) as refused:
        inject(documents, Choice(IMAGE, containers, broker))
    assert refused.value.exit_code == 3
    return refused.value.message


def test_all_else_stays_as_it_is_and_in_its_place() -> None:
    web, worker = deployment(WEB, name="web"), deployment(WEB, WORKER, nodeSelector={"x": "y"})
    result = injected(SERVICE, web, worker, SERVICE)
    assert result.documents[:2] == [SERVICE, web]
    assert result.documents[3] == SERVICE
    changed = result.documents[2]
    pod = changed["spec"]["template"]["spec"]
    assert pod["containers"][0] == WEB
    assert list(pod) == ["containers", "nodeSelector", "initContainers", "volumes"]
    assert {**changed, "spec": {**changed["spec"], "template": 0}} == {
        **worker,
        "spec": {**worker["spec"], "template": 0},
    }


def test_what_was_done_and_what_was_left_alone_is_said() -> None:
    result = injected(SERVICE, deployment(WEB, name="web"), deployment(WORKER))
    assert result.injected == ["Deployment shop: container worker has the agent and a sidecar."]
    assert result.notes == [
        "Deployment web: left alone, because no container starts a Celery worker.",
        (
            "Deployment shop: no variable of container worker shows the broker's URL, so the sidecar does "
            "not check the broker: name the variable with --broker-url-env NAME."
        ),
    ]


def test_ours_come_before_the_users_own() -> None:
    worker = {**WORKER, "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    pod = pod_of(deployment(worker, initContainers=[{"name": "wait"}], volumes=[{"name": "data"}]))
    assert [one["name"] for one in pod["initContainers"]] == ["agent", "probe", "wait"]
    assert pod["volumes"] == [PROBE_VOLUME, {"name": "data"}]
    assert pod["containers"][0]["volumeMounts"] == [PROBE_MOUNT, *worker["volumeMounts"]]


def test_the_stop_hook_has_the_grace_of_the_pod() -> None:
    def seconds(**pod: Any) -> str:
        (worker,) = pod_of(deployment(WORKER, **pod))["containers"]
        command: list[str] = worker["lifecycle"]["preStop"]["exec"]["command"]
        return command[3]

    assert seconds() == "25"
    assert seconds(terminationGracePeriodSeconds=600) == "595"


def test_the_probes_of_the_container_are_replaced_and_that_is_said() -> None:
    probe = {"exec": {"command": ["celery", "inspect", "ping"]}}
    result = injected(deployment({**WORKER, "livenessProbe": probe}))
    (worker,) = result.documents[0]["spec"]["template"]["spec"]["containers"]
    assert worker["livenessProbe"]["httpGet"] == {"path": "/livez", "port": 9809}
    assert "Deployment shop: replaced the livenessProbe of container worker." in result.notes


def test_a_stop_hook_of_the_users_own_is_kept_and_that_is_said() -> None:
    lifecycle = {"preStop": {"sleep": {"seconds": 5}}, "postStart": {"exec": {"command": ["true"]}}}
    result = injected(deployment({**WORKER, "lifecycle": lifecycle}))
    (worker,) = result.documents[0]["spec"]["template"]["spec"]["containers"]
    assert worker["lifecycle"] == lifecycle
    assert any("keeps its own preStop hook" in note for note in result.notes)


def test_another_hook_stays_beside_ours() -> None:
    lifecycle = {"postStart": {"exec": {"command": ["true"]}}}
    (worker,) = pod_of(deployment({**WORKER, "lifecycle": lifecycle}))["containers"]
    assert set(worker["lifecycle"]) == {"postStart", "preStop"}


def test_a_new_probe_image_replaces_an_earlier_one() -> None:
    (first,) = inject([deployment(WORKER)], Choice(ProbeImage("probe:0"))).documents
    pod = pod_of(first)
    assert [one["image"] for one in pod["initContainers"]] == ["probe:1", "probe:1"]


def test_users_that_the_cluster_assigns_are_left_out() -> None:
    choice = Choice(ProbeImage("probe:1", fixed_user_id=False))
    (found,) = inject([deployment(WORKER)], choice).documents
    for container in found["spec"]["template"]["spec"]["initContainers"]:
        assert "runAsUser" not in container["securityContext"]


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "Pod", "spec": {"containers": [WORKER]}},
        {"kind": "PodTemplate", "template": {"spec": {"containers": [WORKER]}}},
        {"kind": "Rollout", "spec": {"template": {"spec": {"containers": [WORKER]}}}},
        {
            "kind": "CronJob",
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [WORKER]}}}}},
        },
    ],
    ids=lambda document: document["kind"],
)
def test_a_pod_is_found_wherever_its_kind_has_it(document: dict[str, Any]) -> None:
    result = injected({"apiVersion": "v1", "metadata": {"generateName": "shop-"}, **document})
    assert result.injected == [f"{document['kind']} shop-: container worker has the agent and a sidecar."]


def test_pods_of_the_operator_are_left_alone() -> None:
    owned = deployment(WORKER, name="owned")
    owned["metadata"]["ownerReferences"] = [{"apiVersion": "celery-operator.dev/v1alpha1", "name": "shop"}]
    result = injected(owned, deployment(WORKER))
    assert result.documents[0] == owned
    assert result.notes[0] == "Deployment owned: left alone, because a CeleryDeployment owns it."


def test_nothing_that_starts_a_worker_is_an_error() -> None:
    expected = (
        "No container starts a Celery worker: if a script or the image starts one, name its container with "
        "--container NAME."
    )
    assert refusal(SERVICE, deployment(WEB)) == expected


def test_a_container_is_chosen_by_its_name() -> None:
    (worker, web) = pod_of(deployment({"name": "app"}, WEB), containers=("app",))["containers"]
    assert "startupProbe" in worker
    assert web == WEB


def test_other_pods_still_show_their_workers() -> None:
    result = injected(
        deployment({"name": "app"}, name="queue"), deployment(WORKER), containers=("queue/app",)
    )
    assert len(result.injected) == 2


def test_a_name_in_several_pods_needs_the_name_of_its_object() -> None:
    both = deployment({"name": "app"}, name="web"), deployment({"name": "app"}, name="queue")
    assert refusal(*both, containers=("app",)) == (
        "Deployment web and Deployment queue have a container app: choose one with --container web/app."
    )
    result = injected(*both, containers=("queue/app",))
    assert result.documents[0] == both[0]


def test_a_container_that_no_pod_has_is_an_error() -> None:
    expected = "No pod has the container ap: write --container NAME or OBJECT/NAME."
    assert refusal(deployment(WORKER), containers=("ap",)) == expected


def test_two_workers_in_a_pod_need_a_choice() -> None:
    two = deployment(WORKER, {**WORKER, "name": "other"})
    assert refusal(two) == (
        "Deployment shop: the containers worker and other start a worker each, and a sidecar observes one: "
        "choose one with --container shop/worker."
    )
    assert injected(two, containers=("other",)).injected == [
        "Deployment shop: container other has the agent and a sidecar."
    ]


@pytest.mark.parametrize(
    "script",
    [
        'if [ "$X" ]; then exec celery -A a worker -Q x; else exec celery -A a worker; fi',
        "case $1 in a) celery -A a worker >&2 ;; *) test -n '' && celery -A b worker ;; esac",
    ],
)
def test_each_branch_of_a_script_gets_the_agent(script: str) -> None:
    [changed] = injected(deployment({"name": "worker", "command": ["sh", "-c", script]})).documents
    [container] = changed["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["sh", "-c", script.replace("celery", "python /celery-probe")]


def test_the_path_leads_all_branches_to_the_agent_where_one_cannot_be_rewritten() -> None:
    script = "if true; then exec celery -A a worker; else exec airflow celery worker; fi"
    [changed] = injected(deployment({"name": "worker", "command": ["sh", "-c", script]})).documents
    [container] = changed["spec"]["template"]["spec"]["containers"]
    assert container["command"][2].startswith('export PYTHONPATH="/celery-probe/site')
    assert container["command"][2].endswith(script)


def test_a_scaled_job_has_a_pod_too() -> None:
    pod = deployment(WORKER)["spec"]["template"]["spec"]
    spec = {"jobTargetRef": {"template": {"spec": pod}}}
    job = {"kind": "ScaledJob", "metadata": {"name": "shop"}, "spec": spec}
    assert injected(job).injected == ["ScaledJob shop: container worker has the agent and a sidecar."]


def test_two_workers_in_a_container_are_refused() -> None:
    command = ["sh", "-c", "celery -A shop worker & celery -A shop worker"]
    assert refusal(deployment({"name": "worker", "command": command})) == (
        "Container worker starts 2 workers, and a sidecar observes one: start one worker in each container."
    )


def test_names_of_ours_that_the_pod_uses_itself_are_refused() -> None:
    assert refusal(deployment(WORKER, {"name": "probe"})) == (
        "Deployment shop has a container probe of its own: give it another name."
    )
    assert refusal(deployment(WORKER, initContainers=[{"name": "agent", "command": "x"}])) == (
        "Deployment shop has a container agent of its own: give it another name."
    )
    assert refusal(deployment(WORKER, volumes=[{"name": "celery-probe", "emptyDir": {}}])) == (
        "Deployment shop has a volume celery-probe of its own: give it another name."
    )


def test_a_variable_that_is_nowhere_is_an_error() -> None:
    assert refusal(deployment(WORKER), broker="REDIS_URL") == (
        "Container worker has no variable REDIS_URL: write a name of its env, or of a Secret or ConfigMap in "
        "its envFrom."
    )


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (deployment(WORKER, 5), "containers"),
        (deployment({"image": "no name"}), "containers"),
        (deployment(WORKER, volumes=[5]), "volumes"),
        (deployment(WORKER, initContainers={"name": "x"}), "initContainers"),
        (deployment({**WORKER, "env": {"A": "b"}}), "containers[worker].env"),
        (deployment({**WORKER, "volumeMounts": [{"name": "no path"}]}), "containers[worker].volumeMounts"),
        (deployment({**WORKER, "lifecycle": "no object"}), "containers[worker].lifecycle"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(document: dict[str, Any], field: str) -> None:
    expected = f"Deployment shop: spec.template.spec.{field} is not what a pod has: correct it."
    assert refusal(document) == expected
