"""The text formats of Prometheus: the classic one, and OpenMetrics, which alone has exemplars."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

Labels = tuple[tuple[str, str], ...]


class TextFormat(Enum):
    """A text format; the value is its content type."""

    CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
    OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class TraceExemplar:
    """One observation with its trace; ``at`` is Unix time."""

    trace_id: str
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One series. ``suffix`` comes after the family's name: ``_total``, ``_bucket``, ``_sum``, ``_count``."""

    value: float
    labels: Labels = ()
    suffix: str = ""
    exemplar: TraceExemplar | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """All series of one metric. The name of a counter has no ``_total``; its samples have that suffix."""

    name: str
    kind: str
    meaning: str
    samples: tuple[Sample, ...]


def accepted_format(accept: str) -> TextFormat:
    """The format for a scraper that sends this ``Accept`` header: OpenMetrics only where it is named."""
    named = "application/openmetrics-text" in accept.lower()
    return TextFormat.OPEN_METRICS if named else TextFormat.CLASSIC


def render(families: Iterable[Family], form: TextFormat) -> str:
    """The text of a scrape. A family without samples is left out."""
    lines = [line for family in families if family.samples for line in _lines(family, form)]
    if form is TextFormat.OPEN_METRICS:
        lines.append("# EOF")
    return "\n".join(lines) + "\n"


def _lines(family: Family, form: TextFormat) -> Iterator[str]:
    classic = form is TextFormat.CLASSIC
    name = f"{family.name}_total" if classic and family.kind == "counter" else family.name
    yield f"# HELP {name} {family.meaning}"
    yield f"# TYPE {name} {family.kind}"
    for sample in family.samples:
        line = f"{family.name}{sample.suffix}{_labels(sample.labels)} {float(sample.value):.15g}"
        if sample.exemplar is not None and not classic:
            seen = sample.exemplar
            line += f' # {{trace_id="{seen.trace_id}"}} {seen.value:.9g} {seen.at:.3f}'
        yield line


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
