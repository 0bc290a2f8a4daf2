"""Hashes that show whether an owned object, or a secret value, has changed."""

import json
from hashlib import blake2b

from celery_operator.kinds import Json

# Written by the API server and by controllers all the time, never by a person who changes an object.
_SERVERS_OWN = frozenset({"managedFields", "resourceVersion", "generation"})
_REVISION = "deployment.kubernetes.io/revision"


def digest(body: Json) -> str:
    """A hash of an object as it should be."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def short_digest(text: str, secret: str = "") -> str:
    """A short hash. With a ``secret`` it does not help to guess the text."""
    key = blake2b(secret.encode()).digest() if secret else b""
    return blake2b(text.encode(), digest_size=8, key=key).hexdigest()


def fingerprint(live: Json) -> str:
    """A hash of an object as it is, without its status and the fields that the server writes."""
    metadata = {name: value for name, value in live["metadata"].items() if name not in _SERVERS_OWN}
    annotations = {
        name: value for name, value in metadata.get("annotations", {}).items() if name != _REVISION
    }
    metadata["annotations"] = annotations
    kept = {name: value for name, value in live.items() if name not in ("status", "apiVersion", "kind")}
    return digest({**kept, "metadata": metadata})
