"""Numbers as the panels show them."""

from tools.dashboards.panel import Unit

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


def shown(value: float, unit: Unit) -> str:
    """A value with its unit, such as ``1.5 s``."""
    match unit:
        case Unit.SECONDS:
            return f"{_short(value)} s"
        case Unit.PERCENT:
            return f"{_short(value)} %"
        case Unit.PER_SECOND:
            return f"{_short(value)}/s"
        case Unit.BYTES:
            return _in_bytes(value)
        case Unit.YES_NO:
            return "Yes" if value else "No"
        case Unit.NUMBER:
            return _short(value)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _in_bytes(value: float) -> str:
    for name in _BYTES[:-1]:
        if abs(value) < 1024:
            return f"{_short(value)} {name}"
        value /= 1024
    return f"{_short(value)} {_BYTES[-1]}"
