"""The page that the matrix is written to: pure."""

from collections.abc import Mapping, Sequence

from tools.fault_matrix.measure import Result
from tools.fault_matrix.rows import BY_NAME, VISIBILITY_SECONDS
from tools.fault_matrix.stand import HUNG_AFTER, STALLED_AFTER

HEADING = (
    "fault", "pool", "broker", "detected as", "after (s)", "healed by", "healed after (s)",
    "other restarts", "tasks lost", "tasks run twice", "result",
)  # fmt: skip

LIMITS = (
    f"- limits: stalledAfterSeconds {STALLED_AFTER}, hungTaskAfterSeconds {HUNG_AFTER}, "
    f"visibility timeout on Redis {VISIBILITY_SECONDS} s"
)


def page(results: Sequence[Result], facts: Mapping[str, str]) -> str:
    """The whole Markdown page."""
    lines = [
        "# Fault matrix",
        "",
        "`make fault-matrix` writes this page; do not edit it. The matrix causes each fault on one of two",
        "workers in a real cluster, while tasks run. The tasks write a ledger that shows the fate of each.",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        LIMITS,
        "",
        "Tasks are sent 2 s after the fault. [Decision 8](../decisions/0008-what-redis-loses-in-the-pop.md)",
        "describes what Redis can lose in the moment of a fault.",
        "",
        "- **after**: seconds from the fault to the verdict.",
        "- **healed after**: seconds from the fault, or from the end of its cause if nothing else heals it.",
        "- **other restarts**: restarts of pods that the fault did not affect.",
        "",
        _line(HEADING),
        _line(["---"] * len(HEADING)),
        *(_line(_cells(result)) for result in sorted(results, key=_order)),
        "",
        *_why(results),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _order(result: Result) -> tuple[int, str, str]:
    return (list(BY_NAME).index(result.row), result.broker, result.pool)


def _cells(result: Result) -> list[str]:
    return [
        result.row,
        result.pool,
        result.broker,
        result.reported_as or "-",
        _number(result.reported_after),
        BY_NAME[result.row].healer.value,
        _number(result.healed_after),
        _count(result.innocent_restarts),
        _count(result.lost),
        _count(result.doubled),
        f"FAILED: {result.problem}" if result.problem else "ok",
    ]


def _why(results: Sequence[Result]) -> list[str]:
    doubled = sorted({result.row for result in results if result.doubled})
    return [f"Run twice in `{name}`: {BY_NAME[name].why_doubled or 'not allowed'}." for name in doubled]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _number(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.0f}"


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)
