"""Which fault comes when: the same seed gives the same plan."""

import random
from dataclasses import dataclass
from enum import StrEnum

from tools.soak.judge import Hit

FIRST_SECONDS = 10.0
QUIET_END_SECONDS = 15.0
PAUSE_SECONDS = (8.0, 16.0)


class Kind(StrEnum):
    """A fault that is made for real."""

    KILL_WORKER = "kill -9 of a worker"
    STOP_WORKER = "STOP of a worker"
    KILL_CHILD = "kill -9 of a pool's child"
    DEAFEN = "a worker made deaf"
    RESTART_BROKER = "restart of Redis"
    KILL_BROKER = "kill -9 of Redis"
    KILL_OPERATOR = "kill -9 of the operator"

    @property
    def hit(self) -> Hit:
        """What it strikes."""
        if self in (Kind.RESTART_BROKER, Kind.KILL_BROKER):
            return Hit.BROKER
        return Hit.OPERATOR if self is Kind.KILL_OPERATOR else Hit.WORKER


@dataclass(frozen=True, slots=True)
class Planned:
    """``at``: seconds after the begin. ``choice`` picks the target: a number from 0 to 1 over the list."""

    at: float
    kind: Kind
    choice: float


def plan(seconds: float, seed: int) -> list[Planned]:
    """Every kind once, in random order, then at random, until shortly before the end."""
    chosen = random.Random(seed)
    planned: list[Planned] = []
    bag: list[Kind] = []
    at = FIRST_SECONDS
    while at < seconds - QUIET_END_SECONDS:
        bag = bag or chosen.sample(list(Kind), len(Kind))
        planned.append(Planned(at, bag.pop(), chosen.random()))
        at += chosen.uniform(*PAUSE_SECONDS)
    return planned
