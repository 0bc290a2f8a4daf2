"""Quantities of Kubernetes as numbers, and back."""

import re

_QUANTITY = re.compile(
    r"\+?(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?P<unit>[numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?"
)
_UNITS = {
    **dict(zip("num", (1e-9, 1e-6, 1e-3), strict=True)),
    **{unit: 1e3**power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", 1)},
}
_MEBIBYTE, _GIBIBYTE = 2**20, 2**30
COARSE_BYTES = 16 * _GIBIBYTE


def quantity(value: object) -> float | None:
    """The number; None for a value that is not a quantity."""
    found = _QUANTITY.fullmatch(str(value))
    if found is None:
        return None
    number, unit = found["number"], found["unit"] or ""
    return (
        float(f"{number}{unit}")
        if unit not in _UNITS and unit[:1] in {"e", "E"}
        else float(number) * _UNITS.get(unit, 1.0)
    )


def memory_text(size: float) -> str:
    """``412Mi``, ``2Gi``: to the whole MiB, and from ``COARSE_BYTES`` on to the whole GiB."""
    unit = _MEBIBYTE if size < COARSE_BYTES else _GIBIBYTE
    size = round(size / unit) * unit
    return f"{size // _GIBIBYTE}Gi" if size and size % _GIBIBYTE == 0 else f"{size // _MEBIBYTE}Mi"


def cpu_text(millicores: float) -> str:
    """``400m``, ``2``."""
    rounded = round(millicores)
    return str(rounded // 1000) if rounded and rounded % 1000 == 0 else f"{rounded}m"
