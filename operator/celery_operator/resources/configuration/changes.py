"""Which pods a new spec, or a new password of the managed Redis, replaces in any case."""

from collections.abc import Iterable

from celery_operator.kinds import SECRET
from celery_operator.resources.configuration.references import variables_of
from celery_operator.resources.ownership import Manifest


def replaced_anyway(before: Iterable[Manifest], now: Iterable[Manifest], redis: str) -> frozenset[str]:
    """The names of the objects with a pod template that changes between two builds of the manifests.

    Also of those that read the Secret ``redis`` where that changes: the restarted Redis refuses the earlier
    password, so that their pods cannot wait for a turn.
    """
    earlier = {(body["kind"], body["metadata"]["name"]): body for body in before}
    later = {(body["kind"], body["metadata"]["name"]): body for body in now}
    secret = SECRET.kind, redis
    new_password = secret in earlier and secret in later and earlier[secret]["data"] != later[secret]["data"]
    return frozenset(
        name
        for (kind, name), body in later.items()
        if (kind, name) in earlier
        and "template" in body.get("spec", {})
        and (
            earlier[kind, name]["spec"]["template"] != body["spec"]["template"]
            or (new_password and _reads(body, redis))
        )
    )


def _reads(body: Manifest, redis: str) -> bool:
    return any(one.reference == (SECRET, redis) for one in variables_of(body["spec"]["template"]))
