"""Environment of the containers: broker and result backend first, then what the user adds."""

from collections.abc import Iterable
from typing import Any

from celery_health.wire.names import BROKER_VARIABLE
from celery_operator.api import names
from celery_operator.api.references import SecretKeyReference, UrlSource
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.ownership import ResourceIdentity, redis_name

EnvVar = dict[str, Any]

RESULT_BACKEND_VARIABLE = "CELERY_RESULT_BACKEND"


def connections(cd: ResourceIdentity, spec: CeleryDeploymentSpec) -> list[EnvVar]:
    """The variables from which Celery takes its broker and its result backend."""
    broker, backend = spec.broker, spec.result_backend
    if broker.managed is not None:
        variables = [_from_redis_secret(cd, BROKER_VARIABLE, names.URL_KEY)]
    else:
        variables = [_variable(BROKER_VARIABLE, broker.url or "", broker.url_from)]
    if backend is not None and backend.managed is not None:
        variables.append(_from_redis_secret(cd, RESULT_BACKEND_VARIABLE, names.RESULTS_URL_KEY))
    elif backend is not None:
        variables.append(_variable(RESULT_BACKEND_VARIABLE, backend.url or "", backend.url_from))
    return variables


def merged(*lists: Iterable[EnvVar]) -> list[EnvVar]:
    """All variables in order, each name once: a later one takes the place of an earlier one."""
    return list({variable["name"]: variable for variables in lists for variable in variables}.values())


def literal(text: str) -> str:
    """Text that the kubelet hands on as it stands: it would expand ``$(NAME)`` and halve ``$$``."""
    return text.replace("$", "$$")


def from_secret(name: str, reference: SecretKeyReference) -> EnvVar:
    """A variable whose value is a key of a Secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": reference.name, "key": reference.key}}}


def _from_redis_secret(cd: ResourceIdentity, name: str, key: str) -> EnvVar:
    return from_secret(name, SecretKeyReference(name=redis_name(cd), key=key))


def _variable(name: str, url: str, source: UrlSource | None) -> EnvVar:
    if source is None:
        return {"name": name, "value": literal(url)}
    return from_secret(name, source.secret_key_ref)
