"""Names, labels and owner of every owned object: how it is found, and why it is deleted with its owner."""

from dataclasses import dataclass
from typing import Any

from celery_operator.api import names
from celery_operator.kinds import VOLUME_CLAIM, Json

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResourceIdentity:
    """The CeleryDeployment that owns the objects."""

    namespace: str
    name: str
    uid: str


def deployment_name(cd: ResourceIdentity, group: str) -> str:
    """Name of the Deployment of a worker group."""
    return f"{cd.name}-{group}"


def beat_name(cd: ResourceIdentity) -> str:
    """Name of beat: its StatefulSet and its volume claim."""
    return f"{cd.name}-{names.COMPONENT_BEAT}"


def redis_name(cd: ResourceIdentity) -> str:
    """Name of the managed Redis: its StatefulSet, Service, Secret and volume claim."""
    return f"{cd.name}-{names.COMPONENT_REDIS}"


def monitor_name(cd: ResourceIdentity) -> str:
    """Name of the monitor: its Deployment, Service, Secret and volume claim."""
    return f"{cd.name}-{names.COMPONENT_MONITOR}"


def flower_name(cd: ResourceIdentity) -> str:
    """Name of Flower: its Deployment, Service and Secret."""
    return f"{cd.name}-{names.COMPONENT_FLOWER}"


def service_account_name(cd: ResourceIdentity) -> str:
    """Name of the ServiceAccount that is made where the spec names none."""
    return f"{cd.name}-celery"


def probe_secret_name(cd: ResourceIdentity) -> str:
    """Name of the Secret with the token of the probe sidecars."""
    return f"{cd.name}-probe"


def labels(cd: ResourceIdentity, component: str | None = None, group: str | None = None) -> dict[str, str]:
    """Labels of an owned object; those with a component also select the pods of a Deployment."""
    values = {
        names.LABEL_NAME: "celery",
        names.LABEL_INSTANCE: cd.name,
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_COMPONENT: component,
        names.LABEL_GROUP: group,
    }
    return {key: value for key, value in values.items() if value is not None}


def is_owned(live: Json, uid: str) -> bool:
    """Whether the CeleryDeployment of this uid controls the object."""
    controller = controller_of(live)
    return controller is not None and controller["uid"] == uid


def controller_of(live: Json) -> Json | None:
    """The owner reference of the one owner that manages the object; None where it has none."""
    owners: list[Json] = live["metadata"].get("ownerReferences", [])
    return next((owner for owner in owners if owner.get("controller")), None)


def may_keep(live: Json, body: Manifest, uid: str) -> bool:
    """Whether an object of the desired manifest's name is ours to write.

    A volume claim that outlives its owner has no owner reference. It is ours by its labels, so that a new
    resource of the same name continues with it.
    """
    if is_owned(live, uid):
        return True
    theirs = live["metadata"]
    return (
        body["kind"] == VOLUME_CLAIM.kind
        and not theirs.get("ownerReferences")
        and body["metadata"]["labels"].items() <= theirs.get("labels", {}).items()
    )


def may_delete(live: Json, uid: str) -> bool:
    """Whether the operator may delete an object: our label and owner reference, not being deleted."""
    metadata = live["metadata"]
    ours = metadata.get("labels", {}).get(names.LABEL_MANAGED_BY) == names.MANAGED_BY
    return ours and is_owned(live, uid) and "deletionTimestamp" not in metadata


def owned_object(
    cd: ResourceIdentity, api_version: str, kind: str, name: str, object_labels: dict[str, str]
) -> Manifest:
    """The head of the manifest of an owned object, which is deleted with its owner.

    ``blockOwnerDeletion`` makes ``kubectl delete --cascade=foreground`` wait for owned objects. Where
    OwnerReferencesPermissionEnforcement is on, it needs ``update`` on ``celerydeployments/finalizers``.
    """
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": cd.namespace,
            "labels": object_labels,
            "ownerReferences": [
                {
                    "apiVersion": names.API_VERSION,
                    "kind": names.KIND,
                    "name": cd.name,
                    "uid": cd.uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
    }


def outliving(manifest: Manifest) -> Manifest:
    """The manifest of an object that stays when its owner is deleted."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "ownerReferences"}
    return {**manifest, "metadata": metadata}
