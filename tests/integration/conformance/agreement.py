"""Where what this program says of a configuration contradicts what Celery does with it."""

from collections.abc import Iterator, Mapping

from tests.integration.conformance.case import Case
from tests.integration.conformance.ours import BY_APPLICATION, Said

Recorded = Mapping[str, Mapping[str, str]]
"""By configuration, of ``broker`` and ``backend``."""

# What may be said of a configuration, by the first word of what Celery does: never the opposite.
_FITTING = {
    "connects": {"reachable", "unknown"},
    "fails": {"unreachable", "refused", "unknown"},
    "refuses": {"unreachable", "refused", "unknown"},
}


def disagreements(
    version: str, cases: Mapping[str, Case], recorded: Recorded, said: Mapping[str, Said]
) -> Iterator[tuple[str, str]]:
    """The name of the configuration, and what each side says."""
    for name, celery in recorded.items():
        case = cases[name]
        subject = "backend" if case.backend else "broker"
        if version in case.otherwise_in:
            continue
        for who, words in said[name].items():
            word, does = words[subject].partition(":")[0] if subject in words else "", celery[subject]
            if word and word not in _fitting(case, who, does.partition(":")[0]):
                yield name, f"    Celery {version} {does}\n    {who} says {words[subject]}"


def _fitting(case: Case, who: str, does: str) -> set[str]:
    if who == BY_APPLICATION:
        # A failure may be one of this place. What runs, and what cannot run, has to be known.
        return _FITTING[does] - ({"unknown"} if does != "fails" and not case.unclear else set())
    if case.is_url:
        return _FITTING[does]
    # The rest is not known to them. Workers that run must not be called unreachable.
    return {"reachable", "unreachable", "unknown", "refused"} - (
        {"unreachable", "refused"} if does == "connects" and not case.replaces_url else set()
    )
