"""Poison tasks: a task kills what runs it, is delivered again, and kills the next."""

from celery_health.catalogue.deaths import DeathReason
from celery_health.verdicts.deaths import FleetDeaths, Victim
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.text import lasting, listed, times
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.verdict import Verdict

_MIB = 1024 * 1024
_SHOWN_OF_ID = 8


def check(fleet: FleetEvidence) -> Verdict | None:
    """The message is about the id with the most deaths, else about the name."""
    deaths, thresholds = fleet.deaths, fleet.thresholds
    victims = poison_ids(deaths, thresholds)
    if victims:
        return _of_ids(victims)
    names = poison_names(deaths, thresholds)
    return _of_name(names[0], deaths) if names else None


def poison_ids(deaths: FleetDeaths, thresholds: FleetThresholds) -> tuple[Victim, ...]:
    """The task ids that were there at enough deaths, the most deaths first.

    A task that only ever died together with another one, which has more deaths of its own, is a bystander.
    """
    found = [victim for victim in deaths.victims() if victim.count >= thresholds.poison_id_deaths]
    return tuple(victim for victim in found if not any(_explains(other, victim) for other in found))


def poison_names(deaths: FleetDeaths, thresholds: FleetThresholds) -> tuple[str, ...]:
    """The task names with enough deaths, and with far more of them than their share of the runs."""
    counts = deaths.deaths_by_name()
    total = sum(counts.values())
    return tuple(
        name
        for name, count in counts.most_common()
        if count >= thresholds.poison_name_deaths
        and count / total >= thresholds.poison_share * deaths.share_of_runs(name)
    )


def _explains(other: Victim, victim: Victim) -> bool:
    """Whether the other one was there at every death of the victim, and has died without it as well."""
    if other.id == victim.id or victim.alone:
        return False
    return victim.at <= other.at and (other.alone > 0 or other.count > victim.count)


def _of_ids(victims: tuple[Victim, ...]) -> Verdict:
    worst = victims[0]
    suspects = [victim for victim in victims if victim.at == worst.at and not victim.alone]
    unsure = not worst.alone and len(suspects) > 1
    return Verdict(
        DeathReason.POISON_TASK,
        tuple(label(victim) for victim in victims),
        {
            "task_id": worst.id,
            "times": times(worst.count),
            "span": lasting(max(1.0, worst.last - worst.first)),
            "cause": cause(worst),
            "fate": _fate(worst),
            "pod": worst.last_worker,
            "suspects": listed([label(victim) for victim in suspects]),
        },
        variant="suspects" if unsure else "",
    )


def _of_name(name: str, deaths: FleetDeaths) -> Verdict:
    of_name = [victim for victim in deaths.victims() if victim.name == name]
    last = max(of_name, key=lambda victim: victim.last)
    return Verdict(
        DeathReason.POISON_TASK,
        (name,),
        {
            "task_id": last.id,
            "times": times(deaths.deaths_by_name()[name]),
            "span": lasting(max(1.0, last.last - min(victim.first for victim in of_name))),
            "cause": cause(last),
            "fate": "",
            "pod": last.last_worker,
            "suspects": "",
        },
        variant="by_name",
    )


def label(victim: Victim) -> str:
    """The name and the beginning of the id: ``warehouse.hog (29a3b4be)``."""
    return f"{victim.name} ({victim.id[:_SHOWN_OF_ID]})"


def cause(victim: Victim) -> str:
    """The cause of the last death in words."""
    if not victim.oom:
        return victim.cause
    peak, limit = victim.memory
    if limit is None:
        return "out of memory"
    if peak is None:
        return f"out of memory at the limit of {limit // _MIB} MiB"
    return f"out of memory, {peak // _MIB} of {limit // _MIB} MiB"


def _fate(victim: Victim) -> str:
    return "It was redelivered each time." if victim.returns else "Its message does not go back to the queue."
