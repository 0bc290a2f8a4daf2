"""Which sizes are asked for one after another: pure, and the same seed gives the same ones."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

HASTY_SHARE = 0.2
DEEPEST = 2


@dataclass(frozen=True, slots=True)
class Wish:
    """So many pods. ``hasty``: the next wish comes while this one is being carried out."""

    replicas: int
    hasty: bool = False


def wishes(seed: int, largest: int) -> Iterator[Wish]:
    """From ``largest`` down by one or two pods at a time, and from one pod back to it.

    After a hasty one comes the size before it: load came back, and what drains is wanted again.
    """
    choose = random.Random(seed)
    while True:
        size = largest
        yield Wish(size)
        while size > 1:
            lower = max(1, size - choose.randint(1, DEEPEST))
            if choose.random() < HASTY_SHARE:
                yield Wish(lower, hasty=True)
                yield Wish(size)
            else:
                size = lower
                yield Wish(size)
