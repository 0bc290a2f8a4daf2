"""The Secret with the token that the probe sidecars ask for before they drain a worker."""

from base64 import b64encode

from celery_operator.api import names
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    labels,
    owned_object,
    probe_secret_name,
)


def probe_secret(cd: ResourceIdentity, token: str) -> Manifest:
    """The Secret; pods refer to it by name, so that the token stands in no pod template."""
    return {
        **owned_object(cd, "v1", "Secret", probe_secret_name(cd), labels(cd)),
        "type": "Opaque",
        "data": {names.TOKEN_KEY: b64encode(token.encode()).decode()},
    }
