"""Owned objects that cannot be applied, each with what to do about it."""

from celery_health.urls import redact
from celery_operator.api import names
from celery_operator.kinds import Json
from celery_operator.snapshot import ConfigurationFault

NAME_TAKEN = "NameTaken"
REFUSED = "Refused"
NOT_APPLIED = "ObjectsNotApplied"

MESSAGE_LIMIT = 600


def name_taken(kind: str, live: Json, owner_name: str) -> ConfigurationFault:
    """The fault of an owned object whose name another object has."""
    name = live["metadata"]["name"]
    if any(
        owner["kind"] == names.KIND and owner["name"] == owner_name
        for owner in live["metadata"].get("ownerReferences", [])
    ):
        message = f"{kind} {name} belongs to an earlier {owner_name} and is being cleaned up"
        return ConfigurationFault(NAME_TAKEN, message, waiting=True)
    command = f"kubectl -n {live['metadata']['namespace']} delete {kind.lower()} {name}"
    message = (
        f"{kind} {name} exists and does not belong to this CeleryDeployment, so it is left alone: "
        "rename the CeleryDeployment or its group, or delete the object"
    )
    return ConfigurationFault(NAME_TAKEN, message, waiting=True, command=command)


def refused(kind: str, name: str, message: str) -> ConfigurationFault:
    """The fault of an owned object that the API server refuses, in the server's words without secrets."""
    return ConfigurationFault(REFUSED, f"The API server refused {kind} {name}: {_short(message)}")


def not_applied(message: str) -> ConfigurationFault:
    """The fault of owned objects that the API server fails to write, as when a webhook does not answer."""
    text = f"The API server fails to write the owned objects. The operator tries again: {_short(message)}"
    return ConfigurationFault(NOT_APPLIED, text, waiting=True)


def _short(message: str) -> str:
    text = " ".join(redact(message).split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
