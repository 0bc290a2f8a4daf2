"""Owned objects that cannot be applied, each with what to do about it."""

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.urls import redact
from celery_health.verdicts.verdict import Verdict
from celery_operator.api import names
from celery_operator.kinds import Json
from celery_operator.snapshot import ConfigurationFault

MESSAGE_LIMIT = 600


def name_taken(kind: str, live: Json, owner_name: str) -> ConfigurationFault:
    """The fault of an owned object whose name another object has."""
    metadata = live["metadata"]
    earlier = any(
        owner["kind"] == names.KIND and owner["name"] == owner_name
        for owner in metadata.get("ownerReferences", [])
    )
    verdict = Verdict(
        ConfigurationReason.NAME_TAKEN,
        (metadata["name"],),
        {"kind": kind, "owner": owner_name},
        variant="being_deleted" if earlier else "",
    )
    return ConfigurationFault.of(verdict, metadata["namespace"])


def refused(kind: str, name: str, message: str) -> ConfigurationFault:
    """The fault of an owned object that the API server refuses, in the server's words without secrets."""
    facts = {"kind": kind, "answer": _short(message)}
    return ConfigurationFault.of(Verdict(ConfigurationReason.REFUSED, (name,), facts))


def not_applied(message: str) -> ConfigurationFault:
    """The fault of owned objects that the API server fails to write, as when a webhook does not answer."""
    facts = {"answer": _short(message)}
    return ConfigurationFault.of(Verdict(ConfigurationReason.OBJECTS_NOT_APPLIED, facts=facts))


def _short(message: str) -> str:
    text = " ".join(redact(message).split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
