"""What a PromQL query asks for. Not a parser: promtool checks the syntax, this finds the names in it."""

import re

_WORDS = frozenset(
    {
        *("and", "or", "unless", "on", "ignoring", "by", "without", "group_left", "group_right", "bool"),
        *("sum", "min", "max", "avg", "count", "topk", "absent", "rate", "increase", "delta"),
        *("histogram_quantile", "label_replace", "clamp_min", "offset", "vector"),
    }
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_GROUPED = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"{([^}]*)}")
_PATTERN = re.compile(r'__name__=~"([^"]+)"')
_RANGE = re.compile(r"\[[^\]]*\]")
_NAME = re.compile(r"[A-Za-z_]\w*")


def series_in(query: str) -> set[str]:
    """The names of the series of a query."""
    text = _STRING.sub('""', query)
    for pattern in (_GROUPED, _SELECTOR, _RANGE):
        text = pattern.sub(" ", text)
    return set(_NAME.findall(text)) - _WORDS


def patterns_in(query: str) -> set[str]:
    """The regular expressions by which a query selects series whose prefix an application has chosen."""
    return set(_PATTERN.findall(query))


def labels_in(query: str) -> set[str]:
    """The labels that a query selects or groups by."""
    text = _STRING.sub('""', query)
    return {
        name for found in (*_GROUPED.findall(text), *_SELECTOR.findall(text)) for name in _NAME.findall(found)
    } - {"__name__"}
