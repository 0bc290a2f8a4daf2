"""Whose object is this: what we may change and delete, and what we must leave alone. Pure."""

from celery_health.urls import redact
from celery_operator.api import names
from celery_operator.kube import Json
from celery_operator.snapshot import ConfigurationFault

NAME_TAKEN = "NameTaken"
REFUSED = "Refused"
NOT_KEPT = "ChildrenNotKept"

MESSAGE_LIMIT = 600


def is_owned(live: Json, uid: str) -> bool:
    """Whether the CeleryDeployment of this uid owns the object."""
    return any(owner["uid"] == uid for owner in live["metadata"].get("ownerReferences", []))


def may_delete(live: Json, uid: str) -> bool:
    """Whether an object is ours to take away: our label, our owner reference, and not going already."""
    metadata = live["metadata"]
    ours = metadata.get("labels", {}).get(names.LABEL_MANAGED_BY) == names.MANAGED_BY
    return ours and is_owned(live, uid) and "deletionTimestamp" not in metadata


def name_taken(kind: str, live: Json, owner_name: str) -> ConfigurationFault:
    """The fault of a child whose name another object has."""
    name = live["metadata"]["name"]
    if any(
        owner["kind"] == names.KIND and owner["name"] == owner_name
        for owner in live["metadata"].get("ownerReferences", [])
    ):
        message = f"{kind} {name} belongs to an earlier {owner_name} and is being cleaned up"
        return ConfigurationFault(NAME_TAKEN, message, waiting=True)
    command = f"kubectl -n {live['metadata']['namespace']} delete {kind.lower()} {name}"
    message = (
        f"{kind} {name} exists and is not ours, so it is left alone: "
        f"rename the CeleryDeployment or its group, or remove the object with `{command}`"
    )
    return ConfigurationFault(NAME_TAKEN, message, waiting=True)


def refused(kind: str, name: str, message: str) -> ConfigurationFault:
    """The fault of a child that the API server will not take, in the server's own words, without secrets."""
    return ConfigurationFault(REFUSED, f"the API server refused {kind} {name}: {_short(message)}")


def not_kept(message: str) -> ConfigurationFault:
    """The fault of children that the API server fails to write, as when a webhook does not answer it."""
    text = f"the API server fails to write the children, the operator tries again: {_short(message)}"
    return ConfigurationFault(NOT_KEPT, text, waiting=True)


def _short(message: str) -> str:
    text = " ".join(redact(message).split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
