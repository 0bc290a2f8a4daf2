"""A user's pod template laid over ours.

The semantics are those of a strategic merge patch, cut down to what a pod template needs: maps merge, the
lists below merge by their key, all other values replace ours, and ``{$patch: delete}`` removes.
"""

from typing import Any

Value = Any

_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
}

# One name, one of several sources: fields of two sources in one item are never valid.
_REPLACED_WHOLE = {"env", "volumes"}

_REMOVAL = {"$patch": "delete"}


def laid_over(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """``base`` with ``overlay`` over it; neither is changed.

    ``{$patch: delete}`` in the place of a field removes it, and in an item ``{name: x, $patch: delete}``
    that item of a list that merges by name. null removes a field too, but ``kubectl apply`` drops nulls
    before they are stored. What has the wrong shape replaces ours, so that the API server can say what is
    wrong with it.
    """
    merged = dict(base)
    for key, value in overlay.items():
        if value is None or _removes(value):
            merged.pop(key, None)
        else:
            merged[key] = _merged_value(key, base.get(key), value)
    return merged


def _removes(value: Value) -> bool:
    return isinstance(value, dict) and _REMOVAL.items() <= value.items()


def _merged_value(key: str, base: Value, overlay: Value) -> Value:
    if isinstance(overlay, dict):
        return laid_over(base if isinstance(base, dict) else {}, overlay)
    if key in _MERGE_KEYS and _all_have(overlay, identity := _MERGE_KEYS[key]):
        ours = base if _all_have(base, identity) else []
        return _merged_list(ours, overlay, identity, replace=key in _REPLACED_WHOLE)
    return overlay


def _all_have(items: Value, identity: str) -> bool:
    return isinstance(items, list) and all(
        isinstance(item, dict) and isinstance(item.get(identity), str | int) for item in items
    )


def _merged_list(base: list[Value], overlay: list[Value], identity: str, *, replace: bool) -> list[Value]:
    """Ours in our order, then what is new in the order of the overlay.

    What is removed keeps its place until the end, for an item of the same name may follow.
    """
    merged: dict[str | int, Value | None] = {item[identity]: item for item in base}
    for item in overlay:
        key = item[identity]
        if _removes(item):
            merged[key] = None
        else:
            merged[key] = laid_over({} if replace else merged.get(key) or {}, item)
    return [item for item in merged.values() if item is not None]
