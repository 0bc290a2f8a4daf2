"""The words of one or two characters in the arguments of a task. Pure.

An index of trigrams cannot find them, so they have one of their own: a table on SQLite, an expression on
PostgreSQL. A word here is a run of ASCII letters, digits and underscores, whatever stands around it. Each
whole value of one or two such characters is such a word, in both databases and in any locale, so the index
leaves no task out. What it finds beside is compared with the task itself.
"""

import re

_SIGN = "0-9A-Za-z_"
_MOST = 2
_WORD = re.compile(f"(?<![{_SIGN}])[{_SIGN}]{{1,{_MOST}}}(?![{_SIGN}])")
# Beside * a word may go on.
_SEARCHED = re.compile(f"(?<![{_SIGN}*])[{_SIGN}]{{1,{_MOST}}}(?![{_SIGN}*])")

HAS_ARGUMENTS = "(args IS NOT NULL OR kwargs IS NOT NULL)"
"""The tasks in the index of PostgreSQL."""
SHORT_VALUES = (
    "string_to_array(btrim(regexp_replace(coalesce(args || ' ' || kwargs, args, kwargs), "
    f"'([{_SIGN}]{{{_MOST + 1},}}|[^{_SIGN}]+)+', ' ', 'g')), ' ')"
)
"""The expression that the index of PostgreSQL is made of: the words as an array."""


def short_values(args: str | None, kwargs: str | None) -> frozenset[str]:
    """The words of a task's arguments."""
    return frozenset(_WORD.findall(f"{args or ''} {kwargs or ''}"))


def searched_short_values(value: str) -> list[str]:
    """The words that every task has in whose arguments this value is found. * stands for any characters."""
    return list(dict.fromkeys(_SEARCHED.findall(value)))
