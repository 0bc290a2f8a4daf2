"""Carries a pod over: what all pods share, and the template of one part."""

from collections.abc import Mapping

from celery_health.verdicts.text import listed
from celery_kubectl.command_line.options import Role
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import part, parts, text
from celery_kubectl.convert.pod.container import (
    carried_companions,
    carried_container,
    carried_init_containers,
    in_template,
)
from celery_kubectl.convert.pod.metadata import carried_metadata, foreign_expressions, reselected
from celery_kubectl.convert.pod.shared import Shared
from celery_kubectl.convert.pod.variables import carried_variables
from celery_kubectl.convert.workload import Workload
from celery_kubectl.kubectl import Object

_HANDLED = frozenset(
    {
        "containers",
        "initContainers",
        "volumes",
        "imagePullSecrets",
        "serviceAccountName",
        "serviceAccount",
        "securityContext",
        "terminationGracePeriodSeconds",
    }
)
# What the API server fills in, and what says the same as nothing.
_DEFAULTS = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "enableServiceLinks": True,
    "automountServiceAccountToken": False,
    "hostNetwork": False,
    "hostPID": False,
    "hostIPC": False,
}
_GRACE_DEFAULT, _LONGEST_GRACE = 30, 86400


def carry_pod(workload: Workload, draft: Draft, new_labels: Mapping[str, str]) -> Shared:
    """Write the template of a worker group, of beat or of Flower, and return what ``spec`` has for all."""
    pod, container = workload.pod, workload.container
    claims = {text(part(one, "metadata"), "name") for one in parts(workload.spec, "volumeClaimTemplates")}
    account = pod.get("serviceAccountName") or pod.get("serviceAccount") or ""
    shared = Shared(
        image=str(container.get("image") or ""),
        pull_policy=_pull_policy(container),
        pull_secrets=parts(pod, "imagePullSecrets"),
        service_account="" if account == "default" else str(account),
        env_from=workload.variables.sources,
        volumes=_mounted_volumes(workload),
        volume_mounts=[one for one in parts(container, "volumeMounts") if text(one, "name") not in claims],
        selector=workload.selector,
    )
    shared.env = carried_variables(workload, shared.about)
    carried_metadata(workload, draft, shared.about)
    celery = carried_container(workload, draft, shared)
    companions = carried_companions(workload, draft)
    draft.put(in_template(celery, companions, workload.role.value), "template", "spec", "containers")
    draft.put(carried_init_containers(workload, draft), "template", "spec", "initContainers")
    _carry_rest(workload, draft, new_labels)
    _note_token(workload, shared)
    return shared


def _mounted_volumes(workload: Workload) -> list[Object]:
    """The volumes of the pod, without those that only another Celery container of the same pod mounts."""
    containers = [workload.container, *workload.companions, *parts(workload.pod, "initContainers")]
    mounted = {text(one, "name") for container in containers for one in parts(container, "volumeMounts")}
    return [one for one in parts(workload.pod, "volumes") if text(one, "name") in mounted]


def _carry_rest(workload: Workload, draft: Draft, new_labels: Mapping[str, str]) -> None:
    pod = workload.pod
    for key, value in pod.items():
        if key in _HANDLED or _DEFAULTS.get(key, object()) == value:
            continue
        draft.put(reselected(value, workload, new_labels), "template", "spec", key)
    named = foreign_expressions({key: pod[key] for key in pod if key not in _HANDLED}, workload)
    if named:
        draft.ask(
            f"matchExpressions in affinity or topologySpreadConstraints name {listed(sorted(set(named)))}: "
            "write labels that the new pods have.",
            "template",
        )
    grace = pod.get("terminationGracePeriodSeconds")
    if workload.role is Role.WORKER and isinstance(grace, int) and grace != _GRACE_DEFAULT:
        draft.put(min(max(1, grace), _LONGEST_GRACE), "gracePeriodSeconds")


def _pull_policy(container: Mapping[str, object]) -> str:
    """Empty where Kubernetes itself would choose the same."""
    image, policy = str(container.get("image") or ""), str(container.get("imagePullPolicy") or "")
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    latest = "@" not in image and tag in {"", "latest"}
    return "" if policy == ("Always" if latest else "IfNotPresent") else policy


def _note_token(workload: Workload, shared: Shared) -> None:
    mounts = workload.pod.get("automountServiceAccountToken")
    if shared.service_account and mounts is None and workload.role is not Role.FLOWER:
        shared.about.ask(
            "The pods get no token for the Kubernetes API. If tasks use that API, write template: {spec: "
            "{automountServiceAccountToken: true}} into their group.",
            "serviceAccountName",
        )


def rollout_notes(workload: Workload, draft: Draft) -> None:
    """What of the Deployment itself is not carried over."""
    spec, strategy = workload.spec, part(workload.spec, "strategy")
    rolling = part(strategy, "rollingUpdate")
    usual = {"maxSurge": "25%", "maxUnavailable": "25%"}
    if strategy.get("type") == "Recreate":
        draft.ask(
            "strategy: Recreate is not carried over: in a rollout, new workers start before old ones stop. "
            "Check that old and new workers can run at the same time."
        )
    elif any(rolling.get(key, value) != value for key, value in usual.items()):
        draft.remark("strategy is not carried over: new workers start before old ones stop, 25% at a time.")
    if claims := parts(spec, "volumeClaimTemplates"):
        names = listed([str(part(one, "metadata").get("name")) for one in claims])
        draft.ask(f"A group has no volumeClaimTemplates: volume {names} is not carried over.")
    left_out = [
        key
        for key, usual_value in (("minReadySeconds", 0), ("progressDeadlineSeconds", 600), ("paused", False))
        if spec.get(key, usual_value) != usual_value
    ]
    if left_out:
        draft.remark(f"Not carried over: {listed(left_out)}.")
