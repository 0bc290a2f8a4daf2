"""Owned objects that cannot be applied, each with what to do about it."""

from collections.abc import Iterator, Mapping

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.redaction import redact
from celery_health.verdicts.verdict import Verdict
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.template_fields import TemplateFields
from celery_operator.kinds import Json
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    beat_name,
    deployment_name,
    flower_name,
    monitor_name,
    redis_name,
)
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


def secret_forbidden(name: str, answer: str) -> ConfigurationFault:
    """The fault of a Secret that the resource names and the operator may not read."""
    return ConfigurationFault.of(Verdict(ConfigurationReason.SECRET_FORBIDDEN, (name,), {"answer": answer}))


def not_applied(message: str) -> ConfigurationFault:
    """The fault of owned objects that the API server fails to write, as when a webhook does not answer."""
    facts = {"answer": _short(message)}
    return ConfigurationFault.of(Verdict(ConfigurationReason.OBJECTS_NOT_APPLIED, facts=facts))


def not_built(problem: str) -> ConfigurationFault:
    """The fault of owned objects that the operator itself fails to apply; ``problem`` has no secrets."""
    facts = {"answer": problem}
    return ConfigurationFault.of(
        Verdict(ConfigurationReason.OBJECTS_NOT_APPLIED, facts=facts, variant="failing")
    )


def withheld(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, body: Manifest, fields: TemplateFields
) -> ConfigurationFault | None:
    """The fault of an object with pods whose fields are not allowed; None for any other object."""
    if "template" not in body.get("spec", {}):
        return None
    name = body["metadata"]["name"]
    users_image = name in {beat_name(cd), *(deployment_name(cd, group.name) for group in spec.workers)}
    found = [
        *_of_resource(spec, fields, users_image=users_image),
        *fields.refused(_template_of(cd, spec, name)),
    ]
    if not found:
        return None
    facts = {"kind": body["kind"], "fields": ", ".join(sorted(set(found)))}
    return ConfigurationFault.of(Verdict(ConfigurationReason.FIELD_NOT_ALLOWED, (name,), facts))


def _of_resource(spec: CeleryDeploymentSpec, fields: TemplateFields, *, users_image: bool) -> Iterator[str]:
    """The resource's fields under the names that a template gives them.

    ``users_image``: workers and beat, which run the user's image. Only they have its volumes and its user.
    """
    pod: dict[str, object] = {}
    if spec.service_account_name is not None:
        pod["serviceAccountName"] = spec.service_account_name
    if spec.volumes and users_image:
        pod["volumes"] = list(spec.volumes)
    yield from fields.refused({"spec": pod} if pod else {})
    user = {"spec": {"securityContext": {"runAsUser": spec.run_as_user}}}
    if users_image and spec.run_as_user is not None and fields.refused(user):
        yield "spec.runAsUser"


def _template_of(cd: ResourceIdentity, spec: CeleryDeploymentSpec, name: str) -> Mapping[str, object]:
    templates: dict[str, Mapping[str, object]] = {
        **{deployment_name(cd, group.name): group.template for group in spec.workers},
        beat_name(cd): spec.beat.template,
        monitor_name(cd): spec.monitor.template,
        flower_name(cd): spec.flower.template,
    }
    if spec.broker.managed is not None:
        templates[redis_name(cd)] = spec.broker.managed.template
    return templates.get(name, {})


def _short(message: str) -> str:
    text = " ".join(redact(message).split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
