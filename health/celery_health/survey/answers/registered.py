"""The answer of a worker to ``registered``: its tasks, as in ``shop.mail [rate_limit=10/m]``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import intern

_MOST_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Registered:
    """``names``: of the tasks. ``rate_limits``: by the name, as text; of the tasks that have one."""

    names: tuple[str, ...] = ()
    rate_limits: Mapping[str, str] = field(default_factory=dict)


def read_registered(answer: object, most: int | None = None) -> Registered | None:
    """The first ``most`` tasks of an answer; None if it is no list. Too long entries are left out."""
    if not isinstance(answer, list):
        return None
    names, limits = [], {}
    for text in answer[:most]:
        if not isinstance(text, str) or len(text) > 4 * _MOST_CHARACTERS:
            continue
        name, _, details = text.partition(" [")
        name = intern(name[:_MOST_CHARACTERS])
        names.append(name)
        for part in details.rstrip("]").split():
            key, _, value = part.partition("=")
            if key == "rate_limit" and value:
                limits[name] = value[:_MOST_CHARACTERS]
    return Registered(tuple(names), limits)
