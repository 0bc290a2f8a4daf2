"""Poison tasks: a task kills what runs it, is delivered again, and kills the next."""

from celery_health.catalogue.deaths import DeathReason
from celery_health.verdicts.deaths import KILLED_FROM_OUTSIDE, MEMORY_ERROR, FleetDeaths, Victim
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
        return _of_ids(victims, deaths.dead_letter_queue)
    names = poison_names(deaths, thresholds)
    return _of_name(names[0], deaths) if names else None


def of_task(task_id: str, deaths: FleetDeaths, thresholds: FleetThresholds) -> Verdict | None:
    """The verdict on one task, if it is one of the poison tasks."""
    found = tuple(victim for victim in poison_ids(deaths, thresholds) if victim.id == task_id)
    return _of_ids(found, deaths.dead_letter_queue) if found else None


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


def _of_ids(victims: tuple[Victim, ...], dead_letter_queue: str) -> Verdict:
    """``dead_letter_queue``: empty where quarantine is off."""
    worst = victims[0]
    suspects = [victim for victim in victims if victim.at == worst.at and not victim.alone]
    unsure = not worst.alone and len(suspects) > 1
    others = [victim for victim in victims if victim not in (suspects if unsure else [worst])]
    # A message that does not come back is not in the dead-letter queue.
    quarantined = bool(dead_letter_queue) and worst.returns
    if quarantined:
        variant = "quarantined" + ("_suspects" if unsure else "_several" if others else "")
    else:
        variant = "suspects" if unsure else ""
    together = "They ran together each time. " if unsure else ""
    fate = _moved(dead_letter_queue, several=unsure) if quarantined else _fate(worst, several=unsure)
    return Verdict(
        DeathReason.POISON_TASK,
        tuple(label(victim) for victim in victims),
        {
            "task_id": worst.id,
            "times": times(worst.count),
            "span": lasting(max(1.0, worst.last - worst.first)),
            "cause": cause(worst),
            "fate": together + fate + _others(others, short=quarantined),
            "correction": correction(worst),
            "pod": worst.last_worker,
            "suspects": listed([label(victim) for victim in suspects]),
            "task": label(worst),
            "dead_letter_queue": dead_letter_queue,
        },
        variant=variant,
    )


def _of_name(name: str, deaths: FleetDeaths) -> Verdict:
    of_name = [victim for victim in deaths.victims() if victim.name == name]
    last = max(of_name, key=lambda victim: victim.last)
    return Verdict(
        DeathReason.POISON_TASK,
        (name,),
        {
            "times": times(deaths.deaths_by_name()[name]),
            "span": lasting(max(1.0, last.last - min(victim.first for victim in of_name))),
            "cause": cause(last),
            "correction": correction(last),
            "pod": last.last_worker,
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


def correction(victim: Victim) -> str:
    """What helps against the cause of the last death."""
    if victim.oom:
        return "Let the task use less memory, or give its workers more, or lower their concurrency."
    if victim.cause == KILLED_FROM_OUTSIDE:
        return "Correct the task, or find out what sends SIGKILL: the kernel does where memory runs out."
    if victim.cause == MEMORY_ERROR:
        return "Let the task use less memory, or raise the limit that it reached, such as that of ulimit -v."
    return "Correct the task."


def _moved(queue: str, *, several: bool) -> str:
    messages = "their messages" if several else "its message"
    return (
        f"Workers now move {messages} to the queue {queue} instead of running {'them' if several else 'it'}."
    )


def _others(victims: list[Victim], *, short: bool) -> str:
    """Further poison tasks; with whole ids where the reader needs them for ``control revoke``."""
    if not victims:
        return ""
    names = [label(one) if short else f"{one.name} ({one.id})" for one in victims]
    task_kills = "Another task kills its workers" if len(victims) == 1 else "Other tasks kill their workers"
    return f" {task_kills} as well: {listed(names)}."


def _fate(victim: Victim, *, several: bool) -> str:
    if not victim.returns:
        return "Its message does not go back to the queue."
    return "They were redelivered each time." if several else "It was redelivered each time."
