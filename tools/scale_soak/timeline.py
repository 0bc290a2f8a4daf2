"""What a watch of Deployments showed, and what can be read off it: pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Seen:
    """A Deployment at a moment (seconds of the watcher's clock): pods desired and pods that exist.

    Pods that are being deleted count no more.
    """

    at: float
    name: str
    desired: int
    existing: int


def parse(line: str, at: float) -> Seen | None:
    """A line of the watch: ``NAME DESIRED EXISTING``, where 0 existing is left out; None for another line."""
    words = line.split()
    if len(words) not in (2, 3) or not all(word.isdigit() for word in words[1:]):
        return None
    return Seen(at, words[0], int(words[1]), int(words[2]) if len(words) == 3 else 0)


def of(seen: Iterable[Seen], name: str) -> list[Seen]:
    """One Deployment's part."""
    return [one for one in seen if one.name == name]


def raised(seen: Sequence[Seen]) -> int:
    """How often more pods were desired than before."""
    return sum(later.desired > earlier.desired for earlier, later in pairwise(seen))


def lowered(seen: Sequence[Seen]) -> int:
    """How often fewer pods were desired than before."""
    return sum(later.desired < earlier.desired for earlier, later in pairwise(seen))


def one_hill(seen: Sequence[Seen]) -> bool:
    """Whether it went up and then down: never up again once it had gone down."""
    moves = [later.desired - earlier.desired for earlier, later in pairwise(seen)]
    falling = False
    for move in moves:
        if move > 0 and falling:
            return False
        falling = falling or move < 0
    return True


def first(seen: Iterable[Seen], when: Callable[[Seen], bool]) -> float | None:
    """The first moment at which it was so."""
    return next((one.at for one in seen if when(one)), None)


def sizes(seen: Sequence[Seen]) -> str:
    """For people: ``0 +1.2 s 6 +40.0 s 0``."""
    if not seen:
        return "nothing was seen"
    words = [str(seen[0].desired)]
    for earlier, later in pairwise(seen):
        if later.desired != earlier.desired:
            words.append(f"+{later.at - seen[0].at:.1f} s {later.desired}")
    return " ".join(words)
