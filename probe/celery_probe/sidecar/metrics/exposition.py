"""The Prometheus text format, of one process a pod and therefore without labels."""

from collections.abc import Iterable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Value = float | int | bool | None

Sample = tuple[str, str, str, Value]
"""Name, kind, meaning and value."""


def exposition(samples: Iterable[Sample]) -> str:
    """The text of a scrape. A number that is not known is left out, never shown as 0."""
    lines: list[str] = []
    for name, kind, meaning, value in samples:
        if value is not None:
            lines += (
                f"# HELP {name} {meaning}",
                f"# TYPE {name} {kind}",
                f"{name} {float(value):.15g}",
            )
    return "\n".join(lines) + "\n"
