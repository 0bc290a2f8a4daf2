"""Environment variables of a container, and among them those with the URL of the broker."""

import re
from typing import Any

from celery_health.wire.names import BROKER_VARIABLE

Container = dict[str, Any]
Variable = dict[str, Any]

# What other applications call the variable whose name does not end in BROKER_URL.
_OTHER_NAMES = ("CELERY_BROKER", "PAPERLESS_REDIS")
_REFERENCE = re.compile(r"(?<!\$)\$\(([^()]+)\)")


def env_of(container: Container) -> list[Variable]:
    """The variables that the manifest has in ``env``."""
    return list(container.get("env") or ())


def with_variable(env: list[Variable], name: str, value: str) -> list[Variable]:
    """The variables with another value for this name, in its place or before the others."""
    new = {"name": name, "value": value}
    if any(one["name"] == name for one in env):
        return [new if one["name"] == name else one for one in env]
    return [new, *env]


def broker_name(container: Container) -> str | None:
    """The name of the variable with the URL of the broker; None if no name shows that."""
    names = [one["name"] for one in env_of(container)]
    candidates = (
        *(name for name in names if name == BROKER_VARIABLE),
        *(name for name in names if name.endswith("BROKER_URL")),
        *(name for name in names if name in _OTHER_NAMES),
    )
    return next(iter(candidates), None)


def broker_fields(container: Container, name: str) -> Container:
    """``env``, and ``envFrom`` where that is needed, by which the sidecar has the URL of the broker.

    Raises:
        KeyError: the container has no such variable, and none that comes from a Secret or ConfigMap as a
            whole.
    """
    env = env_of(container)
    known = {one["name"]: one for one in env}
    sources = container.get("envFrom") or []
    if name not in known and not sources:
        raise KeyError(name)
    if name not in known:
        renamed = {"name": BROKER_VARIABLE, "value": f"$({name})"}
        return {"env": [] if name == BROKER_VARIABLE else [renamed], "envFrom": sources}
    needed = _referenced(known[name], known)
    variables = [one for one in env if one["name"] in needed]
    fields = {key: value for key, value in known[name].items() if key != "name"}
    used = {reference for one in (*variables, known[name]) for reference in _references(one)}
    return {
        "env": [*variables, {"name": BROKER_VARIABLE, **fields}],
        **({"envFrom": sources} if sources and not used <= known.keys() else {}),
    }


def _referenced(variable: Variable, known: dict[str, Variable]) -> set[str]:
    """The names of the variables that the value refers to, directly or by others."""
    found: set[str] = set()
    waiting = [variable]
    while waiting:
        names = {name for name in _references(waiting.pop()) if name in known} - found - {variable["name"]}
        found |= names
        waiting += [known[name] for name in names]
    return found


def _references(variable: Variable) -> list[str]:
    value = variable.get("value")
    return _REFERENCE.findall(value) if isinstance(value, str) else []
