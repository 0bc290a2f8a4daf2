"""Reads fields of a manifest that may have any shape."""

from celery_kubectl.kubectl import Object


def part(value: Object, key: str) -> Object:
    """A map inside a manifest; an empty one where it is missing or something else."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def parts(value: Object, key: str) -> list[Object]:
    """The maps of a list inside a manifest."""
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(value: Object, key: str) -> str:
    """A text inside a manifest; empty where it is missing or something else."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def number(value: Object, key: str, default: int) -> int:
    """A whole number inside a manifest; the default where it is missing or something else."""
    found = value.get(key)
    return found if isinstance(found, int) else default


def in_namespace(value: Object, namespace: str) -> bool:
    """Whether an object is in the namespace, as far as the manifests say it."""
    own = text(part(value, "metadata"), "namespace")
    return not own or not namespace or own == namespace


def words(value: Object, key: str) -> list[str]:
    """The texts of a list inside a manifest."""
    found = value.get(key)
    return [str(one) for one in found] if isinstance(found, list) else []
